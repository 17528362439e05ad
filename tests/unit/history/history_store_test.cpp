// What goes in comes out: rows, questions, bounds.
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/history/history_fixture.h"

namespace portwatch::test {
namespace {

using Ids = std::vector<std::string>;

HistoryQuestion within(std::int64_t since, std::int64_t until) {
  HistoryQuestion question;
  question.since = at(since);
  question.until = at(until);
  return question;
}

class HistoryStoreTest : public HistoryTest {
 protected:
  HistoryStoreTest() { open(); }
};

TEST_F(HistoryStoreTest, TakenAndReleased_IsOneBindingWithBothEnds) {
  store_->push(taken("1", 80, at(10)));
  EXPECT_EQ(
      bindings(),
      std::vector({PastBinding{"{\"id\":\"1\"}", at(10), std::nullopt, true}}));
  store_->push(released("1", 80, at(10), at(20)));
  EXPECT_EQ(bindings(),
            std::vector({PastBinding{"{\"id\":\"1\"}", at(10), at(20), true}}));
  EXPECT_EQ(store_->status().rows, 1u);
}

TEST_F(HistoryStoreTest, KeptOnDisk_IsThereAfterReopening) {
  store_->push(taken("1", 80, at(10)));
  store_->push(failure(at(11), 80, "{}"));
  reopen();
  EXPECT_EQ(ids(), Ids({"1"}));
  EXPECT_EQ(events(), Ids({"{}"}));
  EXPECT_EQ(store_->status().rows, 2u);
}

TEST_F(HistoryStoreTest, WithoutAnyQuestion_IsWrittenSoon) {
  store_->push(taken("1", 80, at(10)));
  // Nothing tells when: the file does.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (store_->status().rows == 0 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(*look().integer("SELECT count(*) FROM binding"), 1);
}

TEST_F(HistoryStoreTest, ToldAgain_LastDocumentStands) {
  store_->push(taken("1", 80, at(10)));
  auto listens = taken("1", 80, at(10));
  listens.binding.interface = "listens";
  store_->push(listens);
  EXPECT_EQ(bindings(),
            std::vector({PastBinding{"listens", at(10), std::nullopt, true}}));
}

TEST_F(HistoryStoreTest, FoundToExist_AddsOnlyWhatIsNotKnown) {
  store_->push(taken("1", 80, at(10)));
  auto known = taken("1", 80, at(10));
  known.binding.interface = "less";
  known.existing = true;
  auto unknown = BindingTaken{row_of("2", 81, std::nullopt), at(15), true};
  store_->push(known);
  store_->push(unknown);
  EXPECT_EQ(bindings(),
            std::vector(
                {PastBinding{"{\"id\":\"1\"}", at(10), std::nullopt, true},
                 PastBinding{"{\"id\":\"2\"}", std::nullopt, std::nullopt, true}}));
}

TEST_F(HistoryStoreTest, ReleasedWithoutBeginning_IsInsertedWhole) {
  store_->push(released("1", 80, at(10), at(20)));
  store_->push(released("1", 80, at(10), at(20)));  // told twice
  EXPECT_EQ(bindings(),
            std::vector({PastBinding{"{\"id\":\"1\"}", at(10), at(20), true}}));
}

TEST_F(HistoryStoreTest, IdAfterItsEnd_IsAnotherBinding) {
  store_->push(taken("9-1", 80, at(10)));
  store_->push(released("9-1", 80, at(10), at(20)));
  store_->push(taken("9-1", 80, at(30)));
  EXPECT_EQ(ids(), Ids({"9-1", "9-1"}));
  EXPECT_EQ(bindings()[1].since, at(30));
}

TEST_F(HistoryStoreTest, Question_FindsWhatOverlaps) {
  store_->push(released("early", 80, at(10), at(20)));
  store_->push(released("late", 80, at(30), at(40)));
  store_->push(taken("open", 80, at(35)));
  EXPECT_EQ(ids(within(0, 9)), Ids());
  EXPECT_EQ(ids(within(0, 10)), Ids({"early"}));
  EXPECT_EQ(ids(within(15, 15)), Ids({"early"}));
  EXPECT_EQ(ids(within(20, 25)), Ids({"early"}));
  EXPECT_EQ(ids(within(21, 29)), Ids());
  EXPECT_EQ(ids(within(5, 50)), Ids({"early", "late", "open"}));
  EXPECT_EQ(ids(within(40, 40)), Ids({"late", "open"}));
  EXPECT_EQ(ids(within(41, 99)), Ids({"open"}));
  HistoryQuestion open_end;
  open_end.since = at(21);
  EXPECT_EQ(ids(open_end), Ids({"late", "open"}));
  HistoryQuestion open_begin;
  open_begin.until = at(30);
  EXPECT_EQ(ids(open_begin), Ids({"early", "late"}));
}

TEST_F(HistoryStoreTest, UnknownSince_CountsFromWhenItWasSeen) {
  store_->push(BindingTaken{row_of("1", 80, std::nullopt), at(50), true});
  EXPECT_EQ(ids(within(0, 49)), Ids());
  EXPECT_EQ(ids(within(0, 50)), Ids({"1"}));
}

TEST_F(HistoryStoreTest, Question_IsNarrowedByEachField) {
  auto mptcp = taken("mptcp", 80, at(1));
  mptcp.binding.endpoint.protocol = Protocol::mptcp;
  auto udp = taken("udp", 80, at(2));
  udp.binding.endpoint.protocol = Protocol::udp;
  auto elsewhere = taken("elsewhere", 80, at(3));
  elsewhere.binding.netns = 7;
  store_->push(mptcp);
  store_->push(udp);
  store_->push(elsewhere);
  store_->push(taken("other", 81, at(4)));

  HistoryQuestion question;
  question.port = 80;
  EXPECT_EQ(ids(question), Ids({"mptcp", "udp", "elsewhere"}));
  question.protocol = Protocol::tcp;
  EXPECT_EQ(ids(question), Ids({"mptcp", "elsewhere"}));
  question.netns = 7;
  EXPECT_EQ(ids(question), Ids({"elsewhere"}));
}

TEST_F(HistoryStoreTest, Limit_KeepsTheYoungestOldestFirst) {
  for (int i = 0; i < 5; ++i) {
    store_->push(taken(std::to_string(i), 80, at(i)));
    store_->push(failure(at(i), 80, std::to_string(i)));
  }
  HistoryQuestion question;
  question.limit = 2;
  EXPECT_EQ(ids(question), Ids({"3", "4"}));
  EXPECT_EQ(events({}, question), Ids({"3", "4"}));
  question.limit = 0;  // out of range: the nearest that is allowed
  EXPECT_EQ(ids(question), Ids({"4"}));
}

TEST_F(HistoryStoreTest, Events_AreFoundByKindPortAndTime) {
  auto loop = failure(at(20), 80, "loop");
  loop.kind = "crashLoop";
  auto portless = failure(at(30), 0, "orphan");
  portless.kind = "orphan";
  portless.protocol.reset();
  portless.netns.reset();
  store_->push(failure(at(10), 80, "failed"));
  store_->push(loop);
  store_->push(portless);
  EXPECT_EQ(events(), Ids({"failed", "loop", "orphan"}));
  EXPECT_EQ(events({"crashLoop", "bindFailed"}), Ids({"failed", "loop"}));
  EXPECT_EQ(events({}, within(20, 25)), Ids({"loop"}));
  HistoryQuestion question;
  question.port = 80;
  question.protocol = Protocol::tcp;
  question.netns = 4026531840;
  EXPECT_EQ(events({}, question), Ids({"failed", "loop"}));
}

TEST_F(HistoryStoreTest, EndOfAProcess_IsAnEvent) {
  ExitStatus killed;
  killed.signal = 9;
  store_->push(ProcessEnded{{4711, 99}, at(5), killed, "ended"});
  store_->push(ProcessEnded{{4712, 99}, at(6), std::nullopt, "vanished"});
  EXPECT_EQ(events({kProcessEndKind}), Ids({"ended", "vanished"}));
  auto database = look();
  EXPECT_EQ(*database.text("SELECT status FROM event WHERE pid=4711"), "SIGKILL");
  EXPECT_EQ(*database.integer("SELECT status IS NULL FROM event WHERE pid=4712"),
            1);
}

TEST_F(HistoryStoreTest, ReadWhileWriting_EveryAnswerIsCurrent) {
  std::size_t pushed = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 200; ++i) {
      store_->push(failure(at(static_cast<int>(++pushed)), 80, "x"));
    }
    HistoryQuestion question;
    question.limit = kMaxHistoryRows;
    ASSERT_EQ(events({}, question).size(), pushed);
  }
}

