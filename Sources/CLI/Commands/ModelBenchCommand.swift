// ModelBenchCommand.swift — how fast a model runs here, beside the machine's limits and a peer.

import Base
import Glibc
import Inference
import ModelFiles
import Runtime

extension Command {
  static let modelBench = Command(
    name: "model bench",
    summary: "Measure prefill and decode, beside this machine's limits.",
    synopsis: "--model PATH [--contexts LIST] [--compare LLAMA_BENCH --peer-model GGUF]",
    details: """
      One CSV line for each context: tokens a second of prefill from nothing, tokens a second of decode
      after it, the bytes of weights that a decoded token reads, and what share of the memory's read speed
      that makes; resident memory at its highest. The machine's limits are probed before and after each
      repetition, since they change from minute to minute; a share is of the larger.
      With --compare, llama-bench runs in turn with each line, and the ratio is printed.
      Stop everything else on the machine first.
      """,
    options: [
      .model,
      Option(
        name: "--contexts", value: "LIST", help: "tokens of prompts, as 128,512; default: 128,512"),
      Option(name: "--decode", value: "N", help: "tokens to decode after each; default: 32"),
      Option(name: "--repeat", value: "N", help: "times, of which the best counts; default: 3"),
      Option(name: "--compare", value: "PATH", help: "llama.cpp's llama-bench"),
      Option(name: "--peer-model", value: "GGUF", help: "what it runs; default: the same model"),
      .precision, .threads,
      Option(
        name: "--instructions", value: "NAME",
        help: "scalar, avx2 or avx512; default: the widest that this machine has"),
    ],
    examples: [
      Example(
        command: "./martlet model bench --model gpt-oss-20b --contexts 128,512,4096",
        meaning: "three lines of CSV"),
      Example(
        command: "./martlet model bench --model gpt-oss-20b.gguf --compare ./llama-bench",
        meaning: "the same beside llama.cpp, in turn"),
    ]
  ) { arguments in
    try BenchRun(arguments).run()
  }
}

/// One call of `model bench`.
private struct BenchRun {
  let arguments: Arguments
  let contexts: [Int]
  let decodeCount: Int
  let repeatCount: Int
  let peer: PeerBench?

  init(_ arguments: Arguments) throws(CommandError) {
    self.arguments = arguments
    var contexts: [Int] = []
    for word in (arguments["--contexts"] ?? "128,512").split(separator: ",") {
      guard let count = Int(word), count > 0 else {
        throw .usage("--contexts takes numbers separated by commas; \"\(word)\" is not one.")
      }
      contexts.append(count)
    }
    self.contexts = contexts
    decodeCount = try arguments.integer("--decode", in: 1...100_000) ?? 32
    repeatCount = try arguments.integer("--repeat", in: 1...100) ?? 3
    if let program = arguments["--compare"] {
      let model = arguments["--peer-model"] ?? arguments["--model"]
      peer = PeerBench(program: program, model: Opening.path(model ?? ""))
    } else {
      peer = nil
    }
  }

  func run() throws -> ExitCode {
    let model = try Opening.model(arguments, try options())
    let engine = model.engine
    Progress.line("\(engine.threadCount) threads; precision \(engine.precision.rawValue)")
    Output.line(
      "context,prefill_tok_s,prefill_products,product_limit,prefill_share,decode_tok_s,decode_bytes,"
        + "decode_gb_s,read_limit_gb_s,decode_share,resident_gb"
        + (peer == nil ? "" : ",peer_prefill_tok_s,prefill_ratio,peer_decode_tok_s,decode_ratio"))
    for context in contexts {
      var prefill = Best(), decode = Best(), peerPrefill = Best(), peerDecode = Best()
      var before = try Opening.loading { try engine.probeMachine() }
      for _ in 0..<repeatCount {
        let speeds = try measure(engine, context)
        let after = try Opening.loading { try engine.probeMachine() }
        prefill.take(speeds.prefill, limit: max(before.productsPerSecond, after.productsPerSecond))
        decode.take(speeds.decode, limit: max(before.readBytesPerSecond, after.readBytesPerSecond))
        before = after
        if let peer {
          let speeds = try peer.measure(context, decodeCount, threads: engine.threadCount)
          peerPrefill.take(speeds.prefill)
          peerDecode.take(speeds.decode)
          before = try Opening.loading { try engine.probeMachine() }
        }
      }
      let products = prefill.speed * Double(engine.prefillProductCount)
      let bytes = decode.speed * Double(engine.decodeByteCount)
      var fields = [
        "\(context)", Self.text(prefill.speed), Self.text(products / 1e9),
        Self.text(prefill.limit / 1e9), Self.text(products / prefill.limit),
        Self.text(decode.speed), "\(engine.decodeByteCount)", Self.text(bytes / 1e9),
        Self.text(decode.limit / 1e9), Self.text(bytes / decode.limit),
        Self.text(Self.residentGigabytes),
      ]
      if peer != nil {
        fields += [
          Self.text(peerPrefill.speed), Self.text(prefill.speed / peerPrefill.speed),
          Self.text(peerDecode.speed), Self.text(decode.speed / peerDecode.speed),
        ]
      }
      Output.line(fields.joined(separator: ","))
    }
    return .success
  }

