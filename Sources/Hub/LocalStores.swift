// LocalStores.swift — models that other programs have on this machine; only ever read.
//
// Ollama (source: its docs and manifest format): OLLAMA_MODELS, else ~/.ollama/models;
// manifests/HOST/NAMESPACE/MODEL/TAG is JSON whose layer of type application/vnd.ollama.image.model
// is a GGUF file, blobs/sha256-DIGEST. LM Studio: ~/.lmstudio/models/PUBLISHER/REPOSITORY/FILE.gguf.
// llama.cpp: LLAMA_CACHE, else ~/.cache/llama.cpp.

import Base
import Digests
import Glibc

/// A model in another program's store.
public struct ForeignModel: Equatable, Sendable {
  /// Whose store it is.
  public enum Owner: String, CaseIterable, Sendable {
    case ollama, lmStudio = "lm-studio", llamaCpp = "llama.cpp"
  }

  public var owner: Owner
  /// "gpt-oss:20b" of Ollama's; the path below the store of others.
  public var name: String
  public var path: String
}

/// Looks through the stores of other programs.
public struct LocalStores: Equatable, Sendable {
  private let ollamaFolders: [String]
  private let lmStudioFolders: [String]
  private let llamaFolder: String

  /// The names that ``init(environment:home:)`` reads.
  public static let variables = ["OLLAMA_MODELS", "LLAMA_CACHE", "XDG_CACHE_HOME"]

  public init(environment: [String: String], home: String) {
    func value(_ name: String) -> String? {
      environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    ollamaFolders =
      value("OLLAMA_MODELS").map { [$0] }
      ?? [home + "/.ollama/models", "/usr/share/ollama/.ollama/models"]
    lmStudioFolders = [home + "/.lmstudio/models", home + "/.cache/lm-studio/models"]
    llamaFolder =
      value("LLAMA_CACHE") ?? (value("XDG_CACHE_HOME") ?? home + "/.cache") + "/llama.cpp"
  }

  /// Everything that looks like weights, sorted within each store.
  public func models() -> [ForeignModel] {
    var models: [ForeignModel] = []
    for folder in ollamaFolders { models += Self.ollama(folder) }
    for folder in lmStudioFolders {
      models += Self.ggufFiles(folder, depthMax: 2).map {
        ForeignModel(owner: .lmStudio, name: $0, path: "\(folder)/\($0)")
      }
    }
    models += Self.ggufFiles(llamaFolder, depthMax: 0).map {
      ForeignModel(owner: .llamaCpp, name: $0, path: "\(llamaFolder)/\($0)")
    }
    return models
  }

  /// Stores that are there and cannot be looked into, and why.
  public func unreadable() -> [(path: String, reason: String)] {
    (ollamaFolders.map { $0 + "/manifests" } + lmStudioFolders + [llamaFolder]).compactMap { path in
      guard access(path, R_OK | X_OK) != 0, ![ENOENT, ENOTDIR].contains(errno) else { return nil }
      return (path, String(cString: strerror(errno)))
    }
  }

  /// GGUF files at most `depthMax` folders down, as paths below `folder`; of split ones the first part.
  public static func ggufFiles(_ folder: String, depthMax: Int) -> [String] {
    var files: [String] = []
    for name in Files.names(in: folder) where !name.hasPrefix(".") {
      let path = "\(folder)/\(name)"
      if Files.isFolder(path) {
        if depthMax > 0 {
          files += ggufFiles(path, depthMax: depthMax - 1).map { "\(name)/\($0)" }
        }
      } else if HubCache.isLoadableGGUF(name), Files.size(path) != nil {
        files.append(name)
      }
    }
    return files
  }

  private static func ollama(_ folder: String) -> [ForeignModel] {
    var models: [ForeignModel] = []
    let manifests = folder + "/manifests"
    for host in Files.names(in: manifests) {
      for space in Files.names(in: "\(manifests)/\(host)") {
        for model in Files.names(in: "\(manifests)/\(host)/\(space)") {
          for tag in Files.names(in: "\(manifests)/\(host)/\(space)/\(model)") {
            let manifest = "\(manifests)/\(host)/\(space)/\(model)/\(tag)"
            guard let digest = weights(manifest) else { continue }
            let name = (space == "library" ? model : "\(space)/\(model)") + ":\(tag)"
            models.append(
              ForeignModel(
                owner: .ollama, name: name, path: "\(folder)/blobs/sha256-\(digest.hex)"))
          }
        }
      }
    }
    return models
  }

  /// The digest of the weights that a manifest names.
  private static func weights(_ manifest: String) -> Digest? {
    guard let bytes = try? Files.bytes(manifest, bytesMax: 1 << 20),
      let json = try? JSONReader.value(bytes, source: manifest)
    else { return nil }
    let layer = json["layers"]?.arrayValue?.first {
      $0["mediaType"]?.stringValue == "application/vnd.ollama.image.model"
    }
    guard let text = layer?["digest"]?.stringValue, text.hasPrefix("sha256:") else { return nil }
    return Digest(hex: String(text.dropFirst("sha256:".count)))
  }
}
