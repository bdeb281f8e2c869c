// HubFile.swift — a file of a repository, as its listing has it.

public import Digests

/// What a content is known by; also the name of its blob in the cache.
public enum ContentName: Hashable, Sendable, CustomStringConvertible {
  /// Of large files.
  case sha256(Digest)
  /// Git's SHA-1, 40 hexadecimal digits in lower case: of small files.
  case git(String)

  public var description: String {
    switch self {
    case .sha256(let digest): digest.hex
    case .git(let name): name
    }
  }
}

/// A file of a repository at one commit.
public struct HubFile: Equatable, Sendable {
  /// Relative, checked with ``isSafe(_:)``.
  public var path: String
  public var byteCount: Int
  public var content: ContentName

  public init(path: String, byteCount: Int, content: ContentName) {
    self.path = path
    self.byteCount = byteCount
    self.content = content
  }

  /// No file of a model comes near this.
  static let bytesMax = 1 << 42

  /// Whether a path from a server stays below the folder that it is used in.
  static func isSafe(_ path: String) -> Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    return !path.isEmpty && path.utf8.count <= 1024
      && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255 }
      && path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
  }
}

/// Which files of a repository a model needs.
enum FileSelection {
  /// Small files beside the weights that are worth having, in lower case.
  private static let companions: Set<String> = [
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
    "special_tokens_map.json", "chat_template.jinja", "model.safetensors.index.json", "license",
    "license.md", "license.txt", "readme.md", "usage_policy",
  ]

  /// The files of `reference`, the small ones first.
  ///
  /// Folders are left out: original/ and metal/ hold the same weights twice more.
  static func files(
    of reference: ModelReference, in listing: [HubFile]
  ) throws(HubError) -> [HubFile] {
    let chosen =
      if let name = reference.file {
        try gguf(named: name, of: reference, in: listing)
      } else {
        try folder(of: reference, in: listing)
      }
    let total = chosen.reduce(0) { $0 + $1.byteCount }
    guard total <= HubFile.bytesMax else { throw .tooLarge(reference.repository) }
    return chosen.sorted { ($0.byteCount, $0.path) < ($1.byteCount, $1.path) }
  }

  private static func folder(
    of reference: ModelReference, in listing: [HubFile]
  ) throws(HubError) -> [HubFile] {
    let root = listing.filter { !$0.path.contains("/") }
    let weights = root.filter { $0.path.hasSuffix(".safetensors") }
    let models = listing.filter { $0.path.lowercased().hasSuffix(".gguf") }.map(\.path)
    guard !weights.isEmpty else {
      throw models.isEmpty
        ? .nothingToLoad(reference.repository)
        : .fileMustBeNamed(reference.repository, files: models.sorted())
    }
    guard root.contains(where: { $0.path == "config.json" }) else {
      throw .nothingToLoad(reference.repository)
    }
    return weights + root.filter { companions.contains($0.path.lowercased()) }
  }

  /// The file, or the one that differs in upper and lower case only: repositories were renamed so.
  private static func gguf(
    named name: String, of reference: ModelReference, in listing: [HubFile]
  ) throws(HubError) -> [HubFile] {
    let alike = listing.filter { $0.path.lowercased() == name.lowercased() }
    guard
      let file = listing.first(where: { $0.path == name }) ?? (alike.count == 1 ? alike[0] : nil)
    else {
      let models = listing.filter { $0.path.lowercased().hasSuffix(".gguf") }.map(\.path)
      throw .fileNotFound(reference.repository, name, known: models.sorted())
    }
    guard let (prefix, suffix) = parts(of: file.path) else { return [file] }
    return listing.filter { other in
      parts(of: other.path).map { $0.prefix == prefix && $0.suffix == suffix } ?? false
    }
  }

  /// "NAME-" and "-of-00003.gguf" of "NAME-00001-of-00003.gguf"; nil for a whole file.
  private static func parts(of path: String) -> (prefix: Substring, suffix: Substring)? {
    let suffixLength = "-of-00003.gguf".count
    guard path.count > suffixLength + 6 else { return nil }
    let suffix = path.suffix(suffixLength)
    let number = path.dropLast(suffixLength).suffix(5)
    guard suffix.hasPrefix("-of-"), suffix.hasSuffix(".gguf"),
      number.allSatisfy(\.isWholeNumber), suffix.dropFirst(4).prefix(5).allSatisfy(\.isWholeNumber)
    else { return nil }
    return (path.dropLast(suffixLength + 5), suffix)
  }
}
