// HubError.swift — why a model could not be fetched, and what to do about it.

public import Transfer

public enum HubError: Error, Equatable, Sendable {
  // What was typed, or set.
  case nameUnusable(String)
  case revisionUnusable(String)
  case fileUnusable(String)
  case endpointUnusable(String)
  case tokenUnreadable(path: String, reason: String)
  /// The token could not stand in a header. It is not repeated.
  case tokenUnusable(place: String)
  case offline(RepositoryName)

  // What the hub says.
  case repositoryNotFound(RepositoryName, hasToken: Bool)
  case revisionNotFound(RepositoryName, String)
  case fileNotFound(RepositoryName, String, known: [String])
  case gated(RepositoryName, hasToken: Bool)
  case unauthorized(WebOrigin, hasToken: Bool)
  case forbidden(WebOrigin, message: String)
  case rateLimited(WebOrigin, seconds: Int?)
  case serverFailed(WebOrigin, status: Int, message: String)
  case statusUnexpected(WebOrigin, status: Int, message: String)
  case nothingToLoad(RepositoryName)
  case fileMustBeNamed(RepositoryName, files: [String])

  // What does not fit together.
  case transfer(TransferError)
  case notAHub(WebOrigin, lacking: String)
  case answerUnusable(WebOrigin, String)
  case pathHostile(RepositoryName, String)
  case tooLarge(RepositoryName)
  /// A pinned file is not what the listing says.
  case changed(file: String, listed: String, found: String)
  case rangeWrong(file: String, WebOrigin)
  /// The server sends whole files only.
  case rangeIgnored(file: String, WebOrigin)
  case linkRefused(file: String, WebOrigin, status: Int)
  case damaged(file: String, expected: String, found: String)

  // This machine.
  case diskFull(folder: String, neededBytes: Int, freeBytes: Int)
  case cannotWrite(path: String, reason: String)
  case cannotRead(path: String, reason: String)
  case inUse(RepositoryName)
  case cancelled

  /// Whether the same may well succeed a little later.
  var isTransient: Bool {
    switch self {
    case .transfer(let error): error.isTransient
    case .rateLimited, .serverFailed: true
    default: false
    }
  }

  /// Whether there was no way to the server at all.
  var isUnreachable: Bool {
    switch self {
    case .transfer(.cannotResolve), .transfer(.cannotConnect), .transfer(.connectTimedOut): true
    default: false
    }
  }
}

extension HubError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .nameUnusable(let text):
      "\"\(text)\" names no model. Give one of \(ModelReference.shortNames.joined(separator: ", ")), "
        + "or ORG/NAME[@REVISION][:FILE]."
    case .revisionUnusable(let text):
      "\"\(text)\" is no revision, or not the only one given. Give a branch, a tag or a commit."
    case .fileUnusable(let text):
      "\"\(text)\" is no GGUF file of a repository. Give its path there: ORG/NAME:FILE.gguf"
    case .endpointUnusable(let text):
      "HF_ENDPOINT is \"\(text)\", which is no address of a hub. Give one such as "
        + "https://huggingface.co, without a user name."
    case .tokenUnreadable(let path, let reason): "The token in \(path) cannot be read: \(reason)."
    case .tokenUnusable(let place):
      "The token in \(place) is empty, or holds what no token can hold."
    case .offline(let repository):
      "\(repository) is not complete in the cache, and HF_HUB_OFFLINE forbids to fetch it."
    case .repositoryNotFound(let repository, let hasToken):
      hasToken
        ? "There is no model \(repository) that this token may see."
        : "There is no public model \(repository). If it is private, give a token: HF_TOKEN, or "
          + "--token-file FILE."
    case .revisionNotFound(let repository, let revision):
      "\(repository) has no revision \"\(revision)\"."
    case .fileNotFound(let repository, let file, let known):
      "\(repository) has no file \(file). " + Self.list(known)
    case .gated(let repository, let hasToken):
      hasToken
        ? "\(repository) is given only to those who accepted its terms. Accept them on its page."
        : "\(repository) is given only to those who accepted its terms. Accept them on its page, and "
          + "give a token: HF_TOKEN, or --token-file FILE."
    case .unauthorized(let origin, let hasToken):
      hasToken
        ? "\(origin) does not accept the token. Is it complete, and still valid?"
        : "\(origin) wants a token. Give one: HF_TOKEN, or --token-file FILE."
    case .forbidden(let origin, let message):
      "\(origin) forbids it\(Self.quoted(message)). The token may lack the right to read."
    case .rateLimited(let origin, let seconds):
      "\(origin) takes no more requests for now. Try again "
        + (seconds.map { "in \($0) s." } ?? "later.")
    case .serverFailed(let origin, let status, let message):
      "\(origin) failed with status \(status)\(Self.quoted(message)). Try again later."
    case .statusUnexpected(let origin, let status, let message):
      "\(origin) answered with status \(status)\(Self.quoted(message))."
    case .nothingToLoad(let repository):
      "\(repository) holds no model that can be loaded: no config.json with .safetensors beside it, "
        + "and no .gguf."
    case .fileMustBeNamed(let repository, let files):
      "\(repository) holds GGUF files. Name one: \(repository):FILE. " + Self.list(files)
    case .transfer(let error): error.description
    case .notAHub(let origin, let lacking):
      "\(origin) is no hub: its answer lacks \(lacking). Does a proxy or a login page stand between?"
    case .answerUnusable(let origin, let words): "The answer of \(origin) makes no sense: \(words)."
    case .pathHostile(let repository, let path):
      "\(repository) lists the path \"\(path)\", which would lead out of its folder. Nothing was "
        + "fetched."
    case .tooLarge(let repository):
      "\(repository) lists more than any model has. Nothing was fetched."
    case .changed(let file, let listed, let found):
      "\(file) is not what the listing of its commit says: \(listed) is listed, \(found) is served."
    case .rangeWrong(let file, let origin):
      "\(origin) answered with another part of \(file) than was asked for."
    case .rangeIgnored(let file, let origin):
      "\(origin) sends \(file) only as a whole, and broke it off too often."
    case .linkRefused(let file, let origin, let status):
      "\(origin) refuses the link to \(file) with status \(status), also a fresh one."
    case .damaged(let file, let expected, let found):
      "\(file) arrived damaged: its digest is \(found), and \(expected) is listed. What arrived was "
        + "removed; fetch it again."
    case .diskFull(let folder, let needed, let free):
      "\(folder) has too little room: \(needed) bytes are needed, \(free) are free. Make room, or set "
        + "HF_HOME to another disk."
    case .cannotWrite(let path, let reason): "\(path) cannot be written: \(reason)."
    case .cannotRead(let path, let reason): "\(path) cannot be read: \(reason)."
    case .inUse(let repository):
      "\(repository) is being fetched by another program. Wait for it, then try again."
    case .cancelled: "The download was broken off. The same command goes on where it stopped."
    }
  }

  private static func list(_ files: [String]) -> String {
    guard !files.isEmpty else { return "It has no .gguf file." }
    let shown = files.prefix(20).joined(separator: ", ")
    return "There is: \(shown)\(files.count > 20 ? ", and \(files.count - 20) more" : "")."
  }

  private static func quoted(_ message: String) -> String {
    message.isEmpty ? "" : ": \"\(message)\""
  }
}
