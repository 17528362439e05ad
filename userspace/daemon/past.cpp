#include "userspace/daemon/past.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "userspace/api/json.h"
#include "userspace/source/read_file.h"

namespace portwatch {
namespace {

constexpr std::chrono::milliseconds kPortionPause{500};  // the store's interval
constexpr std::size_t kRowsAtOnce = 64;
constexpr std::size_t kSpansTold = 3;
constexpr std::chrono::seconds kSlew{1};  // of the wall clock, in a life
constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";

std::string boot_id() {
  std::string text = read_file_at(AT_FDCWD, kBootId).value_or("");
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  return text;
}

bool is_wanted(const Change& change, const std::vector<ChangeType>& types,
               const HistoryQuestion& question) {
  if (std::find(types.begin(), types.end(), change.type) == types.end() ||
      (question.port && port_of(change) != *question.port) ||
      (question.since && change.time < *question.since) ||
      (question.until && change.time > *question.until)) {
    return false;
  }
  const auto netns = change.failure ? change.failure->netns
                     : change.loop  ? change.loop->netns
                                    : 0;
  return !question.netns || *question.netns == netns;
}

const std::vector<Binding>& rows_of(const Answer& answer) {
  return answer.bindings;
}
const std::vector<Change>& rows_of(const EventsAnswer& answer) {
  return answer.events;
}

// How its creator ended, if that is the one that `end` is about.
std::optional<ExitStatus> exit_of(const Binding& binding, const std::string& end) {
  if (end.empty() || !binding.creator) {
    return std::nullopt;
  }
  const auto ended = process_end_from_text(end);
  if (!ended || ended->process.id.pid != binding.creator->id.pid) {
    return std::nullopt;
  }
  const auto known = binding.creator->start_time;
  const auto start = ended->process.start_time;
  const bool same =
      !known || !start || (*known - *start < kSlew && *start - *known < kSlew);
  return same ? ended->status : std::nullopt;
}

// A question about an instant (--at) asks for a span without length.
std::string span_text(const TimeSpan& span) {
  return span.from == span.to
             ? "at " + to_rfc3339(span.from)
             : "from " + to_rfc3339(span.from) + " to " + to_rfc3339(span.to);
}

PastEvent event_row(const Change& change, const std::string& text) {
  PastEvent row;
  row.kind = to_string(change.type);
  row.time = change.time;
  row.port = port_of(change);
  if (change.failure) {
    row.protocol = change.failure->requested.protocol;
    row.netns = change.failure->netns;
    row.subject = subject_of(change.failure->process).name;
  } else if (change.loop) {
    row.protocol = change.loop->protocol;
    row.netns = change.loop->netns;
    row.subject = change.loop->subject.name;
  } else if (change.binding) {
    row.protocol = change.binding->endpoint.protocol;
    row.netns = change.binding->netns;
  }
  row.document = text;
  return row;
}

}  // namespace

Past::~Past() {
  loop_.cancel(portion_);
  if (store_ != nullptr) {
    loop_.remove(store_->notice_fd());
  }
}

void Past::open(const HistorySettings& settings) {
  path_ = settings.path;
  max_age_ = settings.max_age;
  if (path_.empty()) {
    return;
  }
  std::error_code failed;  // what is wrong then, the store says
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(),
                                      failed);
  HistoryStore::Options options;
  options.path = path_;
  options.boot_id = boot_id();
  options.document_of = [](const Binding& binding) { return json_text(binding); };
  options.max_bytes = settings.max_bytes;
  options.max_age = settings.max_age;
  auto store = HistoryStore::open(std::move(options), clock_);
  if (!store) {
    refused_ = store.error().context;
    spdlog::warn("no history is kept: {}", refused_);
    return;
  }
  store_ = std::move(store).value();
  const auto watched = loop_.add(store_->notice_fd(), EPOLLIN,
                                 [this](std::uint32_t) { read_notices(); });
  if (!watched) {
    spdlog::warn("trouble with the history will not be told: {}",
                 watched.error().context);
  }
}

void Past::begin(const Backend& backend) {
  backend_ = &backend;
  announce();
}

void Past::announce() {
  if (store_ == nullptr || backend_ == nullptr) {
    return;
  }
  announcing_since_ = clock_.wall_now();
  unannounced_ = backend_->known();
  alive_.clear();
  announce_some();
}

// What the store has room for; the rest when that has been written.
void Past::announce_some() {
  bool more = true;
  while (more && store_->has_room(kRowsAtOnce)) {
    std::vector<Binding> some = unannounced_(kRowsAtOnce);
    more = some.size() == kRowsAtOnce;
    for (Binding& binding : some) {
      alive_.insert(binding.id);
      store_->push(BindingTaken{std::move(binding), clock_.wall_now(), true});
    }
  }
  loop_.cancel(portion_);
  if (more) {
    portion_ = loop_.after(kPortionPause, [this] { announce_some(); });
    return;
  }
  LiveBindings live;
  live.since = announcing_since_;
  live.ids.assign(alive_.begin(), alive_.end());
  store_->push(std::move(live));
  unannounced_ = nullptr;
  alive_ = {};
}

void Past::read_notices() {
  for (const HistoryNotice& notice : store_->take_notices()) {
    spdlog::warn("history: {}", notice.text);
    if (notice.announce) {
      announce();
    }
  }
}

bool Past::wants_text(const Change& change) const {
  return store_ != nullptr && change.type != ChangeType::bind &&
         change.type != ChangeType::listen && change.type != ChangeType::release;
}

