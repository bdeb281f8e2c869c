// Fuzz.swift — the seeded fuzz driver: `fuzz NAME [SEED [COUNT]]`, or `fuzz list` for the names.
//
// The same name and seed give the same inputs on every machine, so a finding is replayed by its
// seed. A trap ends the process with the seed and the input's number on stderr; memory is bounded,
// so that an allocation taken from a hostile length is noticed as well.

import Base
import Foundation
import TestKit

/// What the signal handler may read: the number of the input being tried.
nonisolated(unsafe) private var inputNumber = 0
nonisolated(unsafe) private var seedText = [CChar](repeating: 0, count: 64)

@main
struct Fuzz {
  /// Far above what any input here needs, far below what a hostile length asks for.
  static let memoryBytesMax: rlim_t = 4 << 30

  static func main() throws {
    let words = CommandLine.arguments.dropFirst()
    let targets = try allTargets()
    if words.first == "list" {
      for target in targets.dropFirst() { print(target.name) }
      return
    }
    guard let name = words.first, let target = targets.first(where: { $0.name == name }) else {
      fail(
        "usage: fuzz list | fuzz NAME [SEED [COUNT]], NAME one of: \(targets.map(\.name).joined(separator: " "))"
      )
    }
    let seed = words.dropFirst().first.flatMap { UInt64($0) } ?? 1
    let count = words.dropFirst(2).first.flatMap { Int($0) } ?? 2_000
    limitMemory()
    catchTraps(label: "fuzz \(name) seed \(seed): trapped at input ")
    let start = Date()
    var mutator = Mutator(seed: seed, corpus: target.corpus)
    for number in 0..<count {
      inputNumber = number
      let input = mutator.next()
      do { try target.body(input) } catch {
        fail("fuzz \(name) seed \(seed): input \(number): \(error)")
      }
    }
    let seconds = String(format: "%.1f", Date().timeIntervalSince(start))
    print("fuzz \(name) seed \(seed): \(count) inputs, no finding, \(seconds) s")
  }

  private static func fail(_ text: String) -> Never {
    FileHandle.standardError.write(Data((text + "\n").utf8))
    exit(1)
  }

  private static func limitMemory() {
    var limit = rlimit(rlim_cur: memoryBytesMax, rlim_max: memoryBytesMax)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  }

  /// Swift traps raise SIGILL or SIGTRAP; wild accesses SIGSEGV or SIGBUS; C asserts SIGABRT.
  private static func catchTraps(label: String) {
    for (index, byte) in label.utf8.prefix(seedText.count - 1).enumerated() {
      seedText[index] = CChar(bitPattern: byte)
    }
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT] {
      signal(number) { _ in
        write(2, seedText, strlen(seedText))
        var divisor = 1
        while inputNumber / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
          var digit = UInt8(48 + inputNumber / divisor % 10)
          write(2, &digit, 1)
          divisor /= 10
        }
        write(2, "\n", 1)
        _exit(134)
      }
    }
  }
}
