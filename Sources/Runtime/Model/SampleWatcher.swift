// SampleWatcher.swift — tells what is being sampled, while it is.

import Base
import Harmony
import Planner

/// Tells what is being sampled.
struct SampleWatcher {
  private var parser: HarmonyParser
  private let news: AsyncStream<RunNews>.Continuation
  private var message: HarmonyMessage?
  private var count = 0
  private var kept: Int?

  init(parser: HarmonyParser, news: AsyncStream<RunNews>.Continuation) {
    self.parser = parser
    self.news = news
  }

  mutating func prefilled(_ done: Int, of total: Int) {
    // Each token that is sampled is a prompt of one more; only the first prompt is worth telling.
    guard count == 0 else { return }
    let kept = kept ?? done
    self.kept = kept
    news.yield(.progress(.prefill(done: done, total: total, kept: kept)))
  }

  mutating func sampled(_ token: TokenID) {
    count += 1
    for event in parser.handle(token) {
      switch event {
      case .messageBegan(let began): message = began
      case .content(let text):
        news.yield(
          .progress(
            .text(
              message?.channel.flatMap { ModelMessage.Channel(rawValue: $0.rawValue) },
              recipient: message?.recipient, text)))
      case .messageEnded: message = nil
      }
    }
    news.yield(.progress(.sampled(count)))
  }
}
