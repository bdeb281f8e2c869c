// Bench.swift — what a start costs: ours in both tiers, bubblewrap, and no sandbox at all, in turn, so
// that a busy machine is busy for all of them.
//
// Prints CSV: what, count, min, p50, p90 in milliseconds from spawn to reaped status.

import Glibc
import Sandbox

struct Bench {
  let count: Int
  private var times: [String: [Double]] = [:]
  private var order: [String] = []

  init(count: Int) { self.count = count }

  /// /bin/true, `count` times each.
  mutating func starts() async {
    guard let full = Self.plan("closed", nil) else { return }
    let container = geteuid() == 0 ? nil : Self.plan("container", .landlock)
    let bubblewrap = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    for _ in 0..<count {
      bare("bare", ["true"])
      await walled("martlet full", full, ["/bin/true"])
      bare("bwrap --unshare-all", bubblewrap)
      if let container { await walled("martlet landlock", container, ["/bin/true"]) }
    }
    report()
  }

  /// `python3 -c pass`, bare and walled.
  mutating func python() async {
    guard let plan = Self.plan("python", nil) else { return }
    for _ in 0..<count {
      bare("bare python3", ["/usr/bin/python3", "-c", "pass"])
      await walled("martlet python3", plan, ["/usr/bin/python3", "-c", "pass"])
    }
    report()
  }

  /// Where the time of a start goes: medians of the steps.
  mutating func steps(_ tier: SandboxTier) async {
    guard let plan = Self.plan("container", tier) else { return }
    var last: [String: [Double]] = [:]
    var names: [String] = []
    for _ in 0..<count {
      let command = SandboxCommand(["/bin/true"], isTraced: true)
      guard let outcome = try? await plan.run(command).outcome else { return }
      var before = Duration.zero
      for (step, time) in outcome.steps {
        if !names.contains(step.rawValue) { names.append(step.rawValue) }
        last[step.rawValue, default: []].append(Self.milliseconds(time - before))
        before = time
      }
      for (name, time) in [("(ready)", outcome.timeToReady), ("(total)", outcome.timeTotal)] {
        if !names.contains(name) { names.append(name) }
        last[name, default: []].append(Self.milliseconds(time))
      }
    }
    (times, order) = (last, names)
    report()
  }

  private static func plan(_ name: String, _ tier: SandboxTier?) -> SandboxPlan? {
    do {
      let profile = try SandboxProfile(named: name, in: ["Sandboxes"])
      let folders = ["workspace": "/tmp/martlet-bench-\(getuid())"]
      mkdir(folders["workspace"] ?? "", 0o755)
      return try SandboxPlan(profile, folders: folders, wall: .find(), tier: tier)
    } catch {
      print(error)
      return nil
    }
  }

  private mutating func walled(_ name: String, _ plan: SandboxPlan, _ words: [String]) async {
    let start = ContinuousClock.now
    let result = try? await plan.run(SandboxCommand(words))
    note(name, .now - start)
    if result?.outcome.verdict != .exited(code: 0) { print("failed:", result as Any) }
  }

  private mutating func bare(_ name: String, _ words: [String]) {
    let start = ContinuousClock.now
    var process: pid_t = 0
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    guard posix_spawnp(&process, words[0], nil, nil, &arguments, environ) == 0 else { return }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    note(name, .now - start)
    if status != 0 { print("failed:", words) }
  }

  private mutating func note(_ name: String, _ time: Duration) {
    if !order.contains(name) { order.append(name) }
    times[name, default: []].append(Self.milliseconds(time))
  }

  private static func milliseconds(_ time: Duration) -> Double {
    Double(time.components.seconds) * 1e3 + Double(time.components.attoseconds) / 1e15
  }

  private func report() {
    print("what,count,min_ms,p50_ms,p90_ms")
    for name in order {
      let sorted = (times[name] ?? []).sorted()
      guard !sorted.isEmpty else { continue }
      let figures = [sorted[0], sorted[sorted.count / 2], sorted[sorted.count * 9 / 10]]
      let text = figures.map { String(($0 * 1000).rounded() / 1000) }.joined(separator: ",")
      print("\(name),\(sorted.count),\(text)")
    }
  }
}
