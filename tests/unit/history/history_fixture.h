// history_fixture.h - a store in a directory of its own, and rows for it.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/temp_dir.h"
#include "userspace/history/history_store.h"
#include "userspace/history/sqlite.h"

namespace portwatch::test {

inline WallTime at(std::int64_t seconds) {
  return WallTime(std::chrono::seconds(1'000'000'000 + seconds));
}

// Read by the store's thread while the test sets it.
class SharedClock final : public Clock {
 public:
  BootTime boot_now() const override { return BootTime{0}; }
  WallTime wall_now() const override { return now_.load(); }
  void set(WallTime now) { now_ = now; }

 private:
  std::atomic<WallTime> now_{at(0)};
};

inline Binding row_of(const std::string& id, Port port,
                      std::optional<WallTime> since) {
  Binding row;
  row.id = id;
  row.endpoint.port = port;
  row.endpoint.address = {127, 0, 0, 1};
  row.netns = 4026531840;
  row.since = since;
  return row;
}
// What a test wants to be the document is in `interface`.
inline std::string document_of(const Binding& binding) {
  return binding.interface.value_or("{\"id\":\"" + binding.id + "\"}");
}
inline BindingTaken taken(const std::string& id, Port port, WallTime since) {
  return {row_of(id, port, since), since, false};
}
inline BindingReleased released(const std::string& id, Port port, WallTime since,
                                WallTime until) {
  return {row_of(id, port, since), until};
}
inline PastEvent failure(WallTime time, Port port, const std::string& document) {
  PastEvent event;
  event.kind = "bindFailed";
  event.time = time;
  event.protocol = Protocol::tcp;
  event.port = port;
  event.netns = 4026531840;
  event.subject = "web.service";
  event.document = document;
  return event;
}

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() {
    options_.path = directory_ / "history.db";
    options_.boot_id = "boot-1";
    options_.document_of = document_of;
    // A machine may be slow; what is limited is tested where it is meant.
    options_.flush_wait = std::chrono::seconds(60);
    options_.read_time = std::chrono::seconds(60);
    options_.stale_read_time = std::chrono::seconds(60);
    options_.page_rows = kMaxHistoryRows;
  }

  void open() {
    auto store = HistoryStore::open(options_, clock_);
    ASSERT_TRUE(store) << store.error().context;
    store_ = std::move(*store);
  }
  void close() { store_.reset(); }
  void reopen() {
    close();
    open();
  }

  std::vector<PastBinding> bindings(const HistoryQuestion& question = {}) {
    auto answer = store_->bindings(question);
    EXPECT_TRUE(answer) << answer.error().context;
    return answer ? std::move(answer->rows) : std::vector<PastBinding>();
  }
  // Their ids, from document_of().
  std::vector<std::string> ids(const HistoryQuestion& question = {}) {
    std::vector<std::string> found;
    for (const PastBinding& one : bindings(question)) {
      found.push_back(one.document.substr(7, one.document.size() - 9));
    }
    return found;
  }
  std::vector<std::string> events(std::vector<std::string_view> kinds = {},
                                  const HistoryQuestion& question = {}) {
    auto answer = store_->events(kinds, question);
    EXPECT_TRUE(answer) << answer.error().context;
    return answer ? std::move(answer->rows) : std::vector<std::string>();
  }

  // The next notices; none when there are none within 60 s.
  std::vector<HistoryNotice> wait_for_notices() {
    pollfd ready{store_->notice_fd(), POLLIN, 0};
    EXPECT_EQ(poll(&ready, 1, 60'000), 1);
    return store_->take_notices();
  }
  // All up to the one that contains `text`.
  std::vector<HistoryNotice> wait_for_notice(const std::string& text) {
    std::vector<HistoryNotice> all;
    for (;;) {
      const auto more = wait_for_notices();
      if (more.empty()) {
        ADD_FAILURE() << "no notice with '" << text << "'";
        return all;
      }
      all.insert(all.end(), more.begin(), more.end());
      for (const HistoryNotice& one : more) {
        if (one.text.find(text) != std::string::npos) {
          return all;
        }
      }
    }
  }

  // The file as SQLite sees it from outside.
  Database look() {
    auto database = Database::open(options_.path, Database::Access::read_write,
                                   std::chrono::seconds(60));
    if (!database) {
      throw std::runtime_error(database.error().context);
    }
    return std::move(*database);
  }
  std::string integrity() {
    auto database = look();
    const auto text = database.text("PRAGMA integrity_check");
    return text ? *text : text.error().context;
  }
  // Names in the directory that begin so.
  std::vector<std::string> files(const std::string& prefix) const {
    std::vector<std::string> found;
    for (const auto& entry :
         std::filesystem::directory_iterator(directory_.path())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(prefix)) {
        found.push_back(name);
      }
    }
    return found;
  }

  const TempDir directory_;
  SharedClock clock_;
  HistoryStore::Options options_;
  std::unique_ptr<HistoryStore> store_;
};

}  // namespace portwatch::test
