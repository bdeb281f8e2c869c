// BrokeredFetcher.swift — pages over connections that the host judged and made.
//
// Each hop is announced and judged anew, and gets a connection of its own. TLS, HTTP and decoding
// happen here, behind the walls; the host sees and bounds the bytes, and where they go.

import Base
import Glibc
import Sandbox
import Synchronization
public import Transfer

/// Fetches pages for one run. Calls wait for each other.
public final class BrokeredFetcher: PageFetcher {
  public struct Settings: Sendable {
    /// Whether a site's robots.txt counts (RFC 9309).
    public var respectsRobots = true
    /// Authorities beside the system's, a PEM file; nil for none.
    public var authorities: String?
    public var limits = ExchangeLimits()
    /// What the plugin calls itself.
    public var userAgent = "martlet/1"
    /// Which languages sites are asked for; nil for no word about it.
    public var acceptLanguage: String?
    /// Where pages are kept between runs; nil for nowhere.
    public var cacheFolder: String?
    /// Between two pages of one host; this machine's own are spared.
    public var pace = Duration.seconds(1)
    /// A site that asks for a longer wait is not waited for.
    public var waitMax = Duration.seconds(10)

    public init() {}

    /// As the host set the plugin's process up: `MARTLET_ROBOTS=ignore`, `MARTLET_PACE` in milliseconds,
    /// `MARTLET_ACCEPT_LANGUAGE`, and a file of authorities and a folder to keep pages in, where the profile puts them.
    public static func ofThisProcess() -> Settings {
      var settings = Settings()
      settings.respectsRobots = getenv("MARTLET_ROBOTS").map { String(cString: $0) } != "ignore"
      let pace = getenv("MARTLET_PACE").flatMap { Int(String(cString: $0)) }
      if let pace { settings.pace = .milliseconds(pace) }
      settings.acceptLanguage = getenv("MARTLET_ACCEPT_LANGUAGE").map { String(cString: $0) }
      if access(BrokerChannel.authoritiesPath, R_OK) == 0 {
        settings.authorities = BrokerChannel.authoritiesPath
      }
      if access(cachePath, W_OK) == 0 { settings.cacheFolder = cachePath }
      return settings
    }

    /// Where the sandbox profile shows the cache.
    static let cachePath = "/cache"

    /// Who vouches for servers.
    var places: CertificatePlaces {
      CertificatePlaces(file: authorities, folder: "/etc/ssl/certs")
    }
  }

  static let redirectCountMax = 5
  static let productToken = "martlet"

  private struct State: ~Copyable {
    var channel: BrokerChannel
    var jar = CookieJar()
    var cache: PageCache?
    var robots: [WebOrigin: RobotsRules] = [:]
    /// When a site that asked for patience may be asked again.
    var patience: [WebOrigin: ContinuousClock.Instant] = [:]
    /// When the next page of a host may be asked for.
    var pages: [String: ContinuousClock.Instant] = [:]
  }

  private let state: Mutex<State>
  private let settings: Settings

  /// Over the channel to the broker that `descriptor` is; it stays open.
  public convenience init(descriptor: Int32, settings: Settings = Settings()) {
    self.init(channel: BrokerChannel(descriptor: descriptor), settings: settings)
  }

  private init(channel: BrokerChannel, settings: Settings) {
    let cache = settings.cacheFolder.flatMap { PageCache(folder: $0) }
    state = Mutex(State(channel: channel, cache: cache))
    self.settings = settings
  }

  /// Over the channel that this process was started with; nil where it has none.
  public static func ofThisProcess() -> BrokeredFetcher? {
    BrokerChannel.ofThisProcess().map {
      BrokeredFetcher(channel: $0, settings: .ofThisProcess())
    }
  }

