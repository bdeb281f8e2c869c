// BrowserPlugin.swift — the browser as an MCP server: `martlet tool serve browser`.

import CMarkup
import Glibc
import MCP

/// The plugins that read what strangers wrote: the browser, and the reader of documents for the index.
/// Neither has a network of its own: the host's broker makes the browser's connections, where it was
/// started with one.
public enum BrowserPlugin {
  /// What ``serve(_:fetcher:)`` can serve.
  public static let names = ["browser", "documents"]

  /// Serves a plugin over standard input and output until the input ends.
  ///
  /// - Parameters:
  ///   - name: One of ``names``.
  ///   - fetcher: Of the network, for the browser; nil for the host's broker, and for none where there is
  ///     none.
  /// - Returns: False at once where there is no plugin of that name. "fetcher" is one only where the host's
  ///   broker started this process to make a request in the browser's place.
  public static func serve(_ name: String, fetcher: (any PageFetcher)? = nil) -> Bool {
    if name == "fetcher", let fetcher = FetcherProcess.ofThisProcess() {
      fetcher.serve()
      return true
    }
    guard names.contains(name) else { return false }
    // A reader that is gone must come back as an error of the write, not as our end.
    signal(SIGPIPE, SIG_IGN)
    cm_keep_freed_memory()
    if name == "documents" {
      let reader = DocumentReader()
      var loop = MCPServerLoop(name: "documents", tools: [DocumentReader.tool])
      loop.run { _, arguments in reader.call(arguments) }
      return true
    }
    let settings = BrowserSettings.ofThisProcess()
    var browser = Browser(
      library: PageLibrary(
        fetcher: fetcher ?? BrokeredFetcher.ofThisProcess() ?? NoNetwork(),
        search: settings.search),
      meter: settings.meter)
    var loop = MCPServerLoop(name: "browser", tools: BrowserTools.all)
    loop.run { tool, arguments in browser.call(tool, arguments) }
    return true
  }
}