// What answer after answer says, youngest page first.
TEST_F(HistoryStoreTest, Pages_HaveEveryRowOnce) {
  close();
  options_.page_rows = 3;
  open();
  std::vector<std::string> all;
  for (int i = 0; i < 10; ++i) {  // several at one time
    all.push_back(std::to_string(i));
    store_->push(taken(all.back(), 80, at(i / 4)));
    store_->push(failure(at(i / 4), 80, all.back()));
  }
  HistoryQuestion question;
  question.limit = kMaxHistoryRows;
  std::vector<std::string> read;
  std::size_t pages = 0;
  do {
    const auto page = store_->events({}, question);
    ASSERT_TRUE(page) << page.error().context;
    ASSERT_LE(page->rows.size(), 3u);
    read.insert(read.begin(), page->rows.begin(), page->rows.end());
    question.before = page->before;
  } while (question.before && ++pages < 10);
  EXPECT_EQ(read, all);
  question.before.reset();
  read.clear();
  do {
    const auto page = store_->bindings(question);
    ASSERT_TRUE(page) << page.error().context;
    const auto names = ids(question);
    read.insert(read.begin(), names.begin(), names.end());
    question.before = page->before;
  } while (question.before && ++pages < 20);
  EXPECT_EQ(read, all);
}

TEST_F(HistoryStoreTest, Page_EndsWhereItSaysSo) {
  store_->push(failure(at(1), 80, "1"));
  store_->push(failure(at(2), 80, "2"));
  HistoryQuestion question;
  question.limit = 2;
  EXPECT_FALSE(store_->events({}, question)->before);
  question.limit = 1;
  const auto page = store_->events({}, question);
  EXPECT_EQ(page->rows, Ids({"2"}));
  ASSERT_TRUE(page->before);
  EXPECT_EQ(history_cursor_from(to_string(*page->before)), page->before);
}

