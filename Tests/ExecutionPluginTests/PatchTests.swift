// PatchTests.swift — patches as the model writes them, well and badly.

import ExecutionPlugin
import Testing

@Suite struct `A patch` {
  /// Applies `patch` to `files` and returns the files that result.
  private func apply(_ patch: String, to files: [String: String]) throws -> [String: String] {
    let changes = try PatchApplier.changes(of: try PatchParser.parse(patch)) { path in
      files[path].map { Array($0.utf8) }
    }
    var files = files
    for change in changes {
      files[change.path] = change.after.map { String(decoding: $0, as: UTF8.self) }
    }
    return files
  }

  private func update(_ hunks: String, _ text: String) throws -> String? {
    try apply("*** Begin Patch\n*** Update File: f\n\(hunks)\n*** End Patch", to: ["f": text])["f"]
  }

  @Test func `adds, deletes, updates and moves files`() throws {
    let patch = """
      *** Begin Patch
      *** Add File: new.txt
      +one
      +
      +two
      *** Delete File: old.txt
      *** Update File: a.txt
      *** Move to: b.txt
      @@
       keep
      -drop
      +put
      *** End Patch
      """
    let files = try apply(patch, to: ["old.txt": "x\n", "a.txt": "keep\ndrop\nend\n"])
    #expect(files == ["new.txt": "one\n\ntwo\n", "b.txt": "keep\nput\nend\n"])
  }

  @Test func `finds its place by anchors, in order`() throws {
    let text = "class A:\n  def f():\n    pass\nclass B:\n  def f():\n    pass\n"
    let hunks = "@@ class B:\n@@   def f():\n-    pass\n+    return 1"
    #expect(
      try update(hunks, text)
        == "class A:\n  def f():\n    pass\nclass B:\n  def f():\n    return 1\n")
  }

  @Test func `forgives white space in context and keeps the file's own`() throws {
    #expect(try update(" a\n-b\n+c", "a  \n\tb\nz\n") == "a  \nc\nz\n")
  }

  @Test func `reads an empty line as an empty context line`() throws {
    #expect(try update(" a\n\n-b\n+c", "a\n\nb\n") == "a\n\nc\n")
  }

  @Test func `keeps line ends and a missing last newline`() throws {
    #expect(try update("-b\n+c\n+d", "a\r\nb\r\n") == "a\r\nc\r\nd\r\n")
    #expect(try update("-b\n+c", "a\nb") == "a\nc")
  }

  @Test func `changes the last of equal places when it says end of file`() throws {
    #expect(try update("-x\n+y\n*** End of File", "x\nm\nx\n") == "x\nm\ny\n")
  }

  @Test func `appends lines that have no context`() throws {
    #expect(try update("+z", "a\n") == "a\nz\n")
    #expect(try update("+z", "") == "z\n")
  }

  @Test func `applies hunks in order, each after the one before`() throws {
    #expect(try update("@@\n-x\n+1\n@@\n-x\n+2", "x\nx\nx\n") == "1\n2\nx\n")
  }

  @Test(arguments: [
    ("", "The patch must begin with the line \"*** Begin Patch\"."),
    ("*** Begin Patch\n*** Delete File: f", "The patch must end with the line \"*** End Patch\"."),
    ("*** Begin Patch\n*** End Patch", "The patch changes no file."),
    (
      "*** Begin Patch\n*** Delete File: f\n*** Delete File: f\n*** End Patch",
      "The patch names f twice; join its changes in one section."
    ),
    (
      "*** Begin Patch\n*** Rename File: f\n*** End Patch",
      "Line 2 of the patch is \"*** Rename File: f\"; \"*** Add File: \", \"*** Delete File: \" or \"*** Update File: \" should be there."
    ),
    (
      "*** Begin Patch\n*** Add File: g\nhello\n*** End Patch",
      "Line 3 of the patch is \"hello\"; a line that begins with \"+\" should be there."
    ),
    (
      "*** Begin Patch\n*** Update File: g\n-a\n*** End Patch",
      "g does not exist, so it cannot be updated or deleted."
    ),
    (
      "*** Begin Patch\n*** Add File: f\n+a\n*** End Patch",
      "f exists already; update it instead of adding it."
    ),
    ("*** Begin Patch\n*** Update File: f\n*** End Patch", "The update of f has no changed line."),
    (
      "*** Begin Patch\n*** Update File: f\n@@ nowhere\n-a\n*** End Patch",
      "f has no line \"nowhere\" after the place of the previous hunk."
    ),
    (
      "*** Begin Patch\n*** Update File: f\n a\n-q\n*** End Patch",
      "f does not hold these lines in this order:\na\nq"
    ),
    (
      "*** Begin Patch\n*** Update File: f\n-a\n*** End Patch\nbye",
      "Line 5 of the patch is \"bye\"; nothing more should be there."
    ),
  ])
  func `that is wrong says what is wrong`(patch: String, sentence: String) {
    #expect {
      _ = try apply(patch, to: ["f": "a\nb\n"])
    } throws: { error in
      (error as? PatchError)?.description == sentence
    }
  }

  @Test func `never names bytes that are not text`() throws {
    let patch = try PatchParser.parse("*** Begin Patch\n*** Update File: f\n-a\n*** End Patch")
    #expect(throws: PatchError.notText("f")) {
      try PatchApplier.changes(of: patch) { _ in [0xFF, 0xFE] }
    }
  }
}
