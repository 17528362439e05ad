// webhook.h - POSTs events to URLs, on a thread of its own.
//
// Threads: the object belongs to the loop's thread. A second one runs the transfers
// (libcurl), as name servers and TLS take their time. Requests go to it by a queue,
// outcomes come back by another and an eventfd; the lock is held for these two.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "userspace/base/event_loop.h"
#include "userspace/base/result.h"

namespace portwatch {

// http or https, with a host, without blanks and control characters. Error:
// invalid.
Result<void> check_webhook_url(const std::string& url);

class WebhookThread;

struct WebhookRequest {
  std::string url;
  std::string body;                           // JSON
  std::chrono::milliseconds timeout{10'000};  // of one try
  // After a try that failed for what may pass: no connection, a timeout, status
  // 408, 429 or 5xx. The pause before each is twice the one before.
  unsigned retries = 2;
  std::uint64_t tag = 0;  // comes back with the outcome
};

class WebhookSender {
 public:
  struct Options {
    std::chrono::milliseconds first_pause{1'000};
    std::chrono::milliseconds longest_pause{30'000};
    std::string ca_file;  // empty: the system's
  };
  // On the loop's thread; an error is the last one, in words. It must not destroy
  // the sender.
  using OnEnd = std::function<void(std::uint64_t tag, const Result<void>&)>;

  static Result<std::unique_ptr<WebhookSender>> make(EventLoop& loop,
                                                     const Options& options,
                                                     OnEnd on_end);
  // Breaks off what is on its way; nothing is reported any more.
  ~WebhookSender();
  WebhookSender(const WebhookSender&) = delete;
  WebhookSender& operator=(const WebhookSender&) = delete;

  // Returns at once. All that were sent are on their way at the same time: who
  // sends bounds them.
  void send(WebhookRequest request);

 private:
  WebhookSender(EventLoop& loop, OnEnd on_end);
  void on_outcomes();

  EventLoop& loop_;
  OnEnd on_end_;
  std::unique_ptr<WebhookThread> thread_;
};

}  // namespace portwatch
