// PrefixStoreTests.swift — keys and values on the disk: the same bits as computed ones, or none.

import Base
import Foundation
import Inference
import TestKit
import Testing

private let options = InferenceOptions(
  precision: .q8, threadCount: 2, chunkTokenCount: 32, rollbackTokenCount: 40)

private func bits(_ session: InferenceSession, _ tokens: [TokenID]) throws -> [UInt32] {
  try session.logits(after: tokens).map(\.bitPattern)
}

@Suite struct `A store of prefixes` {
  /// Windows of 16, so that 300 tokens go round the rings.
  @Test(arguments: [Precision.q8, .native])
  func `gives the same bits as computing does`(precision: Precision) throws {
    let temporary = try TemporaryFolder()
    defer { withExtendedLifetime(temporary) {} }
    let store = PrefixStore(folder: temporary.path + "/new")
    var options = options
    options.precision = precision
    let engine = try TinyModel.engine("", options)
    let tokens = TinyModel.tokens(400)
    let first = try InferenceSession(engine: engine)
    _ = try first.logits(after: Array(tokens[..<300]))
    #expect(first.save(300, to: store) && first.save(280, to: store))
    #expect(!first.save(300, to: store), "it is there")
    #expect(!first.save(301, to: store) && !first.save(10, to: store))
    // The rings hold 55 positions: what the token after 200 sees is gone.
    #expect(!first.save(200, to: store))
    for (count, restored) in [(400, 300), (301, 300), (300, 280), (290, 280), (280, 0)] {
      let second = try InferenceSession(engine: engine)
      let prefix = Array(tokens[..<count])
      #expect(second.restore(prefix, from: store) == restored)
      let expected = try bits(InferenceSession(engine: engine), prefix)
      #expect(try bits(second, prefix) == expected)
      #expect(second.lastReuse.keptTokenCount == restored)
      // Back to before what was restored, and on along another branch.
      let other = Array(tokens[..<150]) + TinyModel.tokens(200, seed: 3)
      let fresh = try bits(InferenceSession(engine: engine), other)
      #expect(try bits(second, other) == fresh)
    }
    // What is held already is worth more than a shorter file.
    #expect(first.restore(Array(tokens[..<400]), from: store) == 0)
    // Other tokens, other files.
    #expect(
      try InferenceSession(engine: engine).restore(TinyModel.tokens(400, seed: 2), from: store) == 0
    )
  }

  @Test func `belongs to one model, one precision and one form of cache`() throws {
    let temporary = try TemporaryFolder()
    defer { withExtendedLifetime(temporary) {} }
    let store = PrefixStore(folder: temporary.path)
    let tokens = TinyModel.tokens(100)
    let first = try TinyModel.session(options)
    _ = try first.logits(after: tokens)
    #expect(first.save(99, to: store))
    var native = options
    native.precision = .native
    var half = options
    half.kvFormat = .f16
    for engine in [
      try TinyModel.engine("", native), try TinyModel.engine("", half),
      try TinyModel.engine("tiny-q8.gguf", options),
    ] {
      #expect(try InferenceSession(engine: engine).restore(tokens, from: store) == 0)
    }
    #expect(try TinyModel.session(options).restore(tokens, from: store) == 99)
    // The reference path keeps nothing on the disk.
    let plain = try TinyModel.session(InferenceOptions(precision: .f32))
    _ = try plain.logits(after: tokens)
    #expect(!plain.save(99, to: store) && plain.restore(tokens, from: store) == 0)
  }

  @Test func `does not believe a damaged file`() throws {
    let temporary = try TemporaryFolder()
    defer { withExtendedLifetime(temporary) {} }
    let store = PrefixStore(folder: temporary.path)
    let tokens = TinyModel.tokens(90)
    let first = try TinyModel.session(options)
    let expected = try bits(first, tokens)
    #expect(first.save(80, to: store))
    let name = try #require(FileManager.default.contentsOfDirectory(atPath: store.folder).first)
    let url = URL(filePath: store.folder + "/" + name)
    let whole = try Data(contentsOf: url)
    var random = SplitMix64(seed: 5)
    for round in 0..<30 {
      var damaged = whole
      if round % 3 == 0 {
        damaged = damaged.prefix(Int.random(in: 0..<whole.count, using: &random))
      } else {
        let place = round < 15 ? round * 6 : Int.random(in: 0..<whole.count, using: &random)
        damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
      try damaged.write(to: url)
      let second = try TinyModel.session(options)
      #expect(second.restore(tokens, from: store) == 0, "round \(round)")
      #expect(try bits(second, tokens) == expected, "round \(round)")
    }
  }

  @Test func `lets the least recently used go`() throws {
    let temporary = try TemporaryFolder()
    defer { withExtendedLifetime(temporary) {} }
    let folder = temporary.path
    let session = try TinyModel.session(options)
    let tokens = TinyModel.tokens(200)
    _ = try session.logits(after: tokens)
    let wide = PrefixStore(folder: folder)
    #expect(session.save(200, to: wide))
    func sizes() throws -> [Int] {
      try FileManager.default.contentsOfDirectory(atPath: folder).map { name in
        try Data(contentsOf: URL(filePath: folder + "/" + name)).count
      }
    }
    let size = try #require(sizes().first)
    let store = PrefixStore(folder: folder, byteCountMax: size * 5 / 2)
    #expect(session.save(190, to: store))
    // Reading the older one makes it the newer.
    #expect(try TinyModel.session(options).restore(tokens + [1], from: store) == 200)
    #expect(session.save(195, to: store))
    #expect(try sizes().count == 2)
    #expect(try TinyModel.session(options).restore(Array(tokens[..<192]), from: store) == 0)
    #expect(try TinyModel.session(options).restore(tokens + [1], from: store) == 200)
    #expect(!session.save(199, to: PrefixStore(folder: folder, byteCountMax: 1000)))
    #expect(try sizes().count == 2, "what never fits drives nothing out")
    #expect(store.removeAll() == 2)
    #expect(try sizes().isEmpty)
  }

  @Test func `is for its user's eyes only`() throws {
    let temporary = try TemporaryFolder()
    defer { withExtendedLifetime(temporary) {} }
    let store = PrefixStore(folder: temporary.path + "/prefixes")
    let session = try TinyModel.session(options)
    _ = try session.logits(after: TinyModel.tokens(90))
    #expect(session.save(80, to: store))
    let files = FileManager.default
    for path in [
      store.folder,
      store.folder + "/"
        + (try #require(try files.contentsOfDirectory(atPath: store.folder).first)),
    ] {
      let mode = try files.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect((mode ?? 0o777) & 0o077 == 0)
    }
  }
}