TEST_F(HistoryStoreTest, LargePage_IsCutAfterOneRowAtLeast) {
  close();
  options_.page_bytes = 1000;
  open();
  store_->push(failure(at(1), 80, std::string(600, 'x')));
  EXPECT_EQ(events().size(), 1u);
  store_->push(failure(at(2), 80, std::string(600, 'x')));
  store_->push(failure(at(3), 80, std::string(2000, 'x')));
  const auto page = store_->events({}, {});
  ASSERT_TRUE(page) << page.error().context;
  EXPECT_EQ(page->rows.size(), 1u);
  EXPECT_TRUE(page->before);
}

TEST_F(HistoryStoreTest, TimeWithoutADaemon_IsNotSeen) {
  using Spans = std::vector<TimeSpan>;
  const auto unwatched = [this](std::int64_t from, std::int64_t to) {
    return store_->bindings(within(from, to))->not_seen.unwatched;
  };
  clock_.set(at(9));
  EXPECT_EQ(unwatched(1, 2), Spans({{at(1), at(2)}}));
  clock_.set(at(12));
  store_->push(LiveBindings{{}, at(10)});
  EXPECT_EQ(unwatched(11, 11), Spans());
  clock_.set(at(20));
  reopen();  // the last sign of life
  clock_.set(at(31));
  store_->push(LiveBindings{{}, at(30)});
  EXPECT_EQ(unwatched(5, 40), Spans({{at(5), at(10)}, {at(20), at(30)}}));
  EXPECT_EQ(unwatched(12, 20), Spans());
  EXPECT_EQ(unwatched(25, 25), Spans({{at(25), at(25)}}));
  EXPECT_EQ(unwatched(9, 9), Spans({{at(9), at(9)}}));
  EXPECT_EQ(unwatched(31, 31), Spans());
  EXPECT_EQ(store_->bindings({})->not_seen.unwatched, Spans());
}

TEST_F(HistoryStoreTest, LostRecords_AreToldOfTheirTime) {
  auto loss = failure(at(20), 0, "lost");
  loss.kind = "eventsLost";
  store_->push(loss);
  clock_.set(at(60));
  EXPECT_EQ(store_->bindings({})->not_seen.last_loss, at(20));
  EXPECT_EQ(store_->bindings(within(10, 12))->not_seen.last_loss, std::nullopt);
  EXPECT_EQ(store_->bindings(within(19, 19))->not_seen.last_loss, at(20));
  EXPECT_EQ(store_->bindings(within(21, 30))->not_seen.last_loss, std::nullopt);
}

TEST_F(HistoryStoreTest, EndOfTheCreator_ComesWithTheBinding) {
  auto row = taken("1", 80, at(10));
  row.binding.interface = R"({"creator":{"pid":4711}})";
  store_->push(ProcessEnded{{4711, 1}, at(5), std::nullopt, "an earlier one"});
  store_->push(row);
  store_->push(ProcessEnded{{4712, 1}, at(11), std::nullopt, "another"});
  EXPECT_EQ(bindings()[0].creator_end, "");
  store_->push(ProcessEnded{{4711, 2}, at(12), std::nullopt, "this"});
  store_->push(ProcessEnded{{4711, 3}, at(13), std::nullopt, "a later one"});
  EXPECT_EQ(bindings()[0].creator_end, "this");
}

TEST_F(HistoryStoreTest, LongQuestion_IsEndedInTime) {
  close();
  options_.read_time = std::chrono::milliseconds(0);
  open();
  for (int i = 0; i < 2000; ++i) {
    store_->push(failure(at(i), 80, "x"));
  }
  const auto answer = store_->events({}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::timed_out);
}