  public func fetch(_ request: PageRequest) throws(FetchFailure) -> FetchedPage {
    let result = state.withLock { state -> Result<FetchedPage, FetchFailure> in
      do throws(FetchFailure) {
        return .success(try fetch(request, &state))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  // MARK: - Hops

  private func fetch(
    _ request: PageRequest, _ state: inout State
  ) throws(FetchFailure) -> FetchedPage {
    guard var hop = Hop(request) else {
      throw FetchFailure(
        message: "\"\(request.url.prefix(200))\" is no http or https address that can be fetched.")
    }
    if hop.isPage, let due = state.pages[hop.url.origin.host] { Self.wait(until: due) }
    for number in 0...Self.redirectCountMax {
      let kept = hop.isPlain ? state.cache?.entry(for: hop.url.text) : nil
      let answer = try performPatiently(hop.asking(about: kept), number, &state)
      if let kept, answer.head.status == 304 { return Self.page(kept) }
      if hop.isPlain { state.cache?.take(answer) }
      guard answer.head.isRedirect else { return Self.page(answer) }
      guard let next = hop.following(answer.head) else {
        // A redirect that says nowhere, or one that a request with a body must not follow.
        guard answer.head.redirectTarget == nil, answer.head.headers["Location"] != nil else {
          return Self.page(answer)
        }
        throw FetchFailure(
          message: "\(hop.url.origin) redirects to what is no http or https address.")
      }
      hop = next
    }
    throw FetchFailure(
      message:
        "\(hop.url.origin) redirects more than \(Self.redirectCountMax) times; that is no page.")
  }

  /// Performs a request; once more where the site asks for a short wait.
  private func performPatiently(
    _ hop: Hop, _ number: Int, _ state: inout State
  ) throws(FetchFailure) -> ExchangeAnswer {
    do throws(FetchFailure) { return try perform(hop, number, &state) } catch {
      guard hop.method == "GET", let due = error.retryAt, due - .now <= settings.waitMax else {
        throw error
      }
      Self.wait(until: due)
      return try perform(hop, number, &state)
    }
  }

  private static func wait(until due: ContinuousClock.Instant) {
    while due > .now { usleep(UInt32(clamping: (due - .now).wholeMicroseconds)) }
  }

  private func perform(
    _ hop: Hop, _ number: Int, _ state: inout State
  ) throws(FetchFailure) -> ExchangeAnswer {
    let origin = hop.url.origin
    if let until = state.patience[origin], until > .now {
      throw FetchFailure(
        message: "\(origin) asked to be left alone for another \((until - .now).wholeSeconds) s.")
    }
    let connection = try connect(hop.url, method: hop.method, hop: number, .page, &state)
    if hop.isPage, connection.address?.reach != .machine {
      state.pages[origin.host] = .now + settings.pace
    }
    if settings.respectsRobots, hop.isPage {
      do throws(FetchFailure) {
        try checkRobots(hop.url, number, &state)
      } catch {
        close(connection.socket)
        throw error
      }
    }
    let answer = try exchange(hop.request(settings), over: connection, &state)
    if [429, 503].contains(answer.head.status) {
      try heed(answer.head, origin, &state)
    }
    return answer
  }

  private func connect(
    _ url: WebURL, method: String, hop: Int, _ purpose: EgressRequest.Purpose, _ state: inout State
  ) throws(FetchFailure) -> BrokerChannel.Connection {
    do throws(BrokerChannel.Refusal) {
      return try state.channel.connect(url.text, method: method, hop: hop, purpose: purpose)
    } catch {
      throw FetchFailure(message: error.message, refused: error.isRefused)
    }
  }

  private func exchange(
    _ request: HTTPRequest, over connection: BrokerChannel.Connection, _ state: inout State
  ) throws(FetchFailure) -> ExchangeAnswer {
    let host = request.url.origin.host
    let cookies = state.jar.cookies(of: host)
    do throws(FetchFailure) {
      let answer =
        connection.isFetched
        ? try FetcherExchange.perform(request, over: connection.socket, cookies)
        : try exchangeHere(request, over: connection.socket, cookies)
      state.jar.replace(of: host, by: answer.cookies)
      return answer
    } catch {
      guard let reason = state.channel.cutReason(of: connection.id) else { throw error }
      throw FetchFailure(
        message: "The connection to \(request.url.origin) was cut by the host: \(reason)")
    }
  }

  private func exchangeHere(
    _ request: HTTPRequest, over socket: Int32, _ cookies: [Cookie]
  ) throws(FetchFailure) -> ExchangeAnswer {
    do throws(TransferError) {
      return try SocketExchange.perform(
        request, over: socket, limits: settings.limits, certificates: settings.places,
        cookies: cookies)
    } catch {
      throw FetchFailure(message: error.description)
    }
  }

  /// What a server that is too busy asks for (RFC 9110, 10.2.3).
  private func heed(
    _ head: HTTPHead, _ origin: WebOrigin, _ state: inout State
  ) throws(FetchFailure) {
    let what = head.status == 429 ? "429 (too many requests)" : "503 (not available now)"
    guard let text = head.headers["Retry-After"] else {
      throw FetchFailure(message: "\(origin) answers \(what); try again later.")
    }
    guard let seconds = head.retryAfterSeconds else {
      throw FetchFailure(
        message: "\(origin) answers \(what) and asks to wait until \(text.prefix(40)).")
    }
    let due = ContinuousClock.now + .seconds(seconds)
    state.patience[origin] = due
    throw FetchFailure(
      message: "\(origin) answers \(what) and asks to wait \(seconds) s.", retryAt: due)
  }

  private static func page(_ answer: ExchangeAnswer) -> FetchedPage {
    FetchedPage(
      url: answer.head.url.text, status: answer.head.status,
      contentType: answer.head.headers["Content-Type"], body: answer.body,
      truncated: answer.isTruncated)
  }

  private static func page(_ kept: PageCache.Entry) -> FetchedPage {
    FetchedPage(url: kept.url, status: 200, contentType: kept.type, body: kept.body)
  }

  // MARK: - robots.txt

  private func checkRobots(
    _ url: WebURL, _ number: Int, _ state: inout State
  ) throws(FetchFailure) {
    let rules: RobotsRules
    if let known = state.robots[url.origin] {
      rules = known
    } else {
      rules = try fetchRobots(of: url.origin, number, &state)
      state.robots[url.origin] = rules
    }
    guard rules.allows(url.pathAndQuery, for: Self.productToken) else {
      throw FetchFailure(
        message: rules.isUnknown
          ? "\(url.origin) could not say which of its pages programs may read (robots.txt)."
          : "\(url.origin) does not want programs to read this page (robots.txt).")
    }
  }

  private func fetchRobots(
    of origin: WebOrigin, _ number: Int, _ state: inout State
  ) throws(FetchFailure) -> RobotsRules {
    guard var url = WebURL("\(origin)/robots.txt") else { return .allowAll }
    for _ in 0...Self.redirectCountMax {
      let connection: BrokerChannel.Connection
      do throws(FetchFailure) {
        connection = try connect(url, method: "GET", hop: number, .robots, &state)
      } catch {
        // Whoever may not be asked has no say; whoever cannot be reached has not agreed.
        return error.refused ? .allowAll : .unknown
      }
      let answer: ExchangeAnswer
      do throws(FetchFailure) {
        let hop = Hop(url: url, method: "GET")
        answer = try exchange(hop.request(settings), over: connection, &state)
      } catch { return .unknown }
      if answer.head.isRedirect, let target = answer.head.redirectTarget {
        url = target
        continue
      }
      return RobotsRules(status: answer.head.status, body: answer.body)
    }
    return .allowAll
  }
}

extension Duration {
  fileprivate var wholeSeconds: Int64 { components.seconds + (components.attoseconds > 0 ? 1 : 0) }

  fileprivate var wholeMicroseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 + 1
  }
}

extension WebURL {
  /// What robots.txt speaks of.
  fileprivate var pathAndQuery: String {
    guard let query = text.firstIndex(of: "?") else { return path }
    return path + text[query...]
  }
}
