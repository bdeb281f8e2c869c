// DocumentReader.swift — the tool that reads files for the index, behind walls of its own.
//
// HTML and PDF are parsed here and not in the host, because a document may come from anywhere.

import Base
import Glibc
import MCP

/// Reads files below one folder.
struct DocumentReader {
  /// Where the sandbox profile shows the folder.
  static let folder = "/source"

  static let tool = MCPTool(
    name: "read", description: "Reads a document for the index.",
    inputSchema: [
      "type": "object",
      "properties": ["file": ["type": "string"], "path": ["type": "string"]],
      "required": ["file", "path"],
    ])

  /// `arguments`: `file`, relative to the folder; `path`, by which the document will be addressed.
  func call(_ arguments: JSONObject) -> MCPToolResult {
    guard let file = arguments["file"]?.stringValue, let path = arguments["path"]?.stringValue
    else {
      return MCPToolResult(text: "\"file\" and \"path\" are needed.", isError: true)
    }
    do throws(FetchFailure) {
      let document = try DocumentMaker.document(
        try Self.bytes("\(Self.folder)/\(file)"), path: path)
      return MCPToolResult(
        content: [.text("Read.")],
        structured: [
          "title": .string(document.title),
          "text": .string(String(decoding: document.text, as: UTF8.self)),
          "links": .array(document.links.map(JSONValue.string)),
        ])
    } catch {
      return MCPToolResult(text: error.message, isError: true)
    }
  }

  private static func bytes(_ path: String) throws(FetchFailure) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    guard file >= 0 else {
      throw FetchFailure(message: "It cannot be read: \(String(cString: strerror(errno))).")
    }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw FetchFailure(message: "It cannot be read: \(String(cString: strerror(errno))).")
      }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= DocumentMaker.fileBytesMax else {
        throw FetchFailure(message: "It has more than \(DocumentMaker.fileBytesMax >> 20) MiB.")
      }
    }
  }
}
