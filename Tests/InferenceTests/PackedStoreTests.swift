// PackedStoreTests.swift — packed weights on the disk: kept, found again, never believed blindly.

import Base
import Foundation
import Inference
import ModelFiles
import Synchronization
import TestKit
import Testing

/// The logits' bits after some tokens, and whether anything was packed on the way.
private func start(
  _ folder: String, _ file: String = ""
) throws -> (bits: [UInt32], packedCount: Int, problem: String?) {
  let checkpoint = try GPTOSSCheckpoint(path: Vectors.path("tiny-gpt-oss/" + file))
  let packedCount = Mutex(0)
  let engine = try InferenceEngine(
    configuration: checkpoint.configuration, weights: checkpoint.weights,
    options: InferenceOptions(
      precision: .q8, threadCount: 2, packedStore: PackedStore(folder: folder))
  ) { progress in
    packedCount.withLock { $0 = progress.done }
  }
  let logits = try InferenceSession(engine: engine).logits(after: TinyModel.tokens(20))
  return (logits.map(\.bitPattern), packedCount.withLock { $0 }, engine.packingProblem)
}

@Suite struct `A store of packed weights` {
  @Test func `is filled once, and gives the same bits`() throws {
    let temporary = try TemporaryFolder()
    defer { withExtendedLifetime(temporary) {} }
    let folder = temporary.path + "/new/packed"
    let store = PackedStore(folder: folder)
    #expect(store.files().isEmpty)
    let first = try start(folder)
    let second = try start(folder)
    #expect(first.packedCount > 1_000_000 && second.packedCount == 0)
    #expect(first.bits == second.bits && first.problem == nil)
    let checkpoint = try GPTOSSCheckpoint(path: Vectors.path("tiny-gpt-oss"))
    let inMemory = try InferenceEngine(
      configuration: checkpoint.configuration, weights: checkpoint.weights,
      options: InferenceOptions(precision: .q8, threadCount: 2))
    let logits = try InferenceSession(engine: inMemory).logits(after: TinyModel.tokens(20))
    #expect(logits.map(\.bitPattern) == first.bits)
    let files = store.files()
    #expect(files.count == 1 && files[0].verify())
    #expect(files[0].modelPath.hasSuffix("tiny-gpt-oss/model.safetensors"))
    // Another model has a file of its own.
    _ = try start(folder, "tiny-q8.gguf")
    #expect(store.files().count == 2)
  }

  @Test func `packs again where the file is not whole`() throws {
    let temporary = try TemporaryFolder()
    defer { withExtendedLifetime(temporary) {} }
    let folder = temporary.path
    let expected = try start(folder).bits
    let path = try #require(PackedStore(folder: folder).files().first).path
    let whole = try Data(contentsOf: URL(filePath: path))
    let table = whole.count - 40
    let damages: [(Data) -> Data] = [
      { $0.prefix(1000) }, { _ in Data() }, { $0.dropLast() }, { $0 + [0] },
      { $0.flipping(0) }, { $0.flipping(17) }, { $0.flipping(25) }, { $0.flipping(32) },
      { $0.flipping(50) }, { $0.flipping(90) }, { $0.flipping(table) },
    ]
    for (index, damage) in damages.enumerated() {
      try damage(whole).write(to: URL(filePath: path))
      let result = try start(folder)
      #expect(result.bits == expected && result.packedCount > 0, "damage \(index)")
      #expect(try Data(contentsOf: URL(filePath: path)) == whole, "damage \(index)")
    }
  }

  @Test func `finds a flipped weight when it is verified`() throws {
    let temporary = try TemporaryFolder()
    defer { withExtendedLifetime(temporary) {} }
    let folder = temporary.path
    _ = try start(folder)
    let file = try #require(PackedStore(folder: folder).files().first)
    var random = SplitMix64(seed: 4)
    let whole = try Data(contentsOf: URL(filePath: file.path))
    for _ in 0..<20 {
      // Past the header's page; what pads the matrices' last pages is not anyone's.
      let place = Int.random(in: 4096..<4096 + 20_000, using: &random)
      try whole.flipping(place).write(to: URL(filePath: file.path))
      #expect(!file.verify(), "byte \(place)")
    }
  }

  @Test func `is done without where it cannot be written`() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("file", [])
    let result = try start(file + "/packed")
    #expect(result.problem?.contains("file") == true)
    #expect(result.bits == (try start(folder.path)).bits)
  }
}

extension Data {
  /// With one bit turned.
  fileprivate func flipping(_ index: Int) -> Data {
    var data = self
    data[data.startIndex + index] ^= 1
    return data
  }
}
