// AnswerCheck.swift — whether an answer is what `--output-schema` asks for.

import Base
import Planner

/// A schema, and the judgement of answers by it.
struct AnswerCheck: Sendable {
  private let schema: JSONSchema

  /// - Throws: ``RunError``: the schema cannot be used.
  init(_ json: JSONValue) throws(RunError) {
    do throws(JSONSchemaError) {
      schema = try JSONSchema(json, source: "the output schema")
    } catch {
      throw RunError(.misconfigured(error.description))
    }
  }

  /// What is wrong with the answer, in a sentence for the model; nil where nothing is.
  func problem(with answer: String) -> String? {
    do throws(JSONError) {
      return schema.problem(with: try JSONReader.value(answer, source: "The answer"))
    } catch {
      return "It must be JSON and nothing else. \(error)"
    }
  }
}
