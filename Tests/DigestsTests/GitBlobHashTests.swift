// GitBlobHashTests.swift — git's names of contents.

import Digests
import Testing

@Suite struct `Git's name of a content` {
  /// What `git hash-object` says.
  @Test(arguments: [
    ("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
    ("hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
  ])
  func `agrees with git`(text: String, name: String) {
    var hash = GitBlobHash(byteCount: text.utf8.count)
    for byte in text.utf8 { withUnsafeBytes(of: byte) { hash.update($0) } }
    #expect(hash.finish() == name)
  }
}
