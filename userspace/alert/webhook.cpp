#include "userspace/alert/webhook.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "userspace/alert/webhook_thread.h"

namespace portwatch {
namespace {

struct DropUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct DropText {
  void operator()(char* text) const { curl_free(text); }
};

}  // namespace

Result<void> check_webhook_url(const std::string& url) {
  const Error bad{Errc::invalid, "no http or https URL"};
  const bool blank = std::any_of(url.begin(), url.end(), [](unsigned char c) {
    return c <= ' ' || c == 0x7f;
  });
  const std::unique_ptr<CURLU, DropUrl> parsed(curl_url());
  char* text = nullptr;
  if (blank || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != 0 ||
      curl_url_get(parsed.get(), CURLUPART_SCHEME, &text, 0) != 0) {
    return bad;
  }
  const std::unique_ptr<char, DropText> scheme(text);
  const std::string_view name = scheme.get();
  return name == "http" || name == "https" ? Result<void>() : Result<void>(bad);
}

WebhookSender::WebhookSender(EventLoop& loop, OnEnd on_end)
    : loop_(loop), on_end_(std::move(on_end)) {}

WebhookSender::~WebhookSender() {
  if (thread_ != nullptr) {
    loop_.remove(thread_->news());
  }
}

Result<std::unique_ptr<WebhookSender>> WebhookSender::make(EventLoop& loop,
                                                           const Options& options,
                                                           OnEnd on_end) {
  UniqueFd news(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!news.valid()) {
    return errno_error(errno, "eventfd");
  }
  CURLM* const multi =
      curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? curl_multi_init() : nullptr;
  if (multi == nullptr) {
    return Error{Errc::io, "libcurl cannot start"};
  }
  std::unique_ptr<WebhookSender> sender(new WebhookSender(loop, std::move(on_end)));
  sender->thread_ =
      std::make_unique<WebhookThread>(options, std::move(news), multi);
  WebhookSender* const self = sender.get();
  if (auto done = loop.add(sender->thread_->news(), EPOLLIN,
                           [self](std::uint32_t) { self->on_outcomes(); });
      !done) {
    return done.error();
  }
  return sender;
}

void WebhookSender::send(WebhookRequest request) {
  thread_->push(std::move(request));
}

void WebhookSender::on_outcomes() {
  eventfd_t count = 0;
  eventfd_read(thread_->news(), &count);
  for (const auto& [tag, outcome] : thread_->take_outcomes()) {
    on_end_(tag, outcome);
  }
}

}  // namespace portwatch
