#include "userspace/source/unix_http.h"

// Its macros would call the functions by their names, and so link them.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <sys/socket.h>

#include <memory>
#include <optional>

namespace portwatch {
namespace {

struct Curl {
  decltype(&curl_easy_init) make;
  decltype(&curl_easy_setopt) set;
  decltype(&curl_easy_perform) perform;
  decltype(&curl_easy_getinfo) get;
  decltype(&curl_easy_strerror) text;
  decltype(&curl_easy_cleanup) drop;
};

template <class Function>
bool load_symbol(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

std::optional<Curl> load_curl() {
  void* const library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  Curl curl{};
  const bool whole = library != nullptr &&
                     load_symbol(library, "curl_easy_init", curl.make) &&
                     load_symbol(library, "curl_easy_setopt", curl.set) &&
                     load_symbol(library, "curl_easy_perform", curl.perform) &&
                     load_symbol(library, "curl_easy_getinfo", curl.get) &&
                     load_symbol(library, "curl_easy_strerror", curl.text) &&
                     load_symbol(library, "curl_easy_cleanup", curl.drop);
  return whole ? std::optional(curl) : std::nullopt;
}

struct Body {
  std::string bytes;
  std::size_t limit = 0;
  bool too_long = false;
};

std::size_t on_bytes(char* bytes, std::size_t, std::size_t count, void* to) {
  auto& body = *static_cast<Body*>(to);
  body.too_long = body.bytes.size() + count > body.limit;
  if (body.too_long) {
    return 0;  // ends the transfer
  }
  body.bytes.append(bytes, count);
  return count;
}

int on_progress(void* cancel, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(cancel)->load() ? 1 : 0;
}

// As libcurl would, but closed in programs that somebody starts meanwhile.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}

void prepare(const Curl& curl, CURL* handle, const UnixGet& request, Body& body) {
  const std::string url = "http://localhost" + request.target;
  curl.set(handle, CURLOPT_UNIX_SOCKET_PATH, request.socket.c_str());
  curl.set(handle, CURLOPT_URL, url.c_str());
  curl.set(handle, CURLOPT_PROXY, "");     // whatever the environment says
  curl.set(handle, CURLOPT_NOSIGNAL, 1L);  // signals are the program's
  curl.set(handle, CURLOPT_HTTPGET, 1L);   // and redirects are not followed
  curl.set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl.set(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl.set(handle, CURLOPT_WRITEFUNCTION, on_bytes);
  curl.set(handle, CURLOPT_WRITEDATA, &body);
  if (request.cancel != nullptr) {
    curl.set(handle, CURLOPT_NOPROGRESS, 0L);
    curl.set(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl.set(handle, CURLOPT_XFERINFODATA, request.cancel);
  }
}

Errc kind_of(CURLcode code, const Body& body) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return Errc::not_found;
    case CURLE_OPERATION_TIMEDOUT:
      return Errc::timed_out;
    case CURLE_ABORTED_BY_CALLBACK:
      return Errc::closed;
    default:
      return body.too_long ? Errc::overloaded : Errc::io;
  }
}

Result<std::string> perform(const Curl& curl, CURL* handle, Body& body) {
  const CURLcode code = curl.perform(handle);
  if (code != CURLE_OK) {
    return Error{kind_of(code, body),
                 body.too_long ? "the answer is too long" : curl.text(code)};
  }
  long status = 0;
  curl.get(handle, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    return Error{Errc::io, "HTTP status " + std::to_string(status)};
  }
  return std::move(body.bytes);
}

}  // namespace

Result<std::string> http_get(const UnixGet& request) {
  static const std::optional<Curl> kCurl = load_curl();
  if (!kCurl) {
    return Error{Errc::not_supported, "libcurl.so.4 is not installed"};
  }
  const std::unique_ptr<CURL, decltype(kCurl->drop)> handle(kCurl->make(),
                                                            kCurl->drop);
  if (handle == nullptr) {
    return Error{Errc::io, "libcurl cannot start"};
  }
  Body body;
  body.limit = request.max_bytes;
  prepare(*kCurl, handle.get(), request, body);
  auto answer = perform(*kCurl, handle.get(), body);
  return answer ? std::move(answer) : add_context(answer.error(), request.socket);
}

}  // namespace portwatch
