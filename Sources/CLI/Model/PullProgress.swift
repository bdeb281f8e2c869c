// PullProgress.swift — the line that shows a download: bytes, speed, time left.

import Hub

/// Turns readings of a meter into one line.
struct PullProgress {
  private let name: String
  /// The readings of the last seconds, oldest first.
  private var samples: [(seconds: Double, bytes: Int)] = []

  /// The speed is that of so many seconds.
  private static let windowSeconds = 8.0

  init(name: String) { self.name = name }

  /// The line for a reading that was taken `seconds` after the download began.
  mutating func line(_ reading: PullMeter.Reading, seconds: Double) -> String {
    samples.append((seconds, reading.fetchedBytes))
    while samples.count > 2, samples[1].seconds < seconds - Self.windowSeconds {
      samples.removeFirst()
    }
    guard reading.totalBytes > 0 else { return "\(name): looking at the listing" }
    let percent = 100 * Double(reading.doneBytes) / Double(reading.totalBytes)
    var line =
      "\(name): \(Int(percent)) %, \(ByteText.size(reading.doneBytes)) of "
      + ByteText.size(reading.totalBytes)
    switch reading.phase {
    case .waiting(let file): return line + ", waiting: another program is fetching \(file)"
    case .checking(let file) where reading.doneBytes == reading.totalBytes:
      return line + ", checking \(file)"
    case .retrying(let reason): return line + ", trying again: \(reason)"
    case .listing, .fetching, .checking: break
    }
    guard let speed else { return line }
    line += ", \(ByteText.size(Int(speed)))/s"
    let secondsLeft = Double(reading.totalBytes - reading.doneBytes) / speed
    if secondsLeft < 1e6 { line += ", \(ByteText.duration(seconds: Int(secondsLeft))) left" }
    return line
  }

  /// Bytes a second; nil before anything arrived.
  private var speed: Double? {
    guard let first = samples.first, let last = samples.last else { return nil }
    let seconds = last.seconds - first.seconds
    guard seconds > 0.3, last.bytes > first.bytes else { return nil }
    return Double(last.bytes - first.bytes) / seconds
  }
}
