// ContentName+Checking.swift — the name that a content ought to have, from its bytes.

import Digests

extension ContentName {
  /// The name of the same kind that the bytes of `file` have.
  func recomputed(
    over file: PartialFile, whileTrue goesOn: () -> Bool
  ) -> Result<ContentName, FileProblem> {
    switch self {
    case .sha256:
      var hash = SHA256()
      let code = file.forEachChunk { bytes in
        hash.update(bytes)
        return goesOn()
      }
      return code == 0 ? .success(.sha256(hash.finish())) : .failure(FileProblem(errno: code))
    case .git:
      var hash = GitBlobHash(byteCount: file.byteCount)
      let code = file.forEachChunk { bytes in
        hash.update(bytes)
        return goesOn()
      }
      return code == 0 ? .success(.git(hash.finish())) : .failure(FileProblem(errno: code))
    }
  }
}
