// WebFetch.swift — a page that is to be fetched: first its URL is judged, then where its name leads.
//
// The effect is `web.fetch { url, method }`, and beside it `hop`, the redirects that led there, which
// rules may name and need not. A name that a rule allows may still resolve to this machine, to its
// neighbours or to a metadata service, so each address is judged too, before any is dialled:
//
//   1. an address of the public internet is open to every name;
//   2. a name that is no public one (no dot, .local, .internal and the like), which only a rule that
//      spells it out can grant, may lead to this site's networks and to this machine; "localhost" and
//      the names below it lead to this machine alone;
//   3. any other address is open only if the policy would grant the same URL with that address for
//      its host: link-local, metadata, multicast and mapped addresses have to be named.

public import Base

/// One request that a plugin announces.
public struct WebFetch: Equatable, Sendable {
  /// The effect's name in rules.
  public static let tool = "web.fetch"

  public let url: String
  public let method: String
  /// Redirects that led here.
  public let hop: Int
  /// Nil where different parsers read the URL differently: then nobody fetches it.
  public let address: WebAddress?

  public init(url: String, method: String = "GET", hop: Int = 0) {
    self.url = url
    self.method = method
    self.hop = hop
    address = WebAddress(plain: url)
  }

  /// What the rules look at.
  public var effect: Effect {
    var effect = Effect(
      tool: Self.tool, arguments: ["url": .string(url), "method": .string(method)], actor: .plugin)
    effect.derivedArguments = ["hop": .number(.integer(Int64(hop)))]
    if let address {
      effect.webAddresses["url"] = address
    } else {
      effect.flaw = .malformed(
        "The URL is no http or https URL that all programs read alike: at most "
          + "\(WebAddress.bytesMax) bytes of ASCII, a host in its plain spelling, a port from 1 to 65535."
      )
    }
    return effect
  }

  /// The effect with `address` in the host's place.
  fileprivate func effect(at address: IPAddress) -> Effect {
    var effect = effect
    effect.webAddresses["url"]?.host = address.description
    return effect
  }
}

extension PolicyEngine {
  /// Whether an address of the fetched URL's host may be dialled, once the URL itself was granted in
  /// `state`, whose approval holds for the address too.
  public func admits(_ address: IPAddress, for fetch: WebFetch, _ state: PolicyState) -> Bool {
    guard let web = fetch.address else { return false }
    return admits(address, of: web, fetch.effect(at: address), state)
  }

  /// Whether `address`, which is one of `web`'s, may be dialled; `effect` is what was granted, with the
  /// address in its host's place.
  func admits(
    _ address: IPAddress, of web: WebAddress, _ effect: Effect, _ state: PolicyState
  ) -> Bool {
    let isName = web.address == nil
    let isOfThisMachine = web.host == "localhost" || web.host.hasSuffix(".localhost")
    switch address.reach {
    case .world: return true
    case .machine where isName && web.isSpecial: return true
    case .site where isName && web.isSpecial && !isOfThisMachine: return true
    case .site, .machine, .special:
      // What was granted has been counted already.
      var state = state
      state.used = [:]
      return judge(effect, state).verdict == .allow
    }
  }

  /// Whether rules for this host speak of more than who is reached: of path, query, or the whole URL.
  ///
  /// Whoever makes the request has to be held to it then. A rule that would deny another path of the
  /// host counts as much as one that grants this one.
  public func bindsRequest(of fetch: WebFetch) -> Bool {
    guard let web = fetch.address else { return true }
    let subject = Subject(fetch.effect)
    return layers.contains { layer in
      layer.index.firstMention(of: subject) { entry in
        entry.rule.bindsRequest(to: web, subject) ? true : nil
      } ?? false
    }
  }

  /// Judges a fetch whose host leads to `addresses`; an empty list leaves that open.
  public func judge(
    _ fetch: WebFetch, addresses: [IPAddress], _ state: PolicyState
  ) -> PolicyDecision {
    var decision = judge(fetch.effect, state)
    guard decision.verdict != .deny else { return decision }
    var approved = state
    approved.isApproved = true
    guard let bad = addresses.first(where: { !admits($0, for: fetch, approved) }) else {
      return decision
    }
    decision.verdict = .deny
    decision.decidedBy = [DecidingRule(policy: "", id: "address")]
    decision.reason =
      "The name \"\(fetch.address?.host ?? "")\" leads to \(bad), which no rule opens to it."
    decision.charges = []
    return decision
  }
}

extension Rule {
  /// Whether the rule can match fetches from the host of `web`, by more than scheme, host and port.
  fileprivate func bindsRequest(to web: WebAddress, _ subject: Subject) -> Bool {
    guard case .named(let matchers) = arguments, manifestDigest == nil,
      tools.contains(where: { $0.matches(anyOf: subject.names) }),
      actors?.contains(subject.actor) ?? true,
      let checks = matchers.first(where: { $0.name == "url" })?.matcher.checks
    else { return false }
    let polarity: Polarity = verdict == .deny ? .denying : .granting
    return checks.contains(where: \.bindsRequest)
      && checks.allSatisfy { check in
        guard case .web(let matcher) = check else { return true }
        return matcher.acceptsOrigin(web, polarity)
      }
  }
}

extension Matcher.Check {
  fileprivate var bindsRequest: Bool {
    switch self {
    case .web(let matcher): matcher.bindsRequest
    case .oneOf, .notOneOf, .pattern, .notPattern, .bytesMax: true
    case .from(let matcher), .notFrom(let matcher): matcher.each != .host
    case .anything, .under, .notUnder, .integers, .numbers, .prefix, .notPrefix, .denyFlags,
      .countMax,
      .all, .some:
      false
    }
  }
}