// Somebody else's transaction stands for a disk that hangs.
TEST_F(HistoryStoreTest, WriterThatHangs_AnswersWhatIsThere) {
  store_->push(taken("1", 80, at(1)));
  EXPECT_FALSE(store_->bindings({})->stale);
  close();
  options_.flush_wait = std::chrono::milliseconds(1);
  options_.write_time = std::chrono::milliseconds(0);
  open();
  {
    auto other = look();
    const auto transaction = Transaction::begin(other);
    ASSERT_TRUE(transaction);
    store_->push(taken("2", 80, at(2)));
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(60);
    bool stale = false;
    bool said = false;
    while (!stale || !said) {  // it gives up from time to time; mostly it waits
      const auto page = store_->bindings({});
      ASSERT_TRUE(page) << page.error().context;
      stale = stale || (page->stale && page->rows.size() == 1);
      said = said || store_->status().error.find("does not answer since") !=
                         std::string::npos;
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    }
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (store_->bindings({})->rows.size() != 2) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
}

TEST_F(HistoryStoreTest, FullQueue_LosesTheYoungestAndTells) {
  close();
  options_.queue_rows = 10;
  open();
  auto other = look();
  {
    const auto transaction = Transaction::begin(other);
    ASSERT_TRUE(transaction);
    for (int i = 0; i < 15; ++i) {
      store_->push(taken(std::to_string(i), 80, at(i)));
    }
    EXPECT_EQ(store_->status().lost, 5u);
    EXPECT_FALSE(store_->has_room(1));
    // Waits longer than the writer does.
    EXPECT_EQ(wait_for_notice("not written").back().announce, false);
    EXPECT_NE(store_->status().error, "");
  }
  store_->push(LiveBindings{{"0"}});  // is not subject to the bound
  EXPECT_EQ(ids().size(), 10u);
  EXPECT_TRUE(store_->has_room(5));
  EXPECT_FALSE(store_->has_room(6)) << "half of it is for news";
  const auto notices = wait_for_notice("5 rows of the history were lost");
  EXPECT_TRUE(notices.back().announce);
  EXPECT_EQ(store_->status().error, "");
}

TEST_F(HistoryStoreTest, FullQueueOfBytes_LosesToo) {
  close();
  options_.queue_bytes = 10'000;
  open();
  store_->push(failure(at(1), 80, std::string(20'000, 'x')));
  store_->push(failure(at(2), 80, "small"));
  EXPECT_EQ(events(), Ids({"small"}));
  EXPECT_EQ(store_->status().lost, 1u);
}

TEST_F(HistoryStoreTest, WhatCanNeverBeWritten_DoesNotStandInTheWay) {
  ASSERT_TRUE(look().run("ALTER TABLE event DROP COLUMN subject"));
  store_->push(failure(at(1), 80, "x"));
  wait_for_notice("subject");
  EXPECT_EQ(store_->status().lost, 1u);
  store_->push(taken("1", 80, at(1)));
  EXPECT_EQ(ids(), Ids({"1"}));
}

TEST_F(HistoryStoreTest, SecondStore_IsRefused) {
  const auto second = HistoryStore::open(options_, clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::busy);
  EXPECT_NE(second.error().context.find("another daemon"), std::string::npos);
  close();
  EXPECT_TRUE(HistoryStore::open(options_, clock_));
}

TEST_F(HistoryStoreTest, OnlyItsOwnerReadsTheFiles) {
  store_->push(taken("1", 80, at(10)));
  EXPECT_EQ(ids().size(), 1u);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat file {};
    ASSERT_EQ(stat((options_.path + suffix).c_str(), &file), 0) << suffix;
    EXPECT_EQ(file.st_mode & 0777, 0600u) << suffix;
  }
}

TEST(HistoryStoreOpen, NoSuchDirectory_IsSaid) {
  const SharedClock clock;
  HistoryStore::Options options;
  options.path = "/nonexistent/portwatch/history.db";
  const auto store = HistoryStore::open(options, clock);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::not_found);
}

TEST(HistoryStoreOpen, UnwritableDirectory_IsSaid) {
  const TempDir directory;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {  // root may write everywhere
    if (geteuid() == 0 ? setresuid(65534, 65534, 65534) != 0
                       : chmod(directory.path().c_str(), 0555) != 0) {
      _exit(2);
    }
    const SharedClock clock;
    HistoryStore::Options options;
    options.path = directory / "history.db";
    const auto store = HistoryStore::open(options, clock);
    _exit(!store && store.error().code == Errc::not_permitted ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace portwatch::test
