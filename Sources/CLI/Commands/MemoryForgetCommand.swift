// MemoryForgetCommand.swift — forgetting for good: the memory, and every recorded content that holds it.
//
// The ledger goes first: whoever dies between the two finds the memory still there, and can say again
// what is to be forgotten. It is looked through once more at the end, because a run may have read the
// memory meanwhile.

import Base
import Digests
import Glibc
import Inference
import Runtime
import Store

extension Command {
  static let memoryForget = Command(
    name: "memory forget",
    summary: "Forget memories, and erase what the ledger recorded of them.",
    synopsis: "ID… | --containing TEXT [--yes] [--json]",
    details: """
      Removed are the memories, and every content of the ledger that holds the text of one of them: a
      tool's answer, a model's turn, a task. The files are rewritten, so that the text is nowhere in
      them. The chain of the ledger still verifies; erased contents show as erased.

      With --containing, every memory and every content that holds TEXT, of every workspace; upper and
      lower case differ.

      A content is erased as a whole, and a short text stands in many. Where a text of fewer than \
      \(Forgetting.shortLength)
      characters would erase more than \(Forgetting.manyCount) contents, nothing is done without --yes.

      What is under the ledger's chain for good, such as the name of a workspace, cannot be erased: it
      is named, and the exit code is 1.
      """,
    options: [
      Option(name: "--containing", value: "TEXT", help: "forget whatever holds TEXT"),
      Option(name: "--yes", help: "also where a short text erases much"),
      Option(name: "--json", help: "what was done as one JSON object"),
    ],
    positionalCount: 0...1_000,
    examples: [
      Example(command: "./martlet memory forget 3", meaning: "forgets memory 3"),
      Example(
        command: "./martlet memory forget --containing 'tulip-4711'",
        meaning: "leaves no trace of the word"),
    ]
  ) { arguments in
    let forgetting = try Forgetting(arguments)
    try forgetting.confirm(isConfirmed: arguments.has("--yes"))
    let done = try forgetting.run()
    // What was computed from a text is a trace of it, too; it can be computed again.
    Places.ofThisProcess().prefixStore.removeAll()
    if arguments.has("--json") {
      Output.jsonLine(done.json)
    } else {
      Output.line(done.sentence)
    }
    for place in done.kept {
      Progress.line("martlet: \(place.sentence)")
    }
    return done.kept.isEmpty ? .success : .internalError
  }
}

/// One call of the command: what is to go, and from where.
private struct Forgetting {
  /// In characters. A name or a number that is shorter is in too many other texts.
  static let shortLength = 8
  /// Contents that may go without a question.
  static let manyCount = 10

  /// What was done.
  struct Done {
    var memories: [Int64] = []
    var erasedCount = 0
    var kept: [LedgerPlace] = []
  }

  private let memories: Memories?
  /// Nil where no run was ever recorded.
  private let ledger: Ledger?
  private let ids: [Int64]
  private let texts: [String]

