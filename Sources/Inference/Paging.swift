// Paging.swift — weights that memory does not hold, asked for before they are needed.
//
// A fault on a mapped page fetches a few pages and waits for them. The kernel reads megabytes at the
// disk's own speed where it is told what will be needed. Telling it costs time even where all is in
// memory, so it is told only while this process waits for the disk.

import Glibc
import ModelFiles

/// Whether this process has waited for the disk lately.
struct PagingWatch {
  private var faultCount = 0
  private var rest = 0

  /// Faults that waited, between two looks, from which on weights are asked for.
  private static let faultCountMin = 32
  /// Looks for which that goes on: asking in time makes the faults go away.
  private static let lookCount = 16

  var isPaging: Bool { rest > 0 }

  mutating func look() {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let count = Int(usage.ru_majflt)
    rest = count - faultCount >= Self.faultCountMin ? Self.lookCount : max(0, rest - 1)
    faultCount = count
  }
}

extension PreparedMatrix {
  /// Has the kernel read what is not in memory; does not wait for it.
  func fetch() {
    if let packed { return Self.fetch(packed.bytes) }
    Self.fetch(weights.bytes.pointer)
    if let scales = weights.scales { Self.fetch(scales.pointer) }
  }

  private static func fetch(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    let before = Int(bitPattern: base) % Int(getpagesize())
    madvise(
      UnsafeMutableRawPointer(mutating: base - before), bytes.count + before, MADV_WILLNEED)
  }
}

extension PreparedExpert {
  func fetch() {
    for matrix in [gate, up, down] { matrix.fetch() }
  }
}

extension PreparedLayer {
  /// What every token needs of the layer.
  func fetchAttention() {
    for matrix in [query, key, value, output] { matrix.fetch() }
  }
}
