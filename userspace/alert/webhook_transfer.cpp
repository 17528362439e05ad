#include "userspace/alert/webhook_transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace portwatch {
namespace {

constexpr std::size_t kMaxAnswer = 64 * 1024;

// As libcurl would, but closed in programs that are started meanwhile.
curl_socket_t open_closed_on_exec(void*, curlsocktype, curl_sockaddr* address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}

std::size_t discard(char*, std::size_t, std::size_t count, void* received) {
  auto& sum = *static_cast<std::size_t*>(received);
  sum += count;
  return sum > kMaxAnswer ? 0 : count;  // 0 ends the transfer
}

bool may_pass(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
      return true;
    default:  // a certificate that is not trusted, an answer that is none
      return false;
  }
}

bool may_pass(long status) {
  return status == 408 || status == 429 || status >= 500;
}

}  // namespace

WebhookTransfer::WebhookTransfer(WebhookRequest request,
                                 const WebhookSender::Options& options)
    : request_(std::move(request)),
      ca_file_(options.ca_file),
      pause_(options.first_pause),
      longest_pause_(options.longest_pause) {}

CURL* WebhookTransfer::begin_try() {
  handle_.reset(curl_easy_init());
  headers_.reset(curl_slist_append(nullptr, "Content-Type: application/json"));
  if (handle_ == nullptr || headers_ == nullptr) {
    return nullptr;
  }
  ++tries_;
  received_ = 0;
  CURL* const curl = handle_.get();
  curl_easy_setopt(curl, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "portwatchd/" PORTWATCH_VERSION);
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request_.body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(request_.body.size()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(request_.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_PRIVATE, this);
  set_limits();
  return curl;
}

void WebhookTransfer::set_limits() {
  CURL* const curl = handle_.get();
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!ca_file_.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file_.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_PROXY, "");     // whatever the environment says
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);  // signals are the program's
  // An end does not wait for a name server that does not answer.
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);  // no idle connections
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_closed_on_exec);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received_);
}

std::optional<Result<void>> WebhookTransfer::end_try(CURLcode code, Moment now) {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  handle_.reset();
  const bool answered =
      code == CURLE_OK || (code == CURLE_WRITE_ERROR && received_ > kMaxAnswer);
  if (answered && status >= 200 && status < 300) {
    return Result<void>();
  }
  if (tries_ <= request_.retries &&
      (answered ? may_pass(status) : may_pass(code))) {
    next_try_ = now + pause_;
    pause_ = std::min(2 * pause_, longest_pause_);
    return std::nullopt;
  }
  return Result<void>(Error{Errc::io, answered
                                          ? "HTTP status " + std::to_string(status)
                                          : std::string(curl_easy_strerror(code))});
}

}  // namespace portwatch