  /// Looks up what the words mean; nothing is changed yet.
  init(_ arguments: Arguments) throws(CommandError) {
    guard arguments.positional.isEmpty != (arguments["--containing"] == nil) else {
      throw .usage(
        "Give either the ids of memories or --containing TEXT. See: martlet memory forget --help")
    }
    let places = Places.ofThisProcess()
    func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }
    let memories = try Stores.telling { () throws(StoreError) in
      isThere(places.memoriesPath) ? try Memories(path: places.memoriesPath) : nil
    }
    ledger = try Stores.telling { () throws(StoreError) in
      isThere(places.ledgerPath) ? try Ledger(path: places.ledgerPath) : nil
    }
    self.memories = memories
    if let text = arguments["--containing"] {
      guard !text.isEmpty else { throw .usage("--containing needs a text that is not empty.") }
      texts = [text]
      ids = try Self.ids(containing: text, in: memories)
    } else {
      var chosen: [Memory] = []
      for word in arguments.positional {
        guard let id = Int64(word) else {
          throw .usage("\"\(word)\" is no id of a memory. See: martlet memory list --all")
        }
        let memory = try Stores.telling { () throws(StoreError) in try memories?.memory(id) }
        guard let memory else {
          throw .usage("There is no memory \(id). See: martlet memory list --all")
        }
        chosen.append(memory)
      }
      texts = chosen.map(\.text)
      ids = chosen.map(\.id)
    }
  }

  private static func ids(
    containing text: String, in memories: Memories?
  ) throws(CommandError) -> [Int64] {
    guard let memories else { return [] }
    return try Stores.telling { () throws(StoreError) in
      var found: [Int64] = []
      var last = Int64.max
      while true {
        let page = try memories.list(limit: 1_000, before: last)
        guard let oldest = page.last else { return found }
        found += page.filter { $0.text.utf8.contains(Array(text.utf8)) }.map(\.id)
        last = oldest.id
      }
    }
  }

  /// Refuses to erase much on account of a short text, unless that is what is wanted.
  func confirm(isConfirmed: Bool) throws(CommandError) {
    let short = texts.filter { $0.count < Self.shortLength }
    guard let ledger, !isConfirmed, !short.isEmpty else { return }
    let count = try Stores.telling { () throws(StoreError) in
      try ledger.countBodies(containing: short)
    }
    guard count.found > Self.manyCount else { return }
    throw .usage(
      """
      So short a text stands in \(count.found) of the \(count.all) contents that the ledger holds, and \
      forgetting it erases all of them. Nothing was forgotten. To do it, add --yes.
      """)
  }

  func run() throws(CommandError) -> Done {
    try Stores.telling { () throws(StoreError) in
      var done = Done()
      var erased: Set<Digest> = []
      // A text that remains on the disk for now is tried again by whoever opens the file next; the
      // rest has to be forgotten all the same.
      var remains: StoreError?
      func erase() throws(StoreError) {
        guard let ledger, !texts.isEmpty else { return }
        do throws(StoreError) {
          let erasure = try ledger.eraseBodies(containing: texts)
          erased.formUnion(erasure.erased)
          done.kept = erasure.kept
          remains = nil
        } catch {
          guard case .traceRemains = error else { throw error }
          remains = error
        }
      }
      try erase()
      if !ids.isEmpty { done.memories = try memories?.forget(ids).map(\.id) ?? [] }
      try erase()
      if let remains { throw remains }
      done.erasedCount = erased.count
      return done
    }
  }
}

extension Forgetting.Done {
  var sentence: String {
    func counted(_ count: Int, _ one: String, _ many: String) -> String {
      "\(count) \(count == 1 ? one : many)"
    }
    if memories.isEmpty, erasedCount == 0 {
      return kept.isEmpty ? "Nothing holds that text." : "Nothing could be erased."
    }
    return """
      Forgot \(counted(memories.count, "memory", "memories")), erased \
      \(counted(erasedCount, "content", "contents")) of the ledger.
      """
  }

  var json: JSONValue {
    [
      "forgotten": .array(memories.map { .number(.integer($0)) }),
      "erased": .number(.integer(Int64(erasedCount))),
      "kept": .array(
        kept.map {
          [
            "session": .string($0.session), "sequence": .number(.integer(Int64($0.sequence))),
          ]
        }),
    ]
  }
}

extension LedgerPlace {
  fileprivate var sentence: String {
    let place =
      sequence == 0 ? "The record of session \"\(session)\"" : "Event \(sequence) of \"\(session)\""
    return """
      \(place.plain) still holds the text: it is under the ledger's chain for good. Only a new ledger \
      is without it.
      """
  }
}

extension String.UTF8View {
  fileprivate func contains(_ bytes: [UInt8]) -> Bool {
    var rest = self[...]
    while let start = rest.firstIndex(of: bytes[0]) {
      rest = rest[start...]
      if rest.starts(with: bytes) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}
