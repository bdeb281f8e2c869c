// DocumentCommands.swift — documents of this machine for the browser's search.

import Base
import Glibc
import Runtime
import Store
import ToolHost

extension Command {
  static let docsAdd = Command(
    name: "docs add",
    summary: "Index a folder of documents, so that runs can search and open them.",
    synopsis: "FOLDER… [--json]",
    details: """
      Text, Markdown, HTML and, with pdftotext installed, PDF, in all folders below. Files are read behind
      walls and kept as text in the index; adding a folder again reads what is new or changed and removes
      what is gone. Hidden files and links are passed over.

      exit codes: 0 indexed, files that could not be read are named on standard error · 2 usage
      · 8 no sandbox can be built here
      """,
    options: [Option(name: "--json", help: "what became of each folder as one JSON object")],
    positionalCount: 1...64,
    examples: [
      Example(command: "./martlet docs add ~/notes", meaning: "then: browser.search finds them")
    ]
  ) { arguments in
    let places = Places.ofThisProcess()
    var folders: [String] = []
    for name in arguments.positional { folders.append(try folder(name)) }
    let index = try Stores.telling { () throws(StoreError) in
      try DocumentIndex(path: places.documentIndexPath)
    }
    for folder in folders {
      let report = try indexed(folder, index, places)
      if arguments.has("--json") {
        Output.jsonLine(json(folder, report))
      } else {
        Output.line("\(folder.plain): \(phrase(report))")
        for (path, reason) in report.failures {
          Progress.line("\(path): \(reason)".plain)
        }
      }
    }
    return .success
  }

  static let docsList = Command(
    name: "docs list",
    summary: "Show which folders of documents are indexed.",
    synopsis: "[--json]",
    options: [Option(name: "--json", help: "one JSON object a line")],
    examples: [Example(command: "./martlet docs list", meaning: "folder, documents, size")]
  ) { arguments in
    let folders = try savedIndex().map { index throws(CommandError) in
      try Stores.telling { () throws(StoreError) in try index.folders() }
    }
    if arguments.has("--json") {
      for folder in folders ?? [] {
        Output.jsonLine([
          "folder": .string(folder.path), "documents": number(folder.documentCount),
          "textBytes": .number(.integer(folder.textBytes)),
          "indexed": .string(folder.indexed.shortText),
        ])
      }
    } else if let folders, !folders.isEmpty {
      Output.write(
        table(
          folders.map { folder in
            (
              folder.path.plain,
              "\(folder.documentCount) documents, \(folder.textBytes >> 10) KiB, \(folder.indexed.shortText)"
            )
          }))
    } else {
      Progress.line("No documents are indexed.")
    }
    return .success
  }

  static let docsRemove = Command(
    name: "docs remove",
    summary: "Take a folder of documents out of the index.",
    synopsis: "FOLDER…",
    details:
      "The documents themselves are not touched. The folder does not have to exist any more.",
    positionalCount: 1...64,
    examples: [Example(command: "./martlet docs remove ~/notes", meaning: "runs find none of it")]
  ) { arguments in
    guard let index = try savedIndex(access: .readWrite) else {
      throw CommandError.usage("No documents are indexed.")
    }
    for name in arguments.positional {
      let path = name.resolvingLinks ?? name
      let count = try Stores.telling { () throws(StoreError) in try index.removeFolder(path) }
      guard let count else {
        throw CommandError.usage(
          "\"\(name.plain)\" is not indexed. See: martlet docs list")
      }
      Output.line("\(path.plain): \(count) documents taken out.")
    }
    return .success
  }

  // MARK: - Parts

  private static func folder(_ name: String) throws(CommandError) -> String {
    var status = stat()
    guard let path = name.resolvingLinks, stat(path, &status) == 0,
      status.st_mode & S_IFMT == S_IFDIR
    else {
      throw .usage("\"\(name.plain)\" is no folder. Name one that exists.")
    }
    return path
  }

  /// The index; nil where there is none yet.
  private static func savedIndex(
    access: StoreAccess = .readOnly
  ) throws(CommandError) -> DocumentIndex? {
    try Stores.telling { () throws(StoreError) in
      do throws(StoreError) {
        let path = Places.ofThisProcess().documentIndexPath
        // Opening for writing would make it.
        let saved = try DocumentIndex(path: path, access: .readOnly)
        return access == .readOnly ? saved : try DocumentIndex(path: path, access: access)
      } catch {
        if case .notFound = error { return nil }
        throw error
      }
    }
  }

  private static func indexed(
    _ folder: String, _ index: DocumentIndex, _ places: Places
  ) throws(CommandError) -> DocumentIndexing.Report {
    let result = waiting { () async -> Result<DocumentIndexing.Report, DocumentIndexingError> in
      do throws(DocumentIndexingError) {
        return .success(
          try await DocumentIndexing(places: places).add(folder, to: index, at: .now()) {
            Progress.update("\($0) of \($1)")
          })
      } catch {
        return .failure(error)
      }
    }
    Progress.endUpdates()
    switch result {
    case .success(let report): return report
    case .failure(.store(let error)): throw CommandError(error)
    case .failure(.tool(let error)):
      throw CommandError(
        exitCode: ExitCode(rawValue: error.exitStatus),
        sentence: error.description)
    case .failure(.tooMany(let folder, let countMax)):
      throw .usage("\(folder.plain) has more than \(countMax) documents. Name folders within it.")
    }
  }

  private static func phrase(_ report: DocumentIndexing.Report) -> String {
    var parts = ["\(report.added) read", "\(report.unchanged) unchanged"]
    if report.removed > 0 { parts.append("\(report.removed) taken out") }
    if !report.failures.isEmpty { parts.append("\(report.failures.count) could not be read") }
    return parts.joined(separator: ", ")
  }

  private static func json(_ folder: String, _ report: DocumentIndexing.Report) -> JSONValue {
    [
      "folder": .string(folder), "read": number(report.added),
      "unchanged": number(report.unchanged), "removed": number(report.removed),
      "failures": .array(
        report.failures.map { ["path": .string($0.path), "reason": .string($0.reason)] }),
    ]
  }

  private static func number(_ count: Int) -> JSONValue { .number(.integer(Int64(count))) }
}
