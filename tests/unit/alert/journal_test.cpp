#include "userspace/alert/journal.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <set>

#include "tests/support/temp_dir.h"
#include "tests/unit/alert/sample_changes.h"

namespace portwatch {
namespace {

using test::events_lost;

class JournalTest : public testing::Test {
 protected:
  JournalTest() : journald_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(bind(journald_.get(), reinterpret_cast<sockaddr*>(&address),
                   sizeof address),
              0);
  }
  std::string next_entry() {
    std::string bytes(200'000, '\0');
    const ssize_t size = recv(journald_.get(), bytes.data(), bytes.size(), 0);
    EXPECT_GT(size, 0);
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
  }

  const test::TempDir directory_;
  const std::string path_ = directory_ / "socket";
  UniqueFd journald_;
};

TEST_F(JournalTest, Alert_IsAnEntryWithFields) {
  Journal journal(path_);
  Change change = events_lost(3);
  change.time = WallTime(std::chrono::seconds(0));
  journal.write(change);
  EXPECT_EQ(next_entry(),
            "MESSAGE=3 events were lost\n"
            "MESSAGE_ID=229c04bc075f46ec90c1f6651105b8fa\n"
            "PRIORITY=4\n"
            "SYSLOG_IDENTIFIER=portwatchd\n"
            "PORTWATCH_EVENT=eventsLost\n"
            "PORTWATCH_TIME=1970-01-01T00:00:00.000000Z\n"
            "PORTWATCH_TEXT=3 events were lost\n"
            "PORTWATCH_COUNT=3\n");
  EXPECT_EQ(journal.lost(), 0u);
}

TEST_F(JournalTest, ValueWithANewline_HasItsSizeAndForgesNoField) {
  Journal journal(path_);
  Change change = test::failed_bind();
  change.failure->process.name = "a\nPRIORITY=0";
  journal.write(change);
  const std::string entry = next_entry();
  EXPECT_NE(entry.find(std::string("\nPORTWATCH_PROCESS\n\x0c\0\0\0\0\0\0\0"
                                   "a\nPRIORITY=0\n",
                                   40)),
            std::string::npos)
      << entry;
}

TEST_F(JournalTest, NoJournald_NothingHappens) {
  Journal journal(directory_ / "absent");
  journal.write(events_lost(3));
  journald_.reset();
  Journal closed(path_);
  closed.write(events_lost(3));
  EXPECT_EQ(journal.lost() + closed.lost(), 0u);
}

TEST_F(JournalTest, JournaldThatDoesNotRead_CostsEntriesAndNoTime) {
  Journal journal(path_);
  for (int i = 0; i < 1'000'000 && journal.lost() == 0; ++i) {
    journal.write(events_lost(3));
  }
  EXPECT_EQ(journal.lost(), 1u);
  next_entry();
  journal.write(events_lost(4));
  EXPECT_EQ(journal.lost(), 1u);
}

TEST(MessageId, EveryAlert_HasItsOwn) {
  std::set<std::string_view> ids;
  std::size_t alerts = 0;
  for (std::size_t i = 0; i < kChangeTypes; ++i) {
    const auto type = static_cast<ChangeType>(i);
    alerts += is_alert(type) ? 1 : 0;
    EXPECT_EQ(message_id(type).size(), is_alert(type) ? 32u : 0u);
    ids.insert(message_id(type));
  }
  EXPECT_EQ(ids.size(), alerts + 1);
}

}  // namespace
}  // namespace portwatch
