// ModelScoreCommand.swift — how well a model predicts given tokens: for conformance and quality checks.

import Base
import Inference
import Runtime

extension Command {
  static let modelScore = Command(
    name: "model score",
    summary: "Logits and likelihood of given tokens, one JSON object a line.",
    synopsis: "--model PATH [--precision NAME] [--threads N]",
    details: """
      Reads {"tokens": […]} lines and writes {"last_logits": […], "argmax": […], "nll": …} lines:
      the logits after the last token, the likeliest token after each, and the sum of -log p in nats.
      """,
    options: [.model, .precision, .threads],
    examples: [
      Example(
        command: #"echo '{"tokens":[1,2,3]}' | ./martlet model score --model gpt-oss-20b/"#,
        meaning: #"{"last_logits":[…],"argmax":[…],"nll":…}"#)
    ]
  ) { arguments in
    let model = try Opening.model(arguments)
    let session = try Opening.loading { try InferenceSession(engine: model.engine) }
    try Input.forEachJSONLine { value, number in
      let tokens = try value.tokenIDs("tokens", lineNumber: number)
      do {
        let score = try session.score(tokens, control: .showingProgress())
        Output.jsonLine([
          "last_logits": .array(score.lastLogits.map { .number(.double(Double($0))) }),
          "argmax": JSONValue(score.argmax),
          "nll": .number(.double(score.negativeLogLikelihood)),
        ])
      } catch let error as InferenceError {
        throw CommandError(
          exitCode: error.exitCode, sentence: "Line \(number): \(error.description)")
      }
    }
    return .success
  }
}

extension InferenceError {
  /// Wrong input is the user's to mend; the rest is the model's.
  var exitCode: ExitCode {
    switch self {
    case .emptyPrefix, .tokenOutOfRange, .contextExceeded, .settingOutOfRange: .usage
    case .unusableLogits, .noTokenAllowed, .unsupportedModel, .outOfMemory, .cancelled:
      .modelFailure
    }
  }
}
