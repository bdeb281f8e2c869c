// ModelReference.swift — what a person types for a model on a hub: ORG/NAME[@REVISION][:FILE].

/// A repository of models.
public struct RepositoryName: Hashable, Sendable, CustomStringConvertible {
  public let organization: String
  public let name: String

  /// "openai/gpt-oss-20b"
  public var description: String { "\(organization)/\(name)" }

  /// "models--openai--gpt-oss-20b", the repository's folder in the cache.
  public var folderName: String { "models--\(organization)--\(name)" }

  /// Nil for what no repository can be called. (Source: huggingface_hub 2.4, validate_repo_id.)
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, text.utf8.count <= 192, parts.allSatisfy(Self.isName) else {
      return nil
    }
    organization = String(parts[0])
    name = String(parts[1])
  }

  /// Reads the name of a folder in the cache.
  public init?(folderName: String) {
    guard folderName.hasPrefix("models--") else { return nil }
    let rest = folderName.dropFirst("models--".count)
    guard let separator = rest.firstRange(of: "--") else { return nil }
    self.init("\(rest[..<separator.lowerBound])/\(rest[separator.upperBound...])")
  }

  private static func isName(_ part: Substring) -> Bool {
    guard let first = part.utf8.first, let last = part.utf8.last else { return false }
    let punctuation = Array("-.".utf8)
    return part.utf8.count <= 96 && !punctuation.contains(first) && !punctuation.contains(last)
      && !part.contains("--") && !part.contains("..")
      && part.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
          UInt8(ascii: "."):
          true
        default: false
        }
      }
  }
}

/// A model in a repository.
public struct ModelReference: Equatable, Sendable, CustomStringConvertible {
  public var repository: RepositoryName
  /// A branch, a tag or a commit; nil for "main".
  public var revision: String?
  /// One GGUF file; nil for the safetensors of the repository.
  public var file: String?

  /// Names that need no organization.
  public static let shortNames = ["gpt-oss-20b", "gpt-oss-120b"]

  /// Reads "gpt-oss-20b", "ORG/NAME", "ORG/NAME@REVISION", "ORG/NAME:FILE" or all of them.
  public init(_ text: String) throws(HubError) {
    let nameEnd = text.firstIndex { $0 == "@" || $0 == ":" } ?? text.endIndex
    let typed = text[..<nameEnd]
    let whole = Self.shortNames.contains(String(typed)) ? "openai/\(typed)" : String(typed)
    guard let repository = RepositoryName(whole) else { throw .nameUnusable(text) }
    self.repository = repository
    var rest = text[nameEnd...]
    if rest.first == "@" {
      let end = rest.firstIndex(of: ":") ?? rest.endIndex
      revision = String(rest[rest.index(after: rest.startIndex)..<end])
      rest = rest[end...]
    }
    if rest.first == ":" { file = String(rest.dropFirst()) }
    if let revision, !Self.isRevision(revision) { throw .revisionUnusable(revision) }
    if let file, !HubFile.isSafe(file) || !file.lowercased().hasSuffix(".gguf") {
      throw .fileUnusable(file)
    }
  }

  /// The model of a repository that has one.
  public init(_ repository: RepositoryName, revision: String? = nil) {
    self.repository = repository
    self.revision = revision
  }

  /// Replaces the revision by what an option says.
  public mutating func setRevision(_ text: String) throws(HubError) {
    guard Self.isRevision(text) else { throw .revisionUnusable(text) }
    guard revision == nil || revision == text else { throw .revisionUnusable(text) }
    revision = text
  }

  public var description: String {
    repository.description + (revision.map { "@\($0)" } ?? "") + (file.map { ":\($0)" } ?? "")
  }

  /// As people would type it.
  public var shortText: String {
    let text = description
    return Self.shortNames.contains { text == "openai/\($0)" } ? repository.name : text
  }

  /// What git allows, and what is a path below refs/ and not above it.
  private static func isRevision(_ text: String) -> Bool {
    HubFile.isSafe(text) && text.utf8.count <= 200
      && text.utf8.allSatisfy { $0 > 0x20 && !Array("~^:?*[\\@".utf8).contains($0) }
  }
}
