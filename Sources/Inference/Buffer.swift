// Buffer.swift — aligned memory that the pool's threads fill together.

import Glibc

/// A fixed number of elements at one address for as long as the object lives.
///
/// Shared without a lock, by a rule instead: within one region of the pool, no two units write the
/// same element, and none reads what another writes. Contents are undefined until written.
final class Buffer<Element: BitwiseCopyable>: Sendable {
  let count: Int
  /// Safe to share under the rule above.
  nonisolated(unsafe) let base: UnsafeMutablePointer<Element>

  /// As many elements as the product of `shape`, whose numbers are not negative. `purpose` says
  /// what the memory is for, in an error's words.
  init(shape: Int..., purpose: String) throws(InferenceError) {
    var byteCount = MemoryLayout<Element>.stride
    for length in shape {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: length)
      byteCount = overflow ? Int.max : product
    }
    var memory: UnsafeMutableRawPointer?
    guard byteCount < Int.max, posix_memalign(&memory, 64, max(byteCount, 64)) == 0, let memory
    else { throw .outOfMemory(byteCount: byteCount, purpose: purpose) }
    count = byteCount / MemoryLayout<Element>.stride
    base = memory.bindMemory(to: Element.self, capacity: count)
  }

  deinit { free(base) }

  /// All elements, for reading and for writing on one thread.
  var all: UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(start: base, count: count)
  }
}
