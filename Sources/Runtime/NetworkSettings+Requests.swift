// NetworkSettings+Requests.swift — the same settings for what the program asks for itself: model servers and the
// hub.

import Sandbox
import Transfer

extension NetworkSettings {
  /// Which authorities are trusted: those of the file, else as tools read the environment.
  var certificates: CertificatePlaces {
    var places = CertificatePlaces.ofThisProcess()
    if hasCAFile { places.file = authorities }
    return places
  }

  /// How servers are reached: by the configured proxy, else as the environment says. What is on this machine
  /// needs no proxy.
  ///
  /// - Parameter isLoopback: Whether the one server is known to be on this machine.
  /// - Returns: The way for a client.
  func route(toLoopback isLoopback: Bool = false) -> ProxyChoice {
    if isLoopback { return .none }
    guard let proxy else { return .environment }
    return .server(
      host: proxy.host, port: proxy.port, credentials: proxy.credentials,
      exceptions: proxy.exceptions + ["127.0.0.1", "::1", "localhost"])
  }
}
