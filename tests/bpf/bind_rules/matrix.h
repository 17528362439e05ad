// matrix.h - many pairs of sockets, each tried for real and asked of the rules.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/bpf/bind_rules/real_socket.h"
#include "tests/support/fresh_netns.h"

namespace portwatch::test {

class Matrix {
 public:
  explicit Matrix(Protocol servers) : server_(make_server(servers)) {}

  // One pair: somebody holds a port, a newcomer binds, and listens if it may.
  void try_pair(Hold how, const Wish& holder, const Wish& newcomer);
  // The same with a holder that sets the options of `after` once it holds.
  void try_pair(Hold how, const Wish& holder, const Wish& newcomer,
                const Wish& after);
  // Both bind; then the holder listens, then the newcomer.
  void try_listens(const Wish& holder, const Wish& newcomer);
  // Fails the test on any disagreement and says how much was covered. `least` is
  // the number of pairs below which the matrix has lost its rows.
  void report(const char* name, int least) const;

 private:
  struct Score {
    int passed = 0;
    int refused = 0;
  };
  void score(const Wish& holder, const Wish& newcomer, int error);
  void compare(const std::string& what, bool expected, int error);

  FreshNetns netns_;
  Server server_;
  Port next_port_ = 1024;
  int pairs_ = 0;
  std::map<std::string, Score> covered_;  // by the options of both
  std::vector<std::string> disagreements_;
};

// Every address that matters: both wildcards, IPv6 only, specific, mapped.
std::vector<Wish> all_addresses();
// No option, either, both; of user 0 and of user 1000.
std::vector<Wish> with_options(const Wish& wish, const std::vector<uid_t>& users);

}  // namespace portwatch::test
