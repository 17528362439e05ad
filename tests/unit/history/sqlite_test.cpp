// The wrapper: values, errors, transactions.
#include "userspace/history/sqlite.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "tests/unit/history/history_fixture.h"

namespace portwatch::test {
namespace {

class SqliteTest : public ::testing::Test {
 protected:
  SqliteTest() {
    const UniqueFd file(creat(path_.c_str(), 0600));
    EXPECT_TRUE(file.valid());
  }
  Database open(Database::Access access = Database::Access::read_write) const {
    auto database = Database::open(path_, access, std::chrono::milliseconds(0));
    if (!database) {
      throw std::runtime_error(database.error().context);
    }
    return std::move(*database);
  }

  const TempDir directory_;
  const std::string path_ = directory_ / "db";
};

TEST_F(SqliteTest, Values_ComeBack) {
  auto database = open();
  ASSERT_TRUE(database.run("CREATE TABLE t (a, b, c, d)"));
  auto insert = database.prepare("INSERT INTO t VALUES (?,?,?,?)");
  ASSERT_TRUE(insert);
  ASSERT_TRUE(insert->run({std::int64_t{-5}, "text", nullptr, std::string_view()}));
  auto select = database.prepare("SELECT * FROM t");
  ASSERT_TRUE(select);
  const auto row = select->step();
  ASSERT_TRUE(row && *row);
  EXPECT_EQ(select->integer(0), -5);
  EXPECT_EQ(select->text(1), "text");
  EXPECT_EQ(select->maybe_integer(2), std::nullopt);
  EXPECT_EQ(select->text(3), "");
  EXPECT_EQ(*database.integer("SELECT d IS NULL FROM t"), 0);
  EXPECT_FALSE(*select->step());
}

TEST_F(SqliteTest, Transaction_IsUndoneUnlessCommitted) {
  auto database = open();
  ASSERT_TRUE(database.run("CREATE TABLE t (a)"));
  {
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database.run("INSERT INTO t VALUES (1)"));
  }
  EXPECT_EQ(*database.integer("SELECT count(*) FROM t"), 0);
  {
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database.run("INSERT INTO t VALUES (1)"));
    ASSERT_TRUE(transaction->commit());
  }
  EXPECT_EQ(*database.integer("SELECT count(*) FROM t"), 1);
}

TEST_F(SqliteTest, Errors_SayWhatKind) {
  auto database = open();
  ASSERT_TRUE(database.run("CREATE TABLE t (a UNIQUE)"));
  EXPECT_EQ(database.run("SELECT * FROM u").error().code, Errc::not_supported);
  EXPECT_EQ(database.run("INSERT INTO t VALUES (1), (1)").error().code,
            Errc::not_supported);
  auto reader = open(Database::Access::read_only);
  EXPECT_EQ(reader.run("INSERT INTO t VALUES (1)").error().code,
            Errc::not_permitted);
  const auto lock = Transaction::begin(database);
  ASSERT_TRUE(lock);
  auto other = open();
  EXPECT_EQ(Transaction::begin(other).error().code, Errc::busy);
}

TEST_F(SqliteTest, Full_IsOverloaded) {
  auto database = open();
  ASSERT_TRUE(database.run("CREATE TABLE t (a); PRAGMA max_page_count=3"));
  EXPECT_EQ(database.run("INSERT INTO t VALUES (zeroblob(100000))").error().code,
            Errc::overloaded);
}

TEST_F(SqliteTest, LimitedTime_EndsAStatement) {
  auto database = open();
  database.limit_time(std::chrono::milliseconds(1));
  EXPECT_EQ(database
                .integer("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
                         " SELECT i+1 FROM n) SELECT max(i) FROM n")
                .error()
                .code,
            Errc::timed_out);
}

TEST_F(SqliteTest, NoFile_CannotBeOpened) {
  const auto database =
      Database::open(directory_ / "none", Database::Access::read_write,
                     std::chrono::milliseconds(0));
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, Errc::not_permitted);
}

}  // namespace
}  // namespace portwatch::test
