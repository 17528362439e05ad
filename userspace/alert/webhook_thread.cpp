#include "userspace/alert/webhook_thread.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <csignal>

namespace portwatch {
namespace {

// Signals are for the loop's thread, and SIGPIPE is for nobody: OpenSSL writes to
// sockets whose peer is gone.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

WebhookThread::WebhookThread(const WebhookSender::Options& options, UniqueFd news,
                             CURLM* multi)
    : options_(options), news_(std::move(news)), multi_(multi) {
  const AllSignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

WebhookThread::~WebhookThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  curl_multi_wakeup(multi_.get());
  thread_.join();
  for (const auto& transfer : running_) {
    curl_multi_remove_handle(multi_.get(), transfer->handle());
  }
}

void WebhookThread::push(WebhookRequest request) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(request));
  }
  curl_multi_wakeup(multi_.get());
}

std::vector<WebhookThread::Outcome> WebhookThread::take_outcomes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outcomes_, {});
}

void WebhookThread::run() {
  while (admit()) {
    begin_due(std::chrono::steady_clock::now());
    int alive = 0;
    curl_multi_perform(multi_.get(), &alive);
    end_done();
    curl_multi_poll(multi_.get(), nullptr, 0, wait_ms(), nullptr);
  }
}

// Takes what waits. False: it is over.
bool WebhookThread::admit() {
  const std::lock_guard lock(mutex_);
  while (!stop_ && !waiting_.empty()) {
    pausing_.push_back(
        std::make_unique<WebhookTransfer>(std::move(waiting_.front()), options_));
    waiting_.pop_front();
  }
  return !stop_;
}

void WebhookThread::begin_due(WebhookTransfer::Moment now) {
  for (auto at = pausing_.begin(); at != pausing_.end();) {
    const auto here = at++;
    if ((*here)->next_try() > now) {
      continue;
    }
    if (CURL* const handle = (*here)->begin_try()) {
      curl_multi_add_handle(multi_.get(), handle);
      running_.splice(running_.end(), pausing_, here);
    } else {
      report((*here)->tag(), Error{Errc::io, "libcurl cannot start"});
      pausing_.erase(here);
    }
  }
}

void WebhookThread::end_done() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    // The message is gone with the handle.
    CURL* const handle = message->easy_handle;
    const CURLcode code = message->data.result;
    curl_multi_remove_handle(multi_.get(), handle);
    const auto ended =
        std::find_if(running_.begin(), running_.end(),
                     [&](const auto& one) { return one->handle() == handle; });
    end_one(ended, code);
  }
}

void WebhookThread::end_one(Transfers::iterator ended, CURLcode code) {
  const auto outcome = (*ended)->end_try(code, std::chrono::steady_clock::now());
  if (!outcome) {
    pausing_.splice(pausing_.end(), running_, ended);
    return;
  }
  report((*ended)->tag(), *outcome);
  running_.erase(ended);
}

void WebhookThread::report(std::uint64_t tag, Result<void> outcome) {
  const std::lock_guard lock(mutex_);
  outcomes_.emplace_back(tag, std::move(outcome));
  eventfd_write(news_.get(), 1);
}

// Until something is due; libcurl knows about its own timeouts.
int WebhookThread::wait_ms() {
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty()) {
    return 0;
  }
  auto wait = std::chrono::milliseconds(3'600'000);
  const auto now = std::chrono::steady_clock::now();
  for (const auto& transfer : pausing_) {
    wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(
                              transfer->next_try() - now));
  }
  return static_cast<int>(std::max(wait, std::chrono::milliseconds(0)).count());
}

}  // namespace portwatch
