// WallSpecification.swift — the wall's orders as bytes; the format is in wall_protocol.h.

import CSandbox

struct WallSpecification {
  private(set) var records: [UInt8] = []
  private(set) var recordCount: UInt32 = 0
  /// What each record was about, for messages: a failed step names its record, counted from 1.
  private(set) var subjects: [UInt32: String] = [:]
  var flags: UInt32 = 0
  /// Open files that keep what they lead to from being replaced by something of the same number.
  var held: [Descriptor] = []

  /// Header and records.
  var bytes: [UInt8] {
    var all: [UInt8] = []
    all.reserveCapacity(16 + records.count)
    all.append(number: UInt32(WALL_MAGIC))
    all.append(number: UInt32(16 + records.count))
    all.append(number: recordCount)
    all.append(number: flags)
    return all + records
  }

  mutating func identity(_ identity: SandboxIdentity) {
    add(WALL_TAG_IDENTITY) {
      $0.append(number: identity.outerUser)
      $0.append(number: identity.outerGroup)
      $0.append(number: identity.innerUser)
      $0.append(number: identity.innerGroup)
    }
  }

  mutating func name(_ name: String) { add(WALL_TAG_NAME) { $0.append(string: name) } }

  mutating func scratch(byteCountMax: UInt64, fileCountMax: UInt64) {
    add(WALL_TAG_SCRATCH) {
      $0.append(number: byteCountMax)
      $0.append(number: fileCountMax)
    }
  }

  mutating func mount(_ mount: PlannedMount, device: UInt64, inode: UInt64) {
    var flags: UInt32 = mount.access == .write ? WALL_MOUNT_WRITE.rawValue : 0
    switch mount.kind {
    case .folder: break
    case .file: flags |= WALL_MOUNT_FILE.rawValue
    case .device: flags |= WALL_MOUNT_DEVICE.rawValue
    case .emptyFolder: flags |= WALL_MOUNT_EMPTY.rawValue
    case .emptyFile: flags |= WALL_MOUNT_EMPTY.rawValue | WALL_MOUNT_FILE.rawValue
    }
    add(WALL_TAG_MOUNT, flags: UInt16(flags), about: mount.source) {
      $0.append(number: device)
      $0.append(number: inode)
      $0.append(string: mount.source)
      $0.append(string: mount.target)
    }
  }

  /// The least ABI of Landlock.
  mutating func landlock(least: Int) {
    add(WALL_TAG_LANDLOCK, about: "Landlock's ABI \(least)") { $0.append(number: UInt32(least)) }
  }

  mutating func link(_ path: String, to content: String) {
    add(WALL_TAG_LINK, about: path) {
      $0.append(string: path)
      $0.append(string: content)
    }
  }

  mutating func file(_ path: String, _ text: String) {
    add(WALL_TAG_FILE, about: path) {
      $0.append(string: path)
      $0 += text.utf8
    }
  }

  /// `resource` is a RLIMIT_ number of this architecture.
  mutating func limit(_ resource: UInt32, _ value: UInt64) {
    add(WALL_TAG_LIMIT, about: "limit \(resource)") {
      $0.append(number: UInt64(resource))
      $0.append(number: value)
    }
  }

  mutating func variable(_ name: String, _ value: String) {
    add(WALL_TAG_VARIABLE) { $0.append(string: "\(name)=\(value)") }
  }

  mutating func argument(_ text: String) { add(WALL_TAG_ARGUMENT) { $0.append(string: text) } }

  mutating func folder(_ path: String) {
    add(WALL_TAG_FOLDER) { $0.append(string: path) }
  }

  mutating func controlGroups(_ count: Int) {
    add(WALL_TAG_CGROUP) { $0.append(number: UInt32(count)) }
  }

  private mutating func add(
    _ tag: wall_tag, flags: UInt16 = 0, about subject: String? = nil,
    _ fill: (inout [UInt8]) -> Void
  ) {
    var payload: [UInt8] = []
    fill(&payload)
    recordCount += 1
    subjects[recordCount] = subject
    records.append(number: UInt16(tag.rawValue))
    records.append(number: flags)
    records.append(number: UInt32(payload.count))
    records += payload
    records += [UInt8](repeating: 0, count: (8 - payload.count % 8) % 8)
  }
}

extension [UInt8] {
  fileprivate mutating func append(number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(string: String) {
    append(contentsOf: string.utf8)
    append(0)
  }
}
