// Document.swift — a document of this machine, as it is kept in the index.

/// A document on its way into the index.
public struct NewDocument: Equatable, Sendable {
  /// Absolute.
  public var path: String
  public var title: String
  /// As a page shows it, UTF-8; links of HTML are marks such as 【0†text】.
  public var text: [UInt8]
  /// Where the links lead, by number.
  public var links: [String]
  /// By which a change is noticed.
  public var stamp: FileStamp

  public init(
    path: String, title: String, text: [UInt8], links: [String], stamp: FileStamp
  ) {
    self.path = path
    self.title = title
    self.text = text
    self.links = links
    self.stamp = stamp
  }
}

/// Size and time of a file when it was read.
public struct FileStamp: Equatable, Hashable, Sendable {
  public var bytes: Int64
  /// Nanoseconds since 1970.
  public var modified: Int64

  public init(bytes: Int64, modified: Int64) {
    self.bytes = bytes
    self.modified = modified
  }
}

/// A document out of the index.
public struct StoredDocument: Equatable, Sendable {
  public var path: String
  public var title: String
  /// As it was given.
  public var text: [UInt8]
  public var links: [String]
}

/// What a search found.
public struct DocumentHit: Equatable, Sendable {
  public var path: String
  public var title: String
  /// Some of the text around the first of the words, on one line.
  public var excerpt: String
}

/// A folder whose documents are indexed.
public struct DocumentFolder: Equatable, Sendable {
  /// Absolute.
  public var path: String
  public var documentCount: Int
  /// Of all texts together.
  public var textBytes: Int64
  public var indexed: UnixTime
}