void Past::keep(const Change& change, const std::string& text) {
  if (store_ == nullptr) {
    return;
  }
  switch (change.type) {
    case ChangeType::bind:
    case ChangeType::listen:
      if (unannounced_) {
        alive_.insert(change.binding->id);
      }
      store_->push(BindingTaken{*change.binding, change.time});
      break;
    case ChangeType::release:
      alive_.erase(change.binding->id);
      store_->push(BindingReleased{*change.binding, change.time});
      break;
    default:
      store_->push(event_row(change, text));
  }
}

void Past::keep(const ProcessEnd& end, WallTime time) {
  if (store_ != nullptr) {
    store_->push(ProcessEnded{end.process.id, time, end.status, json_text(end)});
  }
}

EventsAnswer Past::from_log(const std::vector<ChangeType>& types,
                            const HistoryQuestion& question,
                            const std::string& why) const {
  EventsAnswer answer;
  const std::size_t limit = std::min(question.limit, kMaxPageRows);
  log_.visit_backwards([&](const Change& change) {
    if (is_wanted(change, types, question)) {
      answer.events.push_back(change);
    }
    return answer.events.size() <= limit;
  });
  if (answer.events.size() > limit) {
    answer.events.pop_back();
    answer.missing.push_back(only_youngest(limit));
  }
  std::reverse(answer.events.begin(), answer.events.end());
  answer.missing.push_back({"history", "only recent events are known: " + why});
  return answer;
}

template <class Any, class Row>
void Past::doubt(Any& answer, const HistoryPage<Row>& page) const {
  const std::size_t unread = page.rows.size() - rows_of(answer).size();
  if (unread != 0) {
    answer.missing.push_back(
        {"history", std::to_string(unread) + " rows make no sense"});
  }
  answer.before = page.before;
  if (page.before) {
    answer.missing.push_back(only_youngest(page.rows.size()));
  }
  if (const auto now = store_->status(); !now.error.empty()) {
    answer.missing.push_back({"history", now.error});
  } else if (page.stale) {
    answer.missing.push_back(
        {"history", "the disk is slow: what is young may not be in it yet"});
  }
  if (!answer.missing.empty()) {
    answer.confidence = Confidence::partial;
  }
}

Result<EventsAnswer> Past::events(const std::vector<ChangeType>& types,
                                  const HistoryQuestion& question) const {
  if (store_ == nullptr) {
    return from_log(types, question, path_.empty() ? "it is off" : refused_);
  }
  std::vector<std::string_view> kinds;
  kinds.reserve(types.size());
  for (const ChangeType type : types) {
    kinds.push_back(to_string(type));
  }
  const auto page = store_->events(kinds, question);
  if (!page && page.error().code == Errc::timed_out && !question.before) {
    return from_log(types, question, page.error().context);
  }
  if (!page) {
    return add_context(page.error(), "cannot read the history");
  }
  EventsAnswer answer;
  for (const std::string& row : page->rows) {
    if (auto change = change_from_text(row)) {
      answer.events.push_back(std::move(change).value());
    }
  }
  doubt(answer, *page);
  return answer;
}

// Nobody was there to see it, or it is forgotten.
void Past::doubt_time(Answer& answer, const HistoryQuestion& question,
                      const NotSeen& not_seen) const {
  const auto& spans = not_seen.unwatched;
  for (std::size_t i = 0; i < std::min(spans.size(), kSpansTold); ++i) {
    answer.miss({"history", "not watched " + span_text(spans[i])});
  }
  if (spans.size() > kSpansTold) {
    answer.miss({"history", "not watched " +
                                std::to_string(spans.size() - kSpansTold) +
                                " more times"});
  }
  if (not_seen.last_loss) {
    answer.miss(
        {"history", "events were lost, last " + to_rfc3339(*not_seen.last_loss)});
  }
  const WallTime oldest = clock_.wall_now() - max_age_;
  if (question.since && *question.since < oldest) {
    answer.miss({"history",
                 "what ended before " + to_rfc3339(oldest) + " is no longer kept"});
  }
}

Result<Answer> Past::bindings(const HistoryQuestion& question) const {
  if (store_ == nullptr) {
    return Error{Errc::unavailable,
                 path_.empty() ? "no history is kept: history.path is empty"
                               : "no history is kept: " + refused_};
  }
  const auto page = store_->bindings(question);
  if (!page) {
    return add_context(page.error(), "cannot read the history");
  }
  Answer answer;
  answer.confidence = Confidence::snapshot;
  for (const PastBinding& row : page->rows) {
    auto binding = binding_from_text(row.document);
    if (!binding) {
      continue;
    }
    binding->since = row.since;
    binding->until = row.until;
    binding->last_exit = exit_of(*binding, row.creator_end);
    if (!row.end_known) {  // it ended, and nobody saw when
      binding->until.reset();
      binding->held_by.reset();
      binding->holders.reset();
      answer.miss({"history", "when some of these let go was not seen"});
    }
    answer.bindings.push_back(std::move(binding).value());
  }
  doubt(answer, *page);
  if (!question.before) {
    doubt_time(answer, question, page->not_seen);
  }
  return answer;
}

HistoryStatus Past::status() const {
  if (store_ != nullptr) {
    return store_->status();
  }
  HistoryStatus status;
  status.enabled = !path_.empty();
  status.path = path_;
  status.error = refused_;
  return status;
}

}  // namespace portwatch
