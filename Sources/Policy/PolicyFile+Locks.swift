// PolicyFile+Locks.swift — "lock": places that later layers may not mention.

extension PolicyNode {
  /// "lock": each entry has to name something that there is, or a whole section.
  func locks(in root: PolicyNode) throws(PolicyError) -> [Lock] {
    var locks: [Lock] = []
    for node in try list() {
      let text = try node.text()
      let components = text.split(separator: "/", omittingEmptySubsequences: false)
        .dropFirst().map(String.init)
      let isKnown =
        Lock.lockable.contains { $0.elementsEqual(components) }
        || root.node(at: components) != nil
      guard text.utf8.first == UInt8(ascii: "/"), !components.contains(""), isKnown else {
        throw node.error(.noSuchLockTarget(text))
      }
      locks.append(Lock(text: text, components: components))
    }
    return locks
  }
}

extension Lock {
  /// What can be locked though the file itself says nothing about it.
  static let lockable: [[String]] =
    [
      "defaults", "ask", "refusals", "sandbox", "labels", "origins", "effects", "flow", "rules",
      "budgets",
      "models", "cloud", "audit",
    ].map { [$0] } + [
      ["defaults", "ask"], ["sandbox", "minimum"], ["labels", "sources"], ["labels", "content"],
      ["cloud", "enabled"], ["cloud", "endpoints"], ["cloud", "reasons"], ["cloud", "denyLabels"],
      ["cloud", "redact"], ["cloud", "stripToolOutput"],
    ]

  /// The place in a later file that the lock forbids, if the file mentions it.
  func violation(in root: PolicyNode) -> PolicyNode? {
    if let node = root.node(at: components), !isNoOpinion(node) { return node }
    // "ask" at the top is the short form of "ask" in "defaults".
    if components.first == "defaults", components.count == 1 || components[1] == "ask" {
      return root.node(at: ["ask"] + components.dropFirst(2))
    }
    return nil
  }

  /// `noMatch: "inherit"` says that the layer has no opinion, so it touches nothing.
  private func isNoOpinion(_ node: PolicyNode) -> Bool {
    switch (components, node.content) {
    case (["defaults"], .object(let members)):
      members.allSatisfy { member in
        guard member.key == "noMatch", case .string(let word) = member.node.content else {
          return false
        }
        return word == PolicyFile.NoMatch.inherit.rawValue
      }
    case (["defaults", "noMatch"], .string(let word)): word == PolicyFile.NoMatch.inherit.rawValue
    default: false
    }
  }
}
