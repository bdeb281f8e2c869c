// shim.h — libcurl, with typed doors for what Swift cannot import: variadics and function casts.
#ifndef CCURL_SHIM_H
#define CCURL_SHIM_H

#include <curl/curl.h>

/// Returns how many of the `count` bytes were taken; fewer break the transfer off.
typedef size_t (*ccurl_take)(char *_Nonnull bytes, size_t size, size_t count,
                             void *_Nullable context);

/// For options that take a number or a switch.
static inline CURLcode ccurl_set_number(CURL *_Nonnull handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

/// libcurl copies the text.
static inline CURLcode ccurl_set_text(CURL *_Nonnull handle, CURLoption option,
                                      const char *_Nonnull text) {
  return curl_easy_setopt(handle, option, text);
}

/// libcurl copies the bytes.
static inline CURLcode ccurl_set_body(CURL *_Nonnull handle, const void *_Nonnull bytes,
                                      size_t count) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
  return code ? code : curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes);
}

/// The list must live as long as the handle uses it.
static inline CURLcode ccurl_set_headers(CURL *_Nonnull handle,
                                         const struct curl_slist *_Nullable list) {
  return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
}

/// Who takes header lines and body bytes, both with `context`.
static inline CURLcode ccurl_set_takers(CURL *_Nonnull handle, ccurl_take _Nonnull headers,
                                        ccurl_take _Nonnull body, void *_Nonnull context) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, headers);
  if (!code) code = curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
  if (!code) code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, body);
  if (!code) code = curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
  return code ? code : curl_easy_setopt(handle, CURLOPT_PRIVATE, context);
}

/// Hands out the socket that `context` points to, once.
static inline curl_socket_t ccurl_hand_socket(void *context, curlsocktype purpose,
                                              struct curl_sockaddr *address) {
  (void)purpose, (void)address;
  int *held = context, socket = *held;
  *held = -1;
  return socket >= 0 ? socket : CURL_SOCKET_BAD;
}

static inline int ccurl_say_connected(void *context, curl_socket_t socket, curlsocktype purpose) {
  (void)context, (void)socket, (void)purpose;
  return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/// The transfer uses the connected socket in `held`, and no other; what it takes over is -1 then.
static inline CURLcode ccurl_use_socket(CURL *_Nonnull handle, int *_Nonnull held) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, ccurl_hand_socket);
  if (!code) code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, held);
  return code ? code : curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, ccurl_say_connected);
}

/// Names that need no resolver: "HOST:PORT:ADDRESS". The list must live as long as the handle.
static inline CURLcode ccurl_set_addresses(CURL *_Nonnull handle,
                                           const struct curl_slist *_Nullable list) {
  return curl_easy_setopt(handle, CURLOPT_RESOLVE, list);
}

/// Every cookie that the handle holds, a line each; the caller frees the list.
static inline struct curl_slist *_Nullable ccurl_cookies(CURL *_Nonnull handle) {
  struct curl_slist *list = 0;
  return curl_easy_getinfo(handle, CURLINFO_COOKIELIST, &list) ? 0 : list;
}

/// Bytes of the body so far, as they came. Those of a chunked body are counted a buffer late.
static inline long long ccurl_received(CURL *_Nonnull handle) {
  curl_off_t count = 0;
  return curl_easy_getinfo(handle, CURLINFO_SIZE_DOWNLOAD_T, &count) ? 0 : (long long)count;
}

/// Nothing but HTTP, whatever else this libcurl speaks.
static inline CURLcode ccurl_only_http(CURL *_Nonnull handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
  return curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  return curl_easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/// What `ccurl_set_takers` was given as context; null for a handle without one.
static inline void *_Nullable ccurl_context(CURL *_Nonnull handle) {
  void *context = 0;
  return curl_easy_getinfo(handle, CURLINFO_PRIVATE, &context) ? 0 : context;
}

/// What the last CONNECT was answered with; 0 where there was none, or no answer.
static inline long ccurl_connect_status(CURL *_Nonnull handle) {
  long status = 0;
  return curl_easy_getinfo(handle, CURLINFO_HTTP_CONNECTCODE, &status) ? 0 : status;
}

/// The address that was connected to, in the handle's memory; null where there was none.
static inline const char *_Nullable ccurl_peer(CURL *_Nonnull handle) {
  char *address = 0;
  if (curl_easy_getinfo(handle, CURLINFO_PRIMARY_IP, &address)) return 0;
  return address && *address ? address : 0;
}

static inline long ccurl_peer_port(CURL *_Nonnull handle) {
  long port = 0;
  return curl_easy_getinfo(handle, CURLINFO_PRIMARY_PORT, &port) ? 0 : port;
}

/// Seconds until the connection stood; 0 where it never did.
static inline double ccurl_connect_seconds(CURL *_Nonnull handle) {
  double seconds = 0;
  return curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME, &seconds) ? 0 : seconds;
}

/// A message of the multi handle that says a transfer is done, without the union of `CURLMsg`.
static inline CURL *_Nullable ccurl_next_done(CURLM *_Nonnull multi, CURLcode *_Nonnull result) {
  int left = 0;
  for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
    if (message->msg != CURLMSG_DONE) continue;
    *result = message->data.result;
    return message->easy_handle;
  }
  return 0;
}

#endif
