// PythonTool.swift — the tool `python` as gpt-oss was trained on it: code in, output out.

package import Base
package import MCP

/// The stateful interpreter behind one argument, `code`.
package final class PythonTool: PluginTool {
  /// What the model was told in its training.
  package static let secondsMaxDefault = 120.0

  private let session: PythonSession
  private let secondsMax: Double

  /// - Parameters:
  ///   - folder: Where code starts; nil for here.
  ///   - secondsMax: Wall time of one call.
  package init(folder: String? = nil, secondsMax: Double = secondsMaxDefault) {
    session = PythonSession(folder: folder)
    self.secondsMax = secondsMax
  }

  package let description = MCPTool(
    name: "python",
    description: "Runs Python code. Variables are kept from call to call.",
    inputSchema: [
      "type": "object",
      "properties": ["code": ["type": "string", "description": "Python source text."]],
      "required": ["code"],
      "additionalProperties": false,
    ])

  package func warmUp() { try? session.warmUp() }

  package func call(_ arguments: JSONObject) -> MCPToolResult {
    guard let code = arguments["code"]?.stringValue, arguments.count == 1 else {
      return MCPToolResult(
        text: "[ERROR] python takes one argument, \"code\": a string.", isError: true)
    }
    // Eight digits carry the length of a request to the worker.
    guard code.utf8.count < 100_000_000 else {
      return MCPToolResult(text: "[ERROR] The code is longer than 100 MB.", isError: true)
    }
    do throws(ChildProcessError) {
      return Self.result(try session.run(code, secondsMax: secondsMax), secondsMax: secondsMax)
    } catch {
      return MCPToolResult(
        text: "[ERROR] Python cannot be started (\(error)). Install python3 on this machine.",
        isError: true)
    }
  }

  /// The output as the model reads it; what became of the interpreter follows on a line of its own.
  static func result(_ output: PythonOutput, secondsMax: Double) -> MCPToolResult {
    let note: String
    switch output.end {
    case .finished:
      let isSilent = output.text.allSatisfy(\.isWhitespace)
      return MCPToolResult(
        text: isSilent ? "[WARN] There was no output. Use print() to see a value." : output.text)
    case .interrupted:
      note = "[ERROR] Execution timed out after \(secondsMax) seconds; the variables are kept."
    case .restarted:
      note = """
        [ERROR] Execution timed out after \(secondsMax) seconds and could not be interrupted; \
        Python was restarted and the variables are lost.
        """
    case .died(let status):
      note = """
        [ERROR] Python ended with status \(status); it was restarted and the variables are lost.
        """
    }
    let separator = output.text.isEmpty || output.text.hasSuffix("\n") ? "" : "\n"
    return MCPToolResult(text: output.text + separator + note, isError: true)
  }
}
