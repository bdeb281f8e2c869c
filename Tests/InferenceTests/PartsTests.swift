// PartsTests.swift — rotary angles, routing, threads and their number.

import Base
import Foundation
import Inference
import ModelFiles
import Synchronization
import Testing

/// gpt-oss's own constants, with a head of 64.
private func configuration(
  headSize: Int = 64, yarn: GPTOSSConfiguration.YaRN?
) -> GPTOSSConfiguration {
  GPTOSSConfiguration(
    layerCount: 1, hiddenSize: 64, intermediateSize: 64, headCount: 1, kvHeadCount: 1,
    headSize: headSize, expertCount: 1, expertsPerToken: 1, vocabularySize: 8, slidingWindow: 8,
    layerIsSliding: [true], rmsNormEpsilon: 1e-5, ropeTheta: 150_000, yarn: yarn,
    contextLengthMax: 131_072, swigluAlpha: 1.702, swigluLimit: 7)
}

private func yarn(truncate: Bool) -> GPTOSSConfiguration.YaRN {
  GPTOSSConfiguration.YaRN(
    factor: 32, betaFast: 32, betaSlow: 1, originalContextLength: 4096, truncate: truncate)
}

@Suite struct `A rotary table` {
  /// Source: OpenAI's reference implementation, computed in double precision.
  @Test func `scales frequencies over an unrounded range`() {
    let table = RotaryTable(configuration(yarn: yarn(truncate: false)))
    let expected = [
      5.08132748e-2, 3.17056962e-2, 1.93350011e-2, 1.15920493e-2, 6.79495949e-3, 3.86035932e-3,
      2.09379238e-3, 1.0526021e-3, 4.56483919e-4, 1.29318701e-4, 3.83088124e-5,
    ]
    for (pair, frequency) in zip(8...18, expected) {
      #expect(abs(table.frequencies[pair] / frequency - 1) < 1e-8)
    }
    #expect(table.frequencies[0] == 1)
    #expect(abs(table.frequencies[31] / 3.02351143e-7 - 1) < 1e-8)
    #expect(abs(table.concentration - 1.3465735902799727) < 1e-15)
  }

  @Test func `rounds the range where the configuration says so`() {
    let unrounded = RotaryTable(configuration(yarn: yarn(truncate: false))).frequencies
    let rounded = RotaryTable(configuration(yarn: yarn(truncate: true))).frequencies
    // Floor and ceiling are 8 and 18; the facts' figures for what that does.
    #expect(abs(rounded[9] / unrounded[9] - 0.997) < 0.001)
    #expect(abs(rounded[16] / unrounded[16] - 1.27) < 0.01)
    #expect(abs(rounded[17] / unrounded[17] - 1.76) < 0.01)
    #expect(rounded[8] == pow(150_000, -16.0 / 64))
    #expect(abs(rounded[18] / (pow(150_000, -36.0 / 64) / 32) - 1) < 1e-12)
  }

  @Test func `turns plainly without scaling`() {
    let table = RotaryTable(configuration(headSize: 8, yarn: nil))
    #expect(table.concentration == 1)
    #expect(table.frequencies == (0..<4).map { pow(150_000, -Double($0) / 4) })
  }

  @Test func `carries the concentration at every position`() {
    let table = RotaryTable(configuration(yarn: yarn(truncate: false)))
    for position in [0, 1, 100, 131_071] {
      var (cosines, sines) = ([Float](repeating: 0, count: 32), [Float](repeating: 0, count: 32))
      table.fill(position: position, cosines: &cosines, sines: &sines)
      for (c, s) in zip(cosines, sines) {
        #expect(abs((c * c + s * s).squareRoot() - 1.3465736) < 1e-6)
      }
      #expect(cosines[0] == Float(cos(Double(position)) * table.concentration))
    }
  }
}

@Suite struct `Expert routing` {
  private func routing(_ logits: [Float], _ count: Int) -> Routing {
    logits.withUnsafeBufferPointer { Routing(logits: $0, count: count) }
  }

  @Test func `takes the largest, best first, lower index first among equals`() {
    #expect(routing([1, 3, 2, 3, 0], 3).experts == [1, 3, 2])
    #expect(routing([2, 2, 2, 2], 2).experts == [0, 1])
  }

  @Test func `weighs the chosen alone`() {
    let weights = routing([0, 5, 4, -9], 2).weights
    #expect(abs(weights[0] - 1 / (1 + exp(-1))) < 1e-6)
    #expect(abs(weights[0] + weights[1] - 1) < 1e-6)
  }

  @Test func `takes a NaN only where nothing else is left`() {
    #expect(routing([.nan, 1, .nan, 0], 3).experts == [1, 3, 0])
    #expect(routing([1, 2], 5).experts == [1, 0])
  }
}

@Suite struct `A thread pool` {
  @Test(arguments: [1, 2, 3, 8])
  func `runs every unit once`(threadCount: Int) {
    let pool = ThreadPool(threadCount: threadCount)
    #expect(pool.threadCount == threadCount)
    for count in [0, 1, 2, 7, 1000] {
      var hits = [Int](repeating: 0, count: count)
      hits.withUnsafeMutableBufferPointer { hits in
        // As the forward pass does it: each unit writes its own element, without a lock.
        nonisolated(unsafe) let hits = hits
        pool.run(count) { unit, thread in
          #expect(thread < threadCount)
          hits[unit] += 1
        }
      }
      #expect(hits == [Int](repeating: 1, count: count))
    }
  }

  @Test func `survives thousands of small regions and sleeping in between`() {
    let pool = ThreadPool(threadCount: 3)
    let total = Atomic<Int>(0)
    for round in 0..<3000 {
      pool.run(4) { unit, _ in total.add(unit, ordering: .relaxed) }
      if round % 1000 == 999 { Thread.sleep(forTimeInterval: 0.01) }
    }
    #expect(total.load(ordering: .relaxed) == 3000 * 6)
  }

  @Test func `takes turns when several callers share it`() {
    let pool = ThreadPool(threadCount: 2)
    let total = Atomic<Int>(0)
    let callers = (0..<3).map { _ in
      Thread { for _ in 0..<200 { pool.run(5) { _, _ in total.add(1, ordering: .relaxed) } } }
    }
    for caller in callers { caller.start() }
    while callers.contains(where: { !$0.isFinished }) { Thread.sleep(forTimeInterval: 0.005) }
    #expect(total.load(ordering: .relaxed) == 3 * 200 * 5)
  }
}

@Suite struct `The processor count` {
  @Test(arguments: [
    ("0-3,8", [0, 1, 2, 3, 8]), ("\t5\n", [5]), ("", []), ("3-1", []), ("x,2", [2]),
    ("0-99999999999", []), ("-4", [4]),
  ])
  func `reads the kernel's lists`(list: String, processors: [Int]) {
    #expect(ProcessorCount.processors(inList: list) == processors)
  }

  @Test func `is at least one and at most what the system has`() {
    #expect((1...ProcessInfo.processInfo.processorCount).contains(ProcessorCount.physical()))
  }
}
