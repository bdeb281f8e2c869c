// LineDifference.swift — which lines of a text were replaced by which of another.
//
// Myers' greedy algorithm over lines (E. W. Myers, "An O(ND) difference algorithm and its variations",
// 1986), after what is equal at both ends is set aside. Texts that differ in more lines than
// `distanceMax` are one change in the middle: correct, longer than it need be, and found in no time.

/// Two texts as lines, and the places where they differ.
struct LineDifference {
  /// Lines of the first text that give way to lines of the second.
  struct Change: Equatable {
    var old: Range<Int>
    var new: Range<Int>
  }

  /// Lines with their line ends, so that a last line without one differs from the same with one.
  let old: [ArraySlice<UInt8>]
  let new: [ArraySlice<UInt8>]
  /// In order, never touching.
  let changes: [Change]

  /// Bounds the table that the way back is found in: about eight megabytes.
  private static let distanceMax = 1_000

  init(_ old: [UInt8], _ new: [UInt8]) {
    self.old = Self.lines(old)
    self.new = Self.lines(new)
    // Lines become numbers, equal for equal lines.
    var numbers: [ArraySlice<UInt8>: Int] = [:]
    func number(_ line: ArraySlice<UInt8>) -> Int {
      if let known = numbers[line] { return known }
      numbers[line] = numbers.count
      return numbers.count - 1
    }
    let left = self.old.map(number)
    let right = self.new.map(number)
    let shorter = min(left.count, right.count)
    var head = 0
    while head < shorter, left[head] == right[head] { head += 1 }
    var tail = 0
    while tail < shorter - head, left[left.count - 1 - tail] == right[right.count - 1 - tail] {
      tail += 1
    }
    let middle = Self.changes(
      Array(left[head..<left.count - tail]), Array(right[head..<right.count - tail]))
    changes = middle.map { change in
      Change(
        old: change.old.lowerBound + head..<change.old.upperBound + head,
        new: change.new.lowerBound + head..<change.new.upperBound + head)
    }
  }

  private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count - 1
      lines.append(bytes[start...end])
      start = end + 1
    }
    return lines
  }

  private static func changes(_ old: [Int], _ new: [Int]) -> [Change] {
    if old.isEmpty, new.isEmpty { return [] }
    guard let pairs = commonPairs(old, new) else {
      return [Change(old: 0..<old.count, new: 0..<new.count)]
    }
    var changes: [Change] = []
    var (left, right) = (0, 0)
    for pair in pairs + [(old.count, new.count)] {
      if pair.0 > left || pair.1 > right {
        changes.append(Change(old: left..<pair.0, new: right..<pair.1))
      }
      (left, right) = (pair.0 + 1, pair.1 + 1)
    }
    return changes
  }

  /// Indices of the lines that stay, in order; nil where the texts are too different.
  private static func commonPairs(_ old: [Int], _ new: [Int]) -> [(Int, Int)]? {
    // How far the first text was walked on each diagonal x - y, counted from -distance; one round for
    // each distance, kept for the way back.
    var rounds: [[Int]] = []
    for distance in 0...min(old.count + new.count, distanceMax) {
      let before = rounds.last ?? []
      var furthest = [Int](repeating: 0, count: 2 * distance + 1)
      for diagonal in stride(from: -distance, through: distance, by: 2) {
        var x = distance == 0 ? 0 : step(before, diagonal, distance).x
        while x < old.count, x - diagonal < new.count, old[x] == new[x - diagonal] { x += 1 }
        furthest[diagonal + distance] = x
        if x >= old.count, x - diagonal >= new.count {
          return wayBack(rounds, old.count, new.count, distance)
        }
      }
      rounds.append(furthest)
    }
    return nil
  }

  /// From the furthest points of the round before `distance` to where `diagonal` is entered.
  private static func step(
    _ before: [Int], _ diagonal: Int, _ distance: Int
  ) -> (x: Int, from: Int) {
    func reach(_ diagonal: Int) -> Int? {
      let index = diagonal + distance - 1
      return before.indices.contains(index) ? before[index] : nil
    }
    let down = reach(diagonal + 1)
    let right = reach(diagonal - 1).map { $0 + 1 }
    guard let right else { return (down ?? 0, diagonal + 1) }
    guard let down, down >= right else { return (right, diagonal - 1) }
    return (down, diagonal + 1)
  }

  private static func wayBack(
    _ rounds: [[Int]], _ oldCount: Int, _ newCount: Int, _ distance: Int
  ) -> [(Int, Int)] {
    var pairs: [(Int, Int)] = []
    var x = oldCount
    var diagonal = oldCount - newCount
    for distance in stride(from: distance, through: 0, by: -1) {
      let entered = distance == 0 ? (x: 0, from: 0) : step(rounds[distance - 1], diagonal, distance)
      while x > entered.x {
        x -= 1
        pairs.append((x, x - diagonal))
      }
      guard distance > 0 else { break }
      x = entered.from < diagonal ? entered.x - 1 : entered.x
      diagonal = entered.from
    }
    return pairs.reversed()
  }
}
