// EgressFetcher.swift — a request that the host has made in a plugin's place.
//
// A plugin that holds a connection can ask for anything of the host behind it. Where rules speak of path or
// query, a process of its own, behind its own walls, gets the connection, and the URL and the method that
// were judged; the plugin gets a stream to that process. It adds headers and a body, and reads the answer.
// Nothing of the two can reach the other one's memory, files or connections.

import Glibc

/// How the process that makes such a request is started.
public struct EgressFetcher: Sendable {
  /// The variables that tell it what to ask for. The connection is where ``EgressBroker/variable`` says.
  public static let urlVariable = "MARTLET_FETCH_URL"
  public static let methodVariable = "MARTLET_FETCH_METHOD"

  private let command: SandboxCommand
  private let plan: @Sendable () throws(SandboxError) -> SandboxPlan

  /// - Parameters:
  ///   - command: It speaks with the plugin over its standard input and output, once, and ends.
  ///   - plan: Its walls, with a network that is the broker.
  public init(
    _ command: SandboxCommand, plan: @escaping @Sendable () throws(SandboxError) -> SandboxPlan
  ) {
    self.command = command
    self.plan = plan
  }

  /// Runs one to its end, or until the task is cancelled. Returns what was wrong with it.
  func run(_ errand: EgressErrand) async -> String? {
    var command = command
    command.environment[Self.urlVariable] = errand.url
    command.environment[Self.methodVariable] = errand.method
    var streams = SandboxStreams(
      input: .inherit(errand.plugin.number), output: .inherit(errand.plugin.number))
    streams.connection = errand.connection
    do throws(SandboxError) {
      let outcome = try await plan().run(command, streams: streams).outcome
      return outcome.verdict == .exited(code: 0) ? nil : outcome.summary
    } catch {
      return error.description
    }
  }
}

/// One request that the fetcher makes.
struct EgressErrand: Sendable {
  let url: String
  let method: String
  /// To the server, through the relay.
  let connection: Descriptor
  /// To the plugin.
  let plugin: Descriptor
}
