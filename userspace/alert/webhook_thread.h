// webhook_thread.h - the thread that runs the transfers. For webhook.cpp.
#pragma once

#include <curl/curl.h>

#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "userspace/alert/webhook.h"
#include "userspace/alert/webhook_transfer.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {

// Everything that is public may be called by the loop's thread.
class WebhookThread {
 public:
  using Outcome = std::pair<std::uint64_t, Result<void>>;  // of a tag

  // `news`: an eventfd that is written to when there are outcomes. Owns both.
  WebhookThread(const WebhookSender::Options& options, UniqueFd news, CURLM* multi);
  ~WebhookThread();
  WebhookThread(const WebhookThread&) = delete;
  WebhookThread& operator=(const WebhookThread&) = delete;

  void push(WebhookRequest request);
  std::vector<Outcome> take_outcomes();
  int news() const { return news_.get(); }

 private:
  using Transfers = std::list<std::unique_ptr<WebhookTransfer>>;
  struct DropMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  void run();
  bool admit();
  void begin_due(WebhookTransfer::Moment now);
  void end_done();
  void end_one(Transfers::iterator ended, CURLcode code);
  void report(std::uint64_t tag, Result<void> outcome);
  int wait_ms();

  const WebhookSender::Options options_;
  const UniqueFd news_;
  const std::unique_ptr<CURLM, DropMulti> multi_;
  Transfers running_;  // in the multi handle
  Transfers pausing_;  // between two tries, or before the first
  std::mutex mutex_;   // for the three below
  std::deque<WebhookRequest> waiting_;
  std::vector<Outcome> outcomes_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace portwatch
