// DocumentIndexing.swift — a folder of documents into the index, each read behind walls.

import Base
import Glibc
public import Store
public import ToolHost

/// Why a folder could not be indexed.
public enum DocumentIndexingError: Error, Sendable {
  case store(StoreError)
  case tool(ToolHostError)
  /// The folder holds more documents than an index takes.
  case tooMany(folder: String, countMax: Int)
}

/// Adds folders to the index of documents.
public struct DocumentIndexing: Sendable {
  /// What became of a folder's files.
  public struct Report: Equatable, Sendable {
    public var added = 0
    public var unchanged = 0
    public var removed = 0
    /// Files that could not be read, and why, in a sentence.
    public var failures: [(path: String, reason: String)] = []

    public static func == (left: Report, right: Report) -> Bool {
      left.added == right.added && left.unchanged == right.unchanged
        && left.removed == right.removed
        && left.failures.elementsEqual(right.failures) { $0 == $1 }
    }
  }

  /// Files that are read, by the end of their names.
  public static let kinds = [
    "txt", "text", "md", "markdown", "rst", "org", "adoc", "html", "htm", "xhtml", "pdf",
  ]
  public static let documentCountMax = 200_000
  private static let folderDepthMax = 64
  /// Documents that one transaction saves.
  private static let batchCount = 64

  private let places: Places

  public init(places: Places) { self.places = places }

  /// Brings the index up to date with a folder: new and changed files are read, files that are gone are
  /// removed, hidden ones and links are passed over.
  ///
  /// - Parameters:
  ///   - folder: Absolute, every link resolved.
  ///   - index: Open for writing.
  ///   - time: Now.
  ///   - progress: Hears how many files of how many are done.
  /// - Returns: What became of its files.
  /// - Throws: ``DocumentIndexingError``. What was saved before stays.
  public func add(
    _ folder: String, to index: DocumentIndex, at time: UnixTime,
    progress: @Sendable (_ done: Int, _ all: Int) -> Void
  ) async throws(DocumentIndexingError) -> Report {
    let files = try Self.files(in: folder)
    var report = Report()
    let known: [String: FileStamp]
    do throws(StoreError) {
      try index.noteFolder(folder, at: time)
      known = try index.stamps(in: folder)
      let gone = Set(known.keys).subtracting(files.map { "\(folder)/\($0.name)" })
      try index.removeDocuments(gone.sorted())
      report.removed = gone.count
    } catch {
      throw .store(error)
    }
    let host = try host(for: folder)
    var batch: [NewDocument] = []
    var failure: DocumentIndexingError?
    for (number, file) in files.enumerated() {
      let path = "\(folder)/\(file.name)"
      if known[path] == file.stamp {
        report.unchanged += 1
        continue
      }
      do throws(DocumentIndexingError) {
        switch try await read(file, path: path, host, number: number) {
        case .success(let document): batch.append(document)
        case .failure(let problem): report.failures.append((path, problem.reason))
        }
        if batch.count >= Self.batchCount { try save(&batch, folder, index, &report) }
      } catch {
        failure = error
        break
      }
      progress(number + 1, files.count)
    }
    await host.shutdown()
    if let failure { throw failure }
    try save(&batch, folder, index, &report)
    if report.added + report.removed > 0 {
      do throws(StoreError) { try index.optimize() } catch { throw .store(error) }
    }
    return report
  }

  private func save(
    _ batch: inout [NewDocument], _ folder: String, _ index: DocumentIndex, _ report: inout Report
  ) throws(DocumentIndexingError) {
    do throws(StoreError) { try index.save(batch, in: folder) } catch { throw .store(error) }
    report.added += batch.count
    batch = []
  }

  // MARK: - Reading

  private struct ReadProblem: Error { var reason: String }

  private func read(
    _ file: FoundFile, path: String, _ host: ToolHost, number: Int
  ) async throws(DocumentIndexingError) -> Result<NewDocument, ReadProblem> {
    let arguments: JSONValue = ["file": .string(file.name), "path": .string(path)]
    let result: ToolResult
    do throws(ToolHostError) {
      result = try await host.call(
        ToolCall(id: number + 1, tool: "documents.read", body: arguments.compactText))
    } catch {
      throw .tool(error)
    }
    guard result.status == .succeeded, let read = result.structured,
      let title = read["title"]?.stringValue, let text = read["text"]?.stringValue
    else { return .failure(ReadProblem(reason: result.text)) }
    let links = (read["links"]?.arrayValue ?? []).compactMap(\.stringValue)
    return .success(
      NewDocument(
        path: path, title: title, text: Array(text.utf8), links: links, stamp: file.stamp))
  }

  /// The reader is no tool of the model's, so its manifest is not among those of `Tools/`.
  private static let manifest = """
    {"manifest":1,"name":"documents","purpose":"Reads documents for the index.","audience":"system",
    "namespace":{"name":"documents"},"tools":[{"name":"read","calls":"read"}],
    "command":["{martlet}","tool","serve","documents"],"sandbox":"documents",
    "limits":{"startSeconds":20,"callSeconds":60,"outputKiB":8}}
    """

  private func host(for folder: String) throws(DocumentIndexingError) -> ToolHost {
    do throws(ToolHostError) {
      let manifest = try ToolManifest(
        text: Array(Self.manifest.utf8), path: "built-in/documents/manifest.json")
      return ToolHost(
        catalog: try ToolCatalog([manifest]),
        places: ToolHost.Places(
          profileFolders: places.profileFolders, folders: ["source": folder]))
    } catch {
      throw .tool(error)
    }
  }

  // MARK: - Files

  private struct FoundFile {
    /// Relative to the folder.
    var name: String
    var stamp: FileStamp
  }

  private static func files(in folder: String) throws(DocumentIndexingError) -> [FoundFile] {
    var files: [FoundFile] = []
    var open: [(name: String, depth: Int)] = [("", 0)]
    while let (name, depth) = open.popLast() {
      let path = name.isEmpty ? folder : "\(folder)/\(name)"
      for entry in folderNames(in: path) {
        let inner = name.isEmpty ? entry : "\(name)/\(entry)"
        var status = stat()
        guard lstat("\(folder)/\(inner)", &status) == 0 else { continue }
        switch status.st_mode & S_IFMT {
        case S_IFDIR where depth < folderDepthMax: open.append((inner, depth + 1))
        case S_IFREG where isDocument(entry):
          let modified =
            Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
          files.append(
            FoundFile(
              name: inner, stamp: FileStamp(bytes: Int64(status.st_size), modified: modified)))
        default: continue
        }
      }
      guard files.count <= documentCountMax else {
        throw .tooMany(folder: folder, countMax: documentCountMax)
      }
    }
    return files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static func isDocument(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return kinds.contains(name[name.index(after: dot)...].lowercased())
  }
}
