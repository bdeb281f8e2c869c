// NetworkDoctor.swift — what is configured about proxies, model servers, the hub and the cloud model, and
// whether it could be used. Files and variables are looked at; nobody is asked, and no command is run.

import Glibc
import Hub
import Providers
public import Sandbox

/// Looks at the settings of everything that goes to the network.
public struct NetworkDoctor: Sendable {
  private let places: Places

  public init(_ places: Places) { self.places = places }

  /// What was found, and whether it keeps runs from starting.
  public struct Finding: Equatable, Sendable {
    public var finding: SandboxDoctor.Finding
    /// A file that every run reads cannot be used.
    public var isBarrier: Bool
  }

  /// All findings, in the order in which to read them.
  public func examine() -> [Finding] { [network, servers, hub, cloud] }

  private func works(_ subject: String, _ detail: String) -> Finding {
    Finding(
      finding: SandboxDoctor.Finding(subject: subject, state: .works, detail: detail),
      isBarrier: false)
  }

  private func limited(_ subject: String, _ detail: String, remedy: String) -> Finding {
    Finding(
      finding: SandboxDoctor.Finding(
        subject: subject, state: .limited, detail: detail, remedy: remedy), isBarrier: false)
  }

  private func broken(_ subject: String, _ error: RunError) -> Finding {
    Finding(
      finding: SandboxDoctor.Finding(
        subject: subject, state: .missing, detail: error.description,
        remedy: "Correct the file. Without it, nothing of the kind is configured."),
      isBarrier: true)
  }

  // MARK: - Proxy and authorities

  private var network: Finding {
    let subject = "network"
    let settings: NetworkSettings
    do throws(RunError) { settings = try NetworkSettings(places) } catch {
      return broken(subject, error)
    }
    let file = NetworkSettings.path(places)
    var parts = [file.map { "Settings of \($0)." } ?? "There is no network.json."]
    if let proxy = settings.proxy {
      let word = proxy.credentials == nil ? "without" : "with"
      parts.append("Proxy \(proxy.host):\(proxy.port), \(word) a password.")
    } else {
      let all = ["https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"]
      let names = all.filter { (name: String) in
        guard let value = getenv(name) else { return false }
        return value.pointee != 0
      }
      parts.append(
        names.isEmpty
          ? "No proxy."
          : "\(names[0]) is set: it is used for model servers and model pull, not for plugins.")
    }
    guard let authorities = settings.authorities else {
      return works(subject, (parts + ["The system's authorities."]).joined(separator: " "))
    }
    guard access(authorities, R_OK) == 0 else {
      return limited(
        subject,
        (parts + ["The authorities in \(authorities) cannot be read."]).joined(separator: " "),
        remedy: "Correct \"caFile\" in network.json, or SSL_CERT_FILE.")
    }
    return works(
      subject, (parts + ["Authorities beside the system's: \(authorities)."]).joined(separator: " ")
    )
  }

  // MARK: - Servers

  private var servers: Finding {
    let subject = "model servers"
    let configuration: Configuration
    do throws(RunError) { configuration = try Configuration(places) } catch {
      return broken(subject, error)
    }
    guard !configuration.servers.isEmpty else {
      return works(subject, "None is configured in \(places.configurationPath).")
    }
    var parts: [String] = []
    var problems: [String] = []
    for (base, settings) in configuration.servers.sorted(by: { $0.key < $1.key }) {
      let key = settings.key.map { $0.readiness } ?? .success("no key of its own")
      switch key {
      case .success(let words): parts.append("\(base), \(words)")
      case .failure(let problem): problems.append("\(base): \(problem)")
      }
    }
    let list = parts.joined(separator: "; ")
    guard problems.isEmpty else {
      return limited(
        subject, (problems + parts).joined(separator: " "),
        remedy: "See \"Keys\" in Docs/SERVERS.md.")
    }
    return works(subject, "\(list).")
  }

  // MARK: - The hub

  private var hub: Finding {
    let subject = "model hub"
    do throws(HubError) {
      let settings = try places.hubSettings(tokenFile: nil)
      let token = settings.token == nil ? "without a token" : "with a token"
      let offline = settings.isOffline ? "; HF_HUB_OFFLINE: it is not asked" : ""
      return works(
        subject, "\(settings.endpoint), \(token)\(offline); cache \(settings.cache.folder).")
    } catch {
      return limited(
        subject, error.description, remedy: "Correct the variable or the file that is named.")
    }
  }

  // MARK: - The cloud model

  private var cloud: Finding {
    let subject = "cloud model"
    let found: CloudConfiguration?
    do throws(RunError) { found = try CloudConfiguration.find(places) } catch {
      return broken(subject, error)
    }
    guard let found else {
      let paths = CloudConfiguration.paths(places).joined(separator: " or ")
      return works(subject, "None is configured: there is no \(paths). No run asks elsewhere.")
    }
    let name = "\(found.model) at \(found.endpoint)"
    let price = found.prices.prices[found.model] == nil ? "no price" : "with a price"
    switch found.key.readiness {
    case .success(let words):
      return works(subject, "\(name), \(words), \(price). The policy says whether it is asked.")
    case .failure(let problem):
      return limited(
        subject, "\(name): \(problem)", remedy: "Correct \"key\" in cloud.json; see Docs/CLOUD.md.")
    }
  }
}
