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

  /// `purpose` says what the memory is for, in an error's words.
  init(count: Int, purpose: String) throws(InferenceError) {
    let (byteCount, overflow) = max(count, 1).multipliedReportingOverflow(
      by: MemoryLayout<Element>.stride)
    var memory: UnsafeMutableRawPointer?
    guard !overflow, count >= 0, posix_memalign(&memory, 64, byteCount) == 0, let memory else {
      throw .outOfMemory(byteCount: overflow ? Int.max : byteCount, purpose: purpose)
    }
    self.count = count
    base = memory.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  deinit { free(base) }

  /// All elements, for reading and for writing on one thread.
  var all: UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(start: base, count: count)
  }
}
