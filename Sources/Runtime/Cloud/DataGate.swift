// DataGate.swift — from what is to be asked to the exact bytes that may leave, and what is known of them.
//
// Each text is searched for secrets, for words that tools answered in this run, and for words of the
// workspace's files. What the policies want left out is taken out; the request is written down; what was
// written down is searched once more. The bytes that come of it are what the policy judges, what a person
// is shown, what is digested for the ledger, and what the plugin gets to send.

import Base
import Digests
import Policy
import Providers

/// One piece of a question.
struct CloudMessage: Equatable, Sendable {
  var role: ProviderItem.Role
  var text: String
  /// What is known of it beforehand.
  var spans: [LabelledSpan] = []
}

/// What a tool answered in this run.
struct HeardText: Equatable, Sendable {
  var call: Int
  var tool: String
  var labels: Set<String>
  var text: String
}

/// A request that is ready to be judged.
struct PreparedSend: Equatable, Sendable {
  var send: CloudSend
  var digest: Digest
  /// What was taken out.
  var redactions: [LabelledSpan]
  /// The request as a person reads it.
  var shown: String
}

/// Prepares requests to the configured model.
struct DataGate: Sendable {
  let configuration: CloudConfiguration
  let policy: PolicyEngine
  let workspace: String
  let scanner: SecretScanner

  private static let secret: Set<String> = ["secret"]

  /// Takes out what the policies want left out, and says what remains. Reads files; waits for nothing.
  ///
  /// - Parameters:
  ///   - messages: What is to be asked, in order.
  ///   - heard: What tools answered so far.
  ///   - isHeardWhole: Whether that is everything they answered.
  ///   - reason: Why it is asked.
  /// - Returns: The request, and what is known of it.
  func prepare(
    _ messages: [CloudMessage], heard: [HeardText], isHeardWhole: Bool, reason: CloudSend.Reason
  ) async -> PreparedSend {
    let scan = WorkspaceScan(messages.map(\.text), folder: workspace)
    var taken: [LabelledSpan] = []
    var left: [LabelledSpan] = []
    var items: [CloudMessage] = []
    for (number, message) in messages.enumerated() {
      var spans = message.spans + secrets(in: message.text)
      let shared = SharedText(message.text)
      for heard in heard where !shared.isEmpty {
        spans += shared.ranges(sharedWith: Array(heard.text.utf8)).map {
          LabelledSpan(range: $0, kind: .toolOutput(tool: heard.tool), labels: heard.labels)
        }
      }
      for finding in scan.findings {
        spans += (finding.ranges[number] ?? []).map {
          LabelledSpan(
            range: $0, kind: .file(finding.path), labels: policy.labels(ofFile: finding.path))
        }
      }
      let result = policy.redacted(message.text, spans)
      items.append(CloudMessage(role: message.role, text: result.text))
      taken += result.taken
      left += result.left
    }
    let payload = body(items)
    // What only the pieces together spell, or what a mark has laid bare.
    left += secrets(in: payload)
    var send = CloudSend(
      endpoint: configuration.endpoint, model: configuration.model, payload: payload,
      reason: reason)
    for span in left {
      send.labels.formUnion(span.labels)
      switch span.kind {
      case .secret(let name): send.secrets.append(name)
      case .file(let path): send.files.append(path)
      case .toolOutput: break
      }
    }
    send.secrets = Set(send.secrets).sorted()
    send.files = Set(send.files).sorted()
    send.isScanWhole = scan.isWhole && isHeardWhole
    if !scan.isWhole { send.labels.formUnion(policy.possibleFileLabels) }
    send.cost = cost(payload)
    return PreparedSend(
      send: send, digest: SHA256.digest(of: Array(payload.utf8)), redactions: taken,
      shown: shown(items))
  }

  private func secrets(in text: String) -> [LabelledSpan] {
    let found = scanner.scan(text).filter { $0.confidence >= .likely }.map {
      LabelledSpan(range: $0.range, kind: .secret($0.kind.rawValue), labels: Self.secret)
    }
    return found + policy.contentSpans(in: text)
  }

  /// The body of the request, as it is posted.
  private func body(_ messages: [CloudMessage]) -> String {
    var request = ProviderRequest(
      model: configuration.model,
      items: messages.map { .message($0.role, $0.text) })
    request.tokensMax = configuration.tokensMax
    request.effort = configuration.effort
    let host = WebAddress(plain: configuration.baseURL)?.host ?? ""
    return request.body(configuration.interface, .of(host: host)).compactText
  }

  /// The most that it may cost. No text has more tokens than it has bytes, and seldom more than a third.
  private func cost(_ payload: String) -> BudgetAmounts {
    let bytes = payload.utf8.count
    let usage = ProviderUsage(
      inputTokens: bytes / 3 + 1, outputTokens: configuration.tokensMax)
    return BudgetAmounts(
      calls: 1, bytes: bytes, tokens: usage.inputTokens + usage.outputTokens,
      microdollars: configuration.prices.millionths(of: usage, model: configuration.model) ?? 0)
  }

  private func shown(_ messages: [CloudMessage]) -> String {
    var lines = ["to \(configuration.endpoint), model \(configuration.model):"]
    for message in messages { lines += ["", "[\(message.role.rawValue)]", message.text] }
    return lines.joined(separator: "\n")
  }
}
