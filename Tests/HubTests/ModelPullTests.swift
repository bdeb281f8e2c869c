// ModelPullTests.swift — fetching a model from a hub that behaves, and from one that does not.

import Base
import Foundation
import Hub
import TestKit
import Testing
import Transfer

@Suite struct `A pull` {
  @Test func `leaves the tree that other programs expect`() async throws {
    let hub = try TinyHub()
    let model = try await hub.pull()
    #expect(try hub.tree() == hub.expectedTree(commit: model.commit))
    #expect(model.path == hub.repositoryFolder + "/snapshots/" + model.commit)
    #expect(model.fetchedBytes == hub.totalBytes)
    #expect(hub.settings.cache.path(of: try ModelReference("org/tiny")) == model.path)
    let caches = try FileManager.default.contentsOfDirectory(atPath: hub.cacheHome.path + "/hub")
    #expect(caches.sorted() == [".locks", "CACHEDIR.TAG", "models--org--tiny"])
  }

  @Test func `of what is here already fetches no file`() async throws {
    let hub = try TinyHub()
    let first = try await hub.pull()
    try hub.standIn.misbehave()
    let second = try await hub.pull()
    #expect(second.fetchedBytes == 0)
    #expect(second.path == first.path)
    #expect(try hub.standIn.log().sentBytes.isEmpty)
  }

  @Test func `fetches each byte once`() async throws {
    let hub = try TinyHub()
    _ = try await hub.pull()
    let sent = try hub.standIn.log().sentBytes
    #expect(sent.filter { $0.value > 0 } == hub.wanted.mapValues(\.count).filter { $0.value > 0 })
  }

