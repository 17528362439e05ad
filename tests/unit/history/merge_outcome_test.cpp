// What is written with and without merging, compared: random rows, two files.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/history/history_fixture.h"
#include "userspace/history/history_file.h"
#include "userspace/history/history_writer.h"
#include "userspace/history/merge_lives.h"

namespace portwatch {
namespace {

using test::at;
using Rows = std::vector<HistoryRow>;

// Of three sockets, so that they meet often. A socket has its beginning from the
// first row that knows it, as in the daemon.
Rows random_rows(std::mt19937& random) {
  Rows rows;
  const auto below = [&random](unsigned n) { return random() % n; };
  for (int i = 0; i < 12; ++i) {
    const std::string id = std::to_string(below(3));
    const auto since = below(3) == 0 ? std::nullopt : std::optional(at(1));
    Binding binding = test::row_of(id, 80, since);
    binding.interface = "document " + std::to_string(i);
    switch (below(6)) {
      case 0:
      case 1:
      case 2:
        rows.emplace_back(BindingTaken{binding, at(1), false});
        break;
      case 3:
        rows.emplace_back(BindingTaken{binding, at(1), true});
        break;
      case 4:
        rows.emplace_back(BindingReleased{binding, at(100 + i)});
        break;
      default:
        rows.emplace_back(LiveBindings{{"0", "2"}});
    }
  }
  return rows;
}

class MergeOutcome : public ::testing::Test {
 protected:
  // All bindings after both batches, one a line.
  std::string written(const std::string& name, const std::vector<Rows>& batches) {
    const std::string path = directory_ / name;
    auto file = open_history(path, at(0));
    auto writer =
        HistoryWriter::make(std::move(file->database), "boot", test::document_of);
    for (const Rows& rows : batches) {
      EXPECT_TRUE((*writer)->write(rows, at(50)));
    }
    auto database = Database::open(path, Database::Access::read_write,
                                   std::chrono::seconds(60));
    const auto text = database->text(
        "SELECT group_concat(line, char(10)) FROM (SELECT id||' '||began||' '||"
        "coalesce(since,'-')||' '||coalesce(until,'open')||' '||end_known||' '||"
        "document AS line FROM binding ORDER BY line)");
    return text ? *text : "";
  }

  const test::TempDir directory_;
};

TEST_F(MergeOutcome, RandomRows_AreWrittenAsIfNoneWasMerged) {
  std::size_t merged = 0;
  for (unsigned seed = 0; seed < 120; ++seed) {
    std::mt19937 random(seed);
    const std::vector<Rows> plain = {random_rows(random), random_rows(random)};
    std::vector<Rows> fewer = plain;
    for (Rows& rows : fewer) {
      merged += merge_lives(rows).rows;
    }
    const std::string number = std::to_string(seed);
    ASSERT_EQ(written("merged" + number, fewer), written("plain" + number, plain))
        << "seed " << seed;
  }
  EXPECT_GT(merged, 120u);
}

}  // namespace
}  // namespace portwatch
