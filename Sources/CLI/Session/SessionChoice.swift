// SessionChoice.swift — from what a person types to one session of the ledger.

import Store

extension Ledger {
  /// Sessions read at a time.
  private static let pageCount = 256

  /// The session that `word` names: an id, the beginning of only one, or "last".
  func chosenSession(_ word: String) throws(CommandError) -> LedgerSession {
    let found = try Stores.telling { () throws(StoreError) in
      if let exact = try session(word) { return [exact] }
      if word == "last" { return try sessions(limit: 1) }
      return try sessions(beginningWith: word)
    }
    switch found.count {
    case 0:
      throw .usage("There is no session \"\(word)\". See: martlet session list")
    case 1: return found[0]
    default:
      let names = found.prefix(4).map(\.id) + (found.count > 4 ? ["…"] : [])
      throw .usage(
        "\(found.count) sessions begin with \"\(word)\": \(names.joined(separator: ", ")). Write more of the id."
      )
    }
  }

  private func sessions(beginningWith word: String) throws(StoreError) -> [LedgerSession] {
    var found: [LedgerSession] = []
    var skipped = 0
    while true {
      let page = try sessions(limit: Self.pageCount, skipping: skipped)
      found += page.filter { $0.id.utf8.starts(with: word.utf8) }
      skipped += page.count
      if page.count < Self.pageCount { return found }
    }
  }
}

/// What a command says where there is no ledger yet.
let noRunsYet = CommandError.usage("No runs were recorded yet. Start one: martlet run \"…\"")