  @Test func `of a GGUF file brings that file, whatever the case of its name`() async throws {
    let hub = try TinyHub()
    let file = hub.standIn.root.path + "/org/tiny/deep/Model-MXFP4.gguf"
    try FileManager.default.createDirectory(
      atPath: hub.standIn.root.path + "/org/tiny/deep", withIntermediateDirectories: true)
    try Data("GGUF".utf8).write(to: URL(filePath: file))
    let model = try await hub.pull("org/tiny:deep/model-mxfp4.gguf")
    #expect(model.files.map(\.path) == ["deep/Model-MXFP4.gguf"])
    #expect(try Data(contentsOf: URL(filePath: model.path)) == Data("GGUF".utf8))
    let target = try FileManager.default.destinationOfSymbolicLink(atPath: model.path)
    #expect(target.hasPrefix("../../../blobs/"))
    #expect(
      await hub.failure("org/tiny:other.gguf")
        == .fileNotFound(
          try ModelReference("org/tiny").repository, "other.gguf",
          known: ["deep/Model-MXFP4.gguf"]))
  }

  @Test(
    arguments: [
      ["short": 5], ["drop": 4], ["noRange": true], ["direct": true], ["page": 1],
      ["relative": false], ["cdn": [503, nil, nil, 3]], ["resolve": [500, nil, nil, 3]],
      ["api": [429, nil, nil, 1], "headers": ["RateLimit": "\"api\";r=0;t=0"]],
      ["cdn": [403, nil, nil, 1]],
    ] as [JSONValue])
  func `gets over what passes`(faults: JSONValue) async throws {
    let hub = try TinyHub()
    try hub.standIn.misbehave(faults)
    let model = try await hub.pull()
    #expect(try hub.tree() == hub.expectedTree(commit: model.commit))
  }

  @Test func `gets new links when the signed ones run out`() async throws {
    let hub = try TinyHub()
    // At this rate no link lives as long as its file takes.
    try hub.standIn.misbehave(["lifetime": 0.4, "rate": 12_000_000])
    let model = try await hub.pull()
    #expect(try hub.tree() == hub.expectedTree(commit: model.commit))
  }

  @Test func `goes on where it was broken off without asking for finished parts`() async throws {
    let hub = try TinyHub(shardBytes: [17_000_000, 200_001])
    try hub.standIn.misbehave(["rate": 4_000_000])
    let settings = hub.settings
    let work = Task { () async throws(HubError) in
      try await ModelPull(ModelReference("org/tiny"), settings: settings).perform()
    }
    try await hub.standIn.waitUntilSent(bytes: 2_000_000)
    work.cancel()
    await #expect(throws: HubError.cancelled) { try await work.value }
    let before = try hub.standIn.log().sentBytes.values.reduce(0, +)
    try hub.standIn.misbehave()
    let model = try await hub.pull()
    #expect(try hub.tree() == hub.expectedTree(commit: model.commit))
    let after = try hub.standIn.log().sentBytes.values.reduce(0, +)
    #expect(before > 0)
    // What was on its way when it ended is asked for again: less than a megabyte of each connection.
    #expect(before + after - hub.totalBytes < 12 << 20, "\(before) and \(after)")
  }

  // MARK: - Each failure is its own error

  @Test(
    arguments: [
      (
        [401, "RepoNotFound", nil, -1],
        "There is no public model org/tiny. If it is private, give a token: HF_TOKEN, or --token-file FILE."
      ),
      (
        [404, "RevisionNotFound", nil, -1], "org/tiny has no revision \"main\"."
      ),
      (
        [403, "GatedRepo", nil, -1],
        "org/tiny is given only to those who accepted its terms. Accept them on its page, and give a token: HF_TOKEN, or --token-file FILE."
      ),
      (
        [403, nil, "Blocked by the office", -1],
        "HUB forbids it: \"Blocked by the office\". The token may lack the right to read."
      ),
      ([429, nil, nil, -1], "HUB takes no more requests for now. Try again later."),
      ([503, nil, "Down", -1], "HUB failed with status 503: \"Down\". Try again later."),
      ([418, nil, "Tea", -1], "HUB answered with status 418: \"Tea\"."),
    ] as [(JSONValue, String)])
  func `says what the hub refuses`(fault: JSONValue, sentence: String) async throws {
    let hub = try TinyHub()
    try hub.standIn.misbehave(["api": fault])
    let error = await hub.failure()
    #expect(
      error?.description
        == sentence.replacingOccurrences(of: "HUB", with: hub.standIn.endpoint))
    #expect(try hub.tree().isEmpty)
  }

  @Test func `says that a token is not accepted`() async throws {
    let hub = try TinyHub(token: "wrong")
    try hub.standIn.misbehave(["token": "right"])
    #expect(
      await hub.failure()?.description
        == "\(hub.standIn.endpoint) does not accept the token. Is it complete, and still valid?")
  }

  @Test(
    arguments: [
      ["flip": "model-00001-of-00001.safetensors"], ["flip": "config.json"],
      ["etag": "model-00001-of-00001.safetensors"], ["etag": "config.json"],
      ["size": "tokenizer.json"], ["noCommit": true], ["wrongRange": true],
      ["empty": true], ["cdn": [403, nil, nil, -1]], ["drop": 1_000_000],
      ["hostile": "../../evil"], ["elsewhere": true], ["insecure": "ftp://127.0.0.1/x"],
    ] as [JSONValue])
  func `leaves nothing false under a final name`(faults: JSONValue) async throws {
    let hub = try TinyHub()
    try hub.standIn.misbehave(faults)
    let error = try #require(await hub.failure())
    let kind = "\(faults.objectValue?.keys.first ?? "")"
    let expected: Bool =
      switch (kind, error) {
      case ("flip", .damaged), ("etag", .changed), ("size", .changed), ("noCommit", .notAHub),
        ("wrongRange", .rangeWrong), ("empty", .transfer(.brokenOff)), ("cdn", .linkRefused),
        ("drop", .transfer(.brokenOff)), ("hostile", .pathHostile), ("elsewhere", .answerUnusable),
        ("insecure", .transfer(.redirectUnusable)):
        true
      default: false
      }
    #expect(expected, "\(error)")
    let contents = Set(hub.wanted.values.map(contentName))
    for (path, found) in try hub.tree() where path.hasPrefix("blobs/") {
      let name = String(path.dropFirst("blobs/".count))
      #expect(contents.contains(name))
      if name.count == 64 { #expect(found == name) }
    }
    #expect(try hub.tree()["refs/main"] == nil)
    // The same command mends it once the hub is well.
    try hub.standIn.misbehave()
    let model = try await hub.pull()
    #expect(try hub.tree() == hub.expectedTree(commit: model.commit))
  }

  @Test func `takes up parts that a power failure spoiled once more`() async throws {
    let hub = try TinyHub()
    let shard = try #require(hub.wanted[TinyHub.shards[0]])
    let folder = hub.repositoryFolder + "/.martlet"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // A record that says all is there, and zeros where it should be.
    var record = Array("martlet1".utf8)
    record.append(littleEndian: UInt64(shard.count))
    record.append(littleEndian: UInt64(8 << 20))
    for start in stride(from: 0, to: shard.count, by: 8 << 20) {
      record.append(littleEndian: UInt32(min(8 << 20, shard.count - start)))
    }
    let name = folder + "/" + contentName(shard)
    try Data(record).write(to: URL(filePath: name + ".parts"))
    try Data(count: shard.count).write(to: URL(filePath: name + ".data"))
    let model = try await hub.pull()
    #expect(try hub.tree() == hub.expectedTree(commit: model.commit))
  }

  // MARK: - Secrets

  @Test func `shows its token to the hub and to nobody else`() async throws {
    let hub = try TinyHub(token: "hf_secret")
    _ = try await hub.pull()
    let log = try hub.standIn.log()
    #expect(Set(log.tokens(cdn: false)) == ["Bearer hf_secret"])
    #expect(log.tokens(cdn: true).isEmpty)
    #expect(log.requests.contains { $0["cdn"]?.boolValue == true })
  }

  // MARK: - Offline

  @Test func `asks nobody where HF_HUB_OFFLINE is set`() async throws {
    var hub = try TinyHub()
    hub.settings.isOffline = true
    #expect(await hub.failure() == .offline(try ModelReference("org/tiny").repository))
    hub.settings.isOffline = false
    let model = try await hub.pull()
    try hub.standIn.misbehave()
    hub.settings.isOffline = true
    #expect(try await hub.pull().path == model.path)
    #expect(try hub.standIn.log().connectionCount == 0)
  }

  @Test func `waits for another program that fetches the same file`() async throws {
    let hub = try TinyHub()
    try hub.standIn.misbehave(["rate": 20_000_000])
    async let one = hub.pull()
    async let other = hub.pull()
    let models = try await [one, other]
    #expect(models[0].commit == models[1].commit)
    #expect(models.reduce(0) { $0 + $1.fetchedBytes } == hub.totalBytes)
    #expect(try hub.tree() == hub.expectedTree(commit: models[0].commit))
  }
}
