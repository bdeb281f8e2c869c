// PDFTests.swift — documents in PDF, read by the pdftotext of this machine.

import Base
import BrowserPlugin
import Foundation
import MCP
import TestKit
import Testing

/// A PDF with one line of text on each page; an empty line is a page without text.
private func pdf(_ lines: [String]) -> [UInt8] {
  let pages = lines.indices.map { "\(3 + 2 * $0) 0 R" }.joined(separator: " ")
  var objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [\(pages)] /Count \(lines.count) >>",
  ]
  for (index, line) in lines.enumerated() {
    let stream = line.isEmpty ? "0 0 m" : "BT /F1 12 Tf 72 700 Td (\(line)) Tj ET"
    objects.append(
      """
      << /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents \(4 + 2 * index) 0 R \
      /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>
      """)
    objects.append("<< /Length \(stream.utf8.count) >>\nstream\n\(stream)\nendstream")
  }
  var text = "%PDF-1.4\n"
  var offsets: [Int] = []
  for (index, object) in objects.enumerated() {
    offsets.append(text.utf8.count)
    text += "\(index + 1) 0 obj\n\(object)\nendobj\n"
  }
  let table = text.utf8.count
  text += "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
  for offset in offsets { text += String(format: "%010d 00000 n \n", offset) }
  text += "trailer\n<< /Size \(objects.count + 1) /Root 1 0 R >>\nstartxref\n\(table)\n%%EOF\n"
  return Array(text.utf8)
}

private let isInstalled = FileManager.default.isExecutableFile(atPath: "/usr/bin/pdftotext")

@Suite struct `A PDF` {
  private func shown(_ body: [UInt8], type: String? = "application/pdf") -> MCPToolResult {
    var browser = browser(body, url: "http://site.test/a.pdf", type: type)
    return browser.call("open", ["id": "http://site.test/a.pdf", "num_lines": 1000])
  }

  @Test(.enabled(if: isInstalled, "pdftotext is not installed"))
  func `is shown page by page`() {
    let body = pdf(["Swifts nest under roofs.", "", "They return in May."])
    for type in ["application/pdf", nil] {
      let text = shown(body, type: type).text
      #expect(
        text.hasPrefix("[0] a.pdf (http://site.test/a.pdf)\n**viewing lines [0 - 8] of 8**\n"))
      let lines = plain(text).split(separator: "\n").map { String($0.drop { $0 == " " }) }
      #expect(lines == ["[Page 1]", "Swifts nest under roofs.", "[Page 3]", "They return in May."])
    }
  }

  @Test(.enabled(if: isInstalled, "pdftotext is not installed"))
  func `without text says so`() {
    #expect(shown(pdf([""])).text.hasSuffix("[The PDF has no text: its pages are pictures.]"))
  }

  @Test(.enabled(if: isInstalled, "pdftotext is not installed"))
  func `that is cut off or locked is refused in a sentence`() {
    let whole = pdf(["Swifts nest under roofs."])
    for body in [Array(whole.prefix(whole.count / 2)), Array("%PDF-1.4\nnothing".utf8)] {
      let result = shown(body)
      let sentence =
        "Error fetching URL `http://site.test/a.pdf`: The PDF is damaged or encrypted and cannot be read."
      #expect(
        result.text == sentence || result.text.contains("[The PDF has no text"), "\(result.text)")
    }
  }

  @Test(.enabled(if: !isInstalled, "pdftotext is installed"))
  func `is refused with the name of what reads it where that is not installed`() {
    let result = shown(pdf(["x"]))
    #expect(result.isError)
    #expect(result.text.hasSuffix("no PDF reader is installed here (pdftotext of poppler-utils)."))
  }
}
