// webhook_transfer.h - one POST by libcurl, tries and all. For webhook.cpp.
//
// Threads: the one that runs the transfers.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "userspace/alert/webhook.h"

namespace portwatch {

class WebhookTransfer {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  WebhookTransfer(WebhookRequest request, const WebhookSender::Options& options);

  // Prepares the next try; null: libcurl has no memory. Owned by the transfer; to
  // be removed from its multi handle before end_try().
  CURL* begin_try();
  CURL* handle() const { return handle_.get(); }
  // What the try came to. Empty: there is another one, at next_try().
  std::optional<Result<void>> end_try(CURLcode code, Moment now);
  Moment next_try() const { return next_try_; }
  std::uint64_t tag() const { return request_.tag; }

 private:
  struct Drop {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  void set_limits();

  WebhookRequest request_;
  std::string ca_file_;
  std::chrono::milliseconds pause_;
  std::chrono::milliseconds longest_pause_;
  unsigned tries_ = 0;
  std::size_t received_ = 0;  // bytes of the answer, which nobody reads
  Moment next_try_{};
  std::unique_ptr<curl_slist, Drop> headers_;
  std::unique_ptr<CURL, Drop> handle_;
};

}  // namespace portwatch