  private func options() throws(CommandError) -> InferenceOptions {
    var options = try arguments.inferenceOptions()
    if let name = arguments["--instructions"] {
      let names = InstructionSet.allCases.map(\.rawValue)
      guard let instructions = InstructionSet(rawValue: name) else {
        throw .usage(
          "--instructions is one of: \(names.joined(separator: ", ")); \"\(name)\" is not.")
      }
      options.instructions = instructions
    }
    return options
  }

  /// One prompt from nothing, and some tokens after it.
  private func measure(_ engine: InferenceEngine, _ context: Int) throws -> Speeds {
    let limit = context + decodeCount
    let session = try Opening.loading { try InferenceSession(engine: engine, contextLimit: limit) }
    let size = Int32(clamping: engine.configuration.vocabularySize)
    var random = SplitMix64(seed: 7)
    var tokens = (0..<limit).map { _ in TokenID(Int32(random.next() % UInt64(size))) }
    let rest = tokens[context...]
    tokens.removeLast(decodeCount)
    if peer != nil {
      // The other program's weights may have driven ours out of memory.
      let warm = try Opening.loading { try InferenceSession(engine: engine, contextLimit: limit) }
      _ = try warm.logits(after: tokens)
    }
    let clock = ContinuousClock()
    let prefill = try clock.measure { _ = try session.logits(after: tokens) }
    let decode = try clock.measure {
      for token in rest {
        tokens.append(token)
        _ = try session.logits(after: tokens)
      }
    }
    return Speeds(
      prefill: Double(context) / (prefill / .seconds(1)),
      decode: Double(decodeCount) / (decode / .seconds(1)))
  }

  /// Three significant digits or more.
  static func text(_ number: Double) -> String {
    guard number.isFinite else { return "" }
    let scale: Double = number >= 100 ? 1 : number >= 10 ? 10 : number >= 1 ? 100 : 1000
    let rounded = (number * scale).rounded() / scale
    return scale == 1 ? "\(Int(rounded))" : "\(rounded)"
  }

  /// The most that this process ever had in memory.
  private static var residentGigabytes: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) * 1024 / 1e9
  }
}

/// Tokens a second.
private struct Speeds {
  let prefill: Double
  let decode: Double
}

/// The best of some repetitions, and the machine's limit at that time.
private struct Best {
  var speed = 0.0
  var limit = Double.nan

  mutating func take(_ speed: Double, limit: Double = .nan) {
    guard speed > self.speed else { return }
    self = Best(speed: speed, limit: limit)
  }
}

/// llama.cpp's own benchmark, as another program.
private struct PeerBench {
  let program: String
  let model: String

  /// Runs it once for a prompt of `context` tokens and `decodeCount` tokens after it.
  func measure(
    _ context: Int, _ decodeCount: Int, threads: Int
  ) throws(CommandError) -> Speeds {
    let words = [
      program, "-m", model, "-t", "\(threads)", "-p", "\(context)", "-n", "0", "-r", "1", "-o",
      "jsonl",
    ]
    let prefill = try rate(words)
    let decode = try rate(
      [program, "-m", model, "-t", "\(threads)", "-p", "0", "-n", "\(decodeCount)"]
        + ["-d", "\(context)", "-r", "1", "-o", "jsonl"])
    return Speeds(prefill: prefill, decode: decode)
  }

  /// The tokens a second that it reports.
  private func rate(_ words: [String]) throws(CommandError) -> Double {
    let command = words.map { "'" + $0.replacing("'", with: "'\\''") + "'" }.joined(separator: " ")
    guard let pipe = popen("exec \(command) 2>/dev/null", "r") else {
      throw .usage("\(program) could not be started.")
    }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&buffer, 1, buffer.count, pipe)
      guard count > 0, output.count < 1 << 22 else { break }
      output += buffer[..<count]
    }
    let status = pclose(pipe)
    let text = String(decoding: output, as: UTF8.self)
    let lines = text.split(separator: "\n").compactMap { line in
      try? JSONReader.value(String(line), source: program)
    }
    guard status == 0, let speed = lines.compactMap({ $0["avg_ts"]?.doubleValue }).last else {
      throw .usage("\(program) gave no figure. Try by hand: \(command)")
    }
    return speed
  }
}
