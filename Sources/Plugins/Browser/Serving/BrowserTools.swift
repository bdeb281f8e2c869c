// BrowserTools.swift — the three functions as an MCP client is told of them.
//
// What gpt-oss is told of them, to the character, is in Tools/browser/manifest.json.

import Base
import MCP

enum BrowserTools {
  static let all = [search, open, find]

  private static let search = MCPTool(
    name: "search", description: "Searches the web, or documents of this machine.",
    inputSchema: [
      "type": "object",
      "properties": [
        "query": ["type": "string"], "topn": ["type": "number"], "source": ["type": "string"],
      ],
      "required": ["query"],
    ])

  private static let open = MCPTool(
    name: "open",
    description: "Opens a link of a page by its number, an address, or another part of a page.",
    inputSchema: [
      "type": "object",
      "properties": [
        "id": ["type": ["number", "string"]], "cursor": ["type": "number"],
        "loc": ["type": "number"], "num_lines": ["type": "number"],
        "view_source": ["type": "boolean"], "source": ["type": "string"],
      ],
    ])

  private static let find = MCPTool(
    name: "find", description: "Finds a text on a page that was opened.",
    inputSchema: [
      "type": "object",
      "properties": ["pattern": ["type": "string"], "cursor": ["type": "number"]],
      "required": ["pattern"],
    ])
}
