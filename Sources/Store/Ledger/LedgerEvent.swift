// LedgerEvent.swift — what goes into a ledger and what comes out.

public import Base
public import Digests

/// One event to be recorded.
public struct LedgerEntry: Equatable, Sendable {
  /// What happened, as the caller names it: "tool.called".
  public var kind: String
  public var time: UnixTime
  /// Small fields that may stay for ever and be shown to anyone who may see the ledger. They cannot
  /// be erased: what a person wrote, a model said or a tool answered goes into a body.
  public var header: JSONValue
  public var bodies: [LedgerBody]

  public init(kind: String, time: UnixTime, header: JSONValue, bodies: [LedgerBody] = []) {
    self.kind = kind
    self.time = time
    self.header = header
    self.bodies = bodies
  }
}

/// Private bytes that belong to an event: a prompt, sampled tokens, a tool's answer.
public struct LedgerBody: Equatable, Sendable {
  /// What the bytes are to the event: "arguments".
  public var name: String
  public var content: [UInt8]

  public init(name: String, content: [UInt8]) {
    self.name = name
    self.content = content
  }
}

/// A recorded event, without the contents of its bodies.
public struct LedgerEvent: Equatable, Sendable {
  /// A body, named; its content is behind ``Ledger/content(of:)``.
  public struct BodyReference: Equatable, Sendable {
    public var name: String
    /// The salted digest under which the content is stored.
    public var digest: Digest

    public init(name: String, digest: Digest) {
      self.name = name
      self.digest = digest
    }
  }

  public var session: String
  /// Position in the session, from 1, without gaps.
  public var sequence: Int
  public var kind: String
  public var time: UnixTime
  public var header: JSONValue
  public var bodies: [BodyReference]
  /// Covers the event and, through the event before it, everything before.
  public var hash: Digest

  public init(
    session: String, sequence: Int, kind: String, time: UnixTime, header: JSONValue,
    bodies: [BodyReference], hash: Digest
  ) {
    self.session = session
    self.sequence = sequence
    self.kind = kind
    self.time = time
    self.header = header
    self.bodies = bodies
    self.hash = hash
  }
}

/// A session as the ledger lists it.
public struct LedgerSession: Equatable, Sendable {
  public var id: String
  public var time: UnixTime
  public var header: JSONValue
  public var eventCount: Int

  public init(id: String, time: UnixTime, header: JSONValue, eventCount: Int) {
    self.id = id
    self.time = time
    self.header = header
    self.eventCount = eventCount
  }
}

/// What a body's digest leads to.
public enum LedgerContent: Equatable, Sendable {
  case present([UInt8])
  /// Someone had it erased; that it was there, and its digest, remain.
  case erased
  /// No such body was ever recorded here.
  case unknown
}

/// Where a session's chain ended at some moment: a short value to keep outside the file.
public struct LedgerHead: Equatable, Sendable {
  public var session: String
  public var eventCount: Int
  /// The hash of the event at `eventCount`; the session's begin hash for 0.
  public var hash: Digest

  public init(session: String, eventCount: Int, hash: Digest) {
    self.session = session
    self.eventCount = eventCount
    self.hash = hash
  }
}
