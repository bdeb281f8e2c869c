// Support.swift — a small model on a stand-in of a hub, and what of it ends up on the disk.

import Base
import Digests
import Foundation
import Hub
import TestKit

/// How often a test repeats what chance decides: seldom in every check, often in `./check full hub`.
func repetitions(_ few: Int, full: Int) -> Int {
  ProcessInfo.processInfo.environment["MARTLET_FULL"] == nil ? few : full
}

/// A repository "org/tiny", and a cache to fetch it into.
struct TinyHub {
  let standIn: HubStandIn
  let cacheHome: TemporaryFolder
  var settings: HubSettings
  /// By path, what a pull is to bring.
  let wanted: [String: [UInt8]]

  /// The two files of weights, more than one part each.
  static let shards = ["model-00000-of-00001.safetensors", "model-00001-of-00001.safetensors"]
  /// Kept out by the choice of files.
  private static let unwanted = [
    ".gitattributes", "original/model.safetensors", "metal/model.bin", "notes.txt",
  ]

  init(
    token: String? = nil, shardBytes: [Int] = [9_000_000, 200_001],
    certificate: TestCertificate? = nil
  ) throws {
    var random = SplitMix64(seed: 11)
    var wanted: [String: [UInt8]] = [:]
    for (name, count) in zip(Self.shards, shardBytes) { wanted[name] = random.bytes(count) }
    wanted["tokenizer.json"] = random.bytes(70_000)
    wanted["config.json"] = Array(#"{"model_type": "gpt_oss"}"#.utf8)
    wanted["generation_config.json"] = []
    wanted["LICENSE"] = Array("Apache".utf8)
    wanted["model.safetensors.index.json"] = Array(
      #"{"weight_map": {"a": "\#(Self.shards[0])", "b": "\#(Self.shards[1])"}}"#.utf8)
    var files = wanted
    for name in Self.unwanted { files[name] = random.bytes(5000) }
    standIn = try HubStandIn(
      Dictionary(uniqueKeysWithValues: files.map { ("org/tiny/\($0)", $1) }),
      certificate: certificate)
    self.wanted = wanted
    cacheHome = try TemporaryFolder()
    settings = try HubSettings(
      environment: [
        "HF_ENDPOINT": standIn.endpoint, "HF_HOME": cacheHome.path, "HF_TOKEN": token ?? "",
      ], home: cacheHome.path)
    settings.retries.firstDelay = .milliseconds(5)
    settings.retries.delayMax = .milliseconds(40)
  }

  var repositoryFolder: String { cacheHome.path + "/hub/models--org--tiny" }

  var totalBytes: Int { wanted.values.reduce(0) { $0 + $1.count } }

  func pull(_ text: String = "org/tiny") async throws(HubError) -> PulledModel {
    try await ModelPull(ModelReference(text), settings: settings).perform()
  }

  /// What a pull throws.
  func failure(_ text: String = "org/tiny") async -> HubError? {
    do throws(HubError) {
      _ = try await pull(text)
      return nil
    } catch {
      return error
    }
  }

  /// Everything below the repository's folder: a file's digest, or where a link leads.
  func tree() throws -> [String: String] { try treeOfFiles(repositoryFolder) }

  /// What the shared cache has to look like once the model is here.
  func expectedTree(commit: String) -> [String: String] {
    var tree = ["refs/main": SHA256.digest(of: Array(commit.utf8)).hex]
    for (name, bytes) in wanted {
      let content = contentName(bytes)
      tree["blobs/\(content)"] = SHA256.digest(of: bytes).hex
      tree["snapshots/\(commit)/\(name)"] = "-> ../../blobs/\(content)"
    }
    return tree
  }
}

/// How the stand-in names a content: large files by SHA-256, small ones as git does.
func contentName(_ bytes: [UInt8]) -> String {
  guard bytes.count <= 4096 else { return SHA256.digest(of: bytes).hex }
  var hash = GitBlobHash(byteCount: bytes.count)
  bytes.withUnsafeBytes { hash.update($0) }
  return hash.finish()
}

/// By path, a file's SHA-256 or a link's target; folders are left out.
func treeOfFiles(_ folder: String) throws -> [String: String] {
  var tree: [String: String] = [:]
  let manager = FileManager.default
  guard manager.fileExists(atPath: folder) else { return [:] }
  for name in try manager.subpathsOfDirectory(atPath: folder) {
    let path = folder + "/" + name
    let type = try manager.attributesOfItem(atPath: path)[.type] as? FileAttributeType
    if type == .typeSymbolicLink {
      tree[name] = "-> " + (try manager.destinationOfSymbolicLink(atPath: path))
    } else if type == .typeRegular {
      tree[name] = SHA256.digest(of: [UInt8](try Data(contentsOf: URL(filePath: path)))).hex
    }
  }
  return tree
}

extension SplitMix64 {
  mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { bytes.append(littleEndian: next()) }
    return Array(bytes.prefix(count))
  }
}

extension HubStandIn {
  /// Waits until a download is well under way.
  func waitUntilSent(bytes: Int) async throws {
    for _ in 0..<600 {
      if try log().sentBytes.values.reduce(0, +) >= bytes { return }
      try await Task.sleep(for: .milliseconds(50))
    }
  }
}

extension HubStandIn.Log {
  /// Requests that brought a token, to the hub or to the content network.
  func tokens(cdn: Bool) -> [String] {
    requests.filter { $0["cdn"]?.boolValue == cdn }.compactMap { $0["token"]?.stringValue }
  }
}
