// PolicyLeaseCommands.swift — answers given in advance: add, list, revoke.

import Base
import Digests
import Glibc
import Policy
import Runtime
import Store
import ToolHost

extension Command {
  static let policyLeaseAdd = Command(
    name: "policy lease add",
    summary: "Answer in advance: yes to some calls of a tool, so often, for so long.",
    synopsis: "--tool NAME (--args MATCHERS | --exactly JSON) [--count N] [--for TIME]",
    details: """
      Where a rule asks and the call fits a lease, the lease answers, also where nobody can be asked.
      It answers asks of rules only: never a deny, a flow rule, a budget or a gate. It is bound to the
      policies in force in this workspace and to the tool's manifest: when one of them changes, the
      lease is void. Every use is recorded in the run's ledger. The base policy has to say
      ask: { remember: 'lease' }, and none of the others may refuse it.

      MATCHERS is written as the "args" of a rule: "any", or an object such as
      { url: { host: ['docs.example.com'] } }.
      """,
    options: [
      Option(name: "--tool", value: "NAME", help: "the tool's full name"),
      Option(name: "--args", value: "MATCHERS", help: "which arguments, as a rule says it"),
      Option(name: "--exactly", value: "JSON", help: "exactly these arguments"),
      Option(name: "--count", value: "N", help: "how many calls; default 1"),
      Option(name: "--for", value: "TIME", help: "90s, 30m, 8h or 30d; default 1h"),
      Option(name: "--tools", value: "DIR", help: "the folder of manifests that the run will name"),
    ] + Option.forPolicies,
    examples: [
      Example(
        command: "./martlet policy lease add --tool mcp.files.read --args any --count 20 --for 8h",
        meaning: "the next twenty reads are not asked about, today, in this workspace")
    ]
  ) { arguments in
    let lease = try LeaseRequest(arguments)
    let path = Places.ofThisProcess().policyRecordsPath
    let kept = try Stores.telling { () throws(StoreError) in
      try PolicyRecords(path: path).add(lease.terms)
    }
    Output.line("Lease \(kept.id): \(LeaseLine.text(kept))")
    return .success
  }

  static let policyLeaseList = Command(
    name: "policy lease list",
    summary: "The leases that were given, with what is left of them.",
    synopsis: "[--json]",
    options: [Option(name: "--json", help: "one JSON object a line")],
    examples: [
      Example(
        command: "./martlet policy lease list", meaning: "number, tool, arguments, what is left")
    ]
  ) { arguments in
    guard let records = try Stores.policyRecords() else { return .success }
    let leases = try Stores.telling { () throws(StoreError) in try records.leases() }
    let now = UnixTime.now()
    for lease in leases {
      guard arguments.has("--json") else {
        Output.line(
          "\(lease.id)  \(LeaseLine.text(lease))\(lease.isLive(at: now) ? "" : "  (over)")")
        continue
      }
      Output.jsonLine(LeaseLine.json(lease, isLive: lease.isLive(at: now)))
    }
    return .success
  }

  static let policyLeaseRevoke = Command(
    name: "policy lease revoke",
    summary: "Take leases back; nothing of them stays in the file.",
    synopsis: "NUMBER… | --all",
    options: [Option(name: "--all", help: "every lease")],
    positionalCount: 0...1_000,
    examples: [
      Example(command: "./martlet policy lease revoke 3", meaning: "lease 3 answers no more")
    ]
  ) { arguments in
    guard arguments.has("--all") != !arguments.positional.isEmpty else {
      throw CommandError.usage("Name the leases by their numbers, or say --all.")
    }
    var ids: [Int64] = []
    for word in arguments.positional {
      guard let id = Int64(word), id > 0 else {
        throw CommandError.usage(
          "\"\(word)\" is no number of a lease. See: martlet policy lease list")
      }
      ids.append(id)
    }
    let path = Places.ofThisProcess().policyRecordsPath
    guard access(path, F_OK) == 0 else {
      guard ids.isEmpty else { throw CommandError(StoreError.leaseUnknown(id: ids[0])) }
      return .success
    }
    let named = ids
    let revoked = try Stores.telling { () throws(StoreError) in
      let records = try PolicyRecords(path: path)
      let ids = named.isEmpty ? try records.leases().map(\.id) : named
      try records.revoke(ids)
      return Set(ids).count
    }
    Output.line(revoked == 1 ? "1 lease is revoked." : "\(revoked) leases are revoked.")
    return .success
  }
}

/// What `policy lease add` is asked for, checked.
private struct LeaseRequest {
  let terms: NewLease

  init(_ arguments: Arguments) throws(CommandError) {
    let tool = try arguments.required("--tool")
    let workspace = try arguments.rehearsalWorkspace()
    let engine = try arguments.policies(workspace: workspace)
    guard engine.allowsLeases else {
      throw .usage(
        "The policies in force allow no leases: the base has to say ask: { remember: 'lease' }, and no "
          + "other may say less. See: martlet policy check </dev/null")
    }
    let text: String
    switch (arguments["--args"], arguments["--exactly"]) {
    case (let matchers?, nil): text = matchers
    case (nil, let json?): text = "=" + json
    default: throw .usage("Say which arguments: --args MATCHERS, or --exactly JSON.")
    }
    do throws(PolicyError) {
      _ = try LeasePattern(tool: tool, arguments: text, variables: engine.variables)
    } catch {
      throw .usage(error.description)
    }
    let count = try arguments.integer("--count", in: 1...LeaseTerms.usesMax) ?? 1
    let time = arguments["--for"] ?? "1h"
    guard let seconds = ApprovalText.seconds(time) else {
      throw .usage(
        "--for takes a time such as 90s, 30m, 8h or 30d, a year at most; \"\(time)\" is none.")
    }
    let now = UnixTime.now()
    terms = NewLease(
      tool: tool, arguments: text, policy: SHA256.digest(of: engine.revisionBytes),
      manifest: try Self.manifest(of: tool, arguments["--tools"]), usesLeft: count,
      expires: UnixTime(milliseconds: now.milliseconds + Int64(seconds) * 1000), created: now,
      origin: "command")
  }

  /// The digest of the manifest that offers the tool; empty for tools without one.
  private static func manifest(
    of tool: String, _ folder: String?
  ) throws(CommandError) -> String {
    do throws(ToolHostError) {
      let folders = (folder.map { [$0] } ?? []) + Places.ofThisProcess().toolsFolders
      return try ToolCatalog(folders: folders).resolve(tool)?.manifest.digest ?? ""
    } catch {
      throw .usage(error.description)
    }
  }
}

/// A lease as people and programs read it.
private enum LeaseLine {
  static func text(_ lease: Lease) -> String {
    let terms = lease.terms
    let uses = terms.usesLeft == 1 ? "1 call" : "\(terms.usesLeft) calls"
    return "\(terms.tool.plain) \(terms.arguments.oneLine(lengthMax: 200)): \(uses) until "
      + terms.expires.shortText
  }

  static func json(_ lease: Lease, isLive: Bool) -> JSONValue {
    [
      "lease": .number(.integer(lease.id)), "tool": .string(lease.terms.tool),
      "arguments": .string(lease.terms.arguments),
      "uses_left": .number(.integer(Int64(lease.terms.usesLeft))),
      "expires": .string(lease.terms.expires.isoText), "live": .bool(isLive),
      "policy": .string(lease.terms.policy.hex), "origin": .string(lease.terms.origin),
    ]
  }
}
