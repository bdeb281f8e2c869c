// PackedWeights.swift — a model's weights in packed form: in memory, or mapped from a file that
// an earlier start has written.

import Digests
import Glibc
import ModelFiles
import Synchronization

/// How far packing is, in bytes.
public struct PackingProgress: Equatable, Sendable {
  public var done: Int
  public var total: Int
}

/// Memory with packed weights; given back when the object goes.
final class PackedWeights: Sendable {
  let matrices: [PackedMatrix]
  private let memory: any Sendable

  /// Packs into memory that no file backs.
  init(
    _ plan: PackingPlan, pool: ThreadPool, progress: @Sendable (PackingProgress) -> Void
  ) throws(InferenceError) {
    let buffer = try Buffer<UInt8>(shape: plan.byteCount, purpose: "the packed weights")
    madvise(buffer.base, buffer.count, MADV_HUGEPAGE)
    _ = try plan.pack(to: buffer.base, pool: pool, isHashed: false, progress: progress)
    matrices = plan.matrices(at: buffer.base)
    memory = buffer
  }

  /// Takes a file that ``PackedHeader`` has found to fit the plan.
  init?(_ plan: PackingPlan, file: MappedFile) {
    guard let start = file.bytes.baseAddress else { return nil }
    matrices = plan.matrices(at: start + PackedHeader.byteCount)
    memory = file
  }
}

extension PackingPlan {
  /// Packs every matrix, on all threads.
  ///
  /// - Returns: Each matrix's SHA-256, where `isHashed`.
  /// - Throws: `unsupportedModel` for weights that are not finite numbers.
  func pack(
    to start: UnsafeMutableRawPointer, pool: ThreadPool, isHashed: Bool,
    progress: @Sendable (PackingProgress) -> Void
  ) throws(InferenceError) -> [Digest] {
    var digests: [Digest] = []
    nonisolated(unsafe) let start = start
    // Some at a time, so that progress can be told in between.
    let step = 48
    for first in stride(from: 0, to: entries.count, by: step) {
      let some = entries[first..<min(first + step, entries.count)]
      let results = Mutex<[Int: Digest?]>([:])
      pool.run(some.count) { unit, _ in
        let entry = some[first + unit]
        let out = start + entry.offset
        guard entry.source.view.pack(entry.packing, to: out) else { return }
        entry.source.weights.bytes.forget()
        entry.source.weights.scales?.forget()
        let bytes = UnsafeRawBufferPointer(start: out, count: entry.byteCount)
        let digest = isHashed ? SHA256.digest(of: bytes) : nil
        results.withLock { $0[first + unit] = .some(digest) }
      }
      let packed = results.withLock { $0 }
      for index in some.indices {
        guard let digest = packed[index] else {
          throw .unsupportedModel(
            reason: """
              the tensor "\(entries[index].source.weights.name)" has weights that are not finite \
              numbers
              """)
        }
        if let digest { digests.append(digest) }
      }
      let done = some.last.map { $0.offset + $0.byteCount } ?? 0
      progress(PackingProgress(done: done, total: byteCount))
    }
    return digests
  }
}
