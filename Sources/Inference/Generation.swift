// Generation.swift — token after token, until something says stop.

public import Base
import ModelFiles

/// Why a generation ended.
public enum GenerationEnd: Equatable, Sendable {
  /// The last token is one of the stop tokens.
  case stopToken(TokenID)
  /// As many tokens as were asked for.
  case tokenLimit
  /// The context is full.
  case contextLimit
  /// The caller's `onToken` said so.
  case caller
}

/// What was generated, the stop token included.
public struct Generation: Equatable, Sendable {
  public var tokens: [TokenID]
  public var end: GenerationEnd

  public init(tokens: [TokenID], end: GenerationEnd) {
    self.tokens = tokens
    self.end = end
  }
}

extension InferenceSession {
  /// Samples tokens after `prefix` on the caller's thread.
  ///
  /// A token that the constraint leaves no choice about costs nothing: it is computed together with
  /// what comes after it, and the sampler moves on as if it had been drawn. Where the options ask for
  /// drafts, tokens that followed the same words before are computed together with the next one, and
  /// kept as far as they are what is sampled: the result is the same token by token.
  ///
  /// - Parameters:
  ///   - prefix: The whole history; what the session holds of it is not computed again.
  ///   - sampler: Moves on by one per token.
  ///   - stopTokens: Any of them ends the generation, and is the last token of it.
  ///   - tokenCountMax: Tokens to generate, at most.
  ///   - control: For the prompt's computation; its cancellation check is asked before each token
  ///     too.
  ///   - constraint: What may come next, given what was generated so far; nil for everything.
  ///   - onToken: Gets each token as it comes, and says whether to go on.
  /// - Returns: The tokens and why there are no more.
  /// - Throws: What `logits(after:control:)` and `Sampler.next` throw. Tokens that `onToken` got
  ///   stay sampled, and the session holds what it computed.
  public func generate(
    after prefix: [TokenID], sampler: inout Sampler, stopTokens: Set<TokenID>, tokenCountMax: Int,
    control: PrefillControl = PrefillControl(),
    constraint: (_ generated: [TokenID]) -> AllowedTokens? = { _ in nil },
    onToken: (TokenID) -> Bool = { _ in true }
  ) throws(InferenceError) -> Generation {
    let quiet = PrefillControl(isCancelled: control.isCancelled)
    let vocabulary = 0..<engine.configuration.vocabularySize
    var draft = Draft(tokenCountMax: engine.options.draftTokenCount)
    var isFirst = true
    var generated: [TokenID] = []
    while generated.count < tokenCountMax {
      // The token after a full context can still be sampled; what comes after it cannot.
      guard generated.isEmpty || prefix.count + generated.count <= contextLimit else {
        return Generation(tokens: generated, end: .contextLimit)
      }
      let allowed = constraint(generated)
      let token: TokenID
      if let forced = allowed?.single, vocabulary.contains(forced.index) {
        sampler.skip()
        token = forced
      } else {
        let logits: [Float]
        if let row = draft.rows.first {
          logits = row
        } else {
          let text = prefix + generated
          let room = min(contextLimit - text.count, tokenCountMax - generated.count - 1)
          draft.propose(after: text, tokenCountMax: isFirst ? 0 : room)
          if draft.tokens.isEmpty {
            logits = try self.logits(after: text, control: isFirst ? control : quiet)
          } else {
            guard !control.isCancelled() else {
              throw .cancelled(done: tokens.count, total: text.count)
            }
            draft.rows = try self.logits(
              afterLast: draft.tokens.count + 1, of: text + draft.tokens)
            logits = draft.rows[0]
          }
        }
        isFirst = false
        token = try sampler.next(
          logits, allowed: allowed, after: prefix.count + generated.count)
      }
      draft.take(token)
      generated.append(token)
      let goOn = onToken(token)
      if stopTokens.contains(token) { return Generation(tokens: generated, end: .stopToken(token)) }
      guard goOn else { return Generation(tokens: generated, end: .caller) }
    }
    return Generation(tokens: generated, end: .tokenLimit)
  }
}

/// Tokens that may come next, because they came after the same words before; and their logits.
///
/// Source: Saxena 2023, "Prompt Lookup Decoding".
private struct Draft {
  /// What is proposed and was not sampled yet.
  var tokens: [TokenID] = []
  /// Logits for the next token, and after each of `tokens`; empty where nothing is proposed.
  var rows: [[Float]] = []
  private let tokenCountMax: Int
  private var proposedCount = 0
  private var acceptedCount = 0

  /// Tokens in a row that have to have been there before.
  private static let matchCount = 3
  /// How far back is looked for them.
  private static let lookBack = 1 << 14

  init(tokenCountMax: Int) { self.tokenCountMax = tokenCountMax }

  /// Proposes what followed the last few tokens when they stood in `text` last. Where proposals have
  /// mostly been wrong, only now and then.
  mutating func propose(after text: [TokenID], tokenCountMax limit: Int) {
    tokens = []
    let count = min(tokenCountMax, limit)
    guard count > 0, text.count > Self.matchCount else { return }
    if proposedCount >= 64 {
      proposedCount /= 2
      acceptedCount /= 2
    }
    if proposedCount >= 16, acceptedCount * 2 < proposedCount, text.count % 16 != 0 { return }
    let tail = text.suffix(Self.matchCount)
    let lowest = max(0, text.count - Self.lookBack)
    for start in stride(from: text.count - Self.matchCount - 1, through: lowest, by: -1)
    where text[start] == tail[tail.startIndex] && text[start..<start + tail.count] == tail {
      tokens = Array(text[(start + tail.count)...].prefix(count))
      break
    }
    proposedCount += tokens.count
  }

  /// Keeps what was proposed as far as it is sampled.
  mutating func take(_ token: TokenID) {
    guard !rows.isEmpty else { return }
    if tokens.first == token {
      tokens.removeFirst()
      rows.removeFirst()
      acceptedCount += 1
    } else {
      tokens = []
      rows = []
    }
  }
}
