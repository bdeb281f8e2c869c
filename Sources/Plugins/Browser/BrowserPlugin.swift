// BrowserPlugin.swift — the browser as an MCP server: `martlet tool serve browser`.

import CMarkup
import Glibc
import Tokenizer

/// The plugin that reads what strangers wrote. It has no network of its own: the host's broker makes its
/// connections, where it was started with one.
public enum BrowserPlugin {
  /// What ``serve(_:)`` can serve.
  public static let names = ["browser"]

  /// Serves the browser over standard input and output until the input ends.
  ///
  /// `fetcher`: Of the network; nil for the host's broker, and for none where there is none.
  /// Returns: False at once where there is no plugin of that name.
  public static func serve(_ name: String, fetcher: (any PageFetcher)? = nil) -> Bool {
    guard names.contains(name) else { return false }
    // A reader that is gone must come back as an error of the write, not as our end.
    signal(SIGPIPE, SIG_IGN)
    cm_keep_freed_memory()
    let settings = BrowserSettings.ofThisProcess()
    var loop = BrowserLoop(
      Browser(
        library: PageLibrary(
          fetcher: fetcher ?? BrokeredFetcher.ofThisProcess() ?? NoNetwork(),
          search: settings.search),
        meter: settings.meter))
    loop.run()
    return true
  }
}
