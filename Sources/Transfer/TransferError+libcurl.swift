// TransferError+libcurl.swift — libcurl's result codes in our words.

import CCurl

extension TransferError {
  /// What `code` means, except for CURLE_OPERATION_TIMEDOUT, which has several meanings.
  static func libcurl(_ code: CURLcode, _ origin: WebOrigin) -> TransferError {
    let words = String(cString: curl_easy_strerror(code))
    let reason = words.prefix(1).lowercased() + words.dropFirst()
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST: return .cannotResolve(origin)
    case CURLE_COULDNT_CONNECT:
      return .cannotConnect(origin, reason: "the connection was refused, or there is no way to it")
    case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY:
      return .proxyFailed(origin, reason: reason)
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_USE_SSL_FAILED,
      CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_ENGINE_NOTFOUND:
      return .insecure(origin, reason: reason)
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR,
      CURLE_HTTP2_STREAM:
      return .brokenOff(origin, reason: reason)
    case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING,
      CURLE_HTTP2:
      return .notHTTP(origin, reason: reason)
    default: return .failed(origin, reason: reason)
    }
  }
}
