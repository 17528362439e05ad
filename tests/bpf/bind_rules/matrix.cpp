#include "tests/bpf/bind_rules/matrix.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "userspace/conflict/conflict.h"

namespace portwatch::test {
namespace {

std::string options_text(const Wish& wish) {
  return wish.reuse_addr   ? wish.reuse_port ? "RA+RP" : "RA"
         : wish.reuse_port ? "RP"
                           : "none";
}

}  // namespace

void Matrix::compare(const std::string& what, bool expected, int error) {
  if (error != 0 && error != EADDRINUSE) {
    disagreements_.push_back(what + ": " + std::strerror(error));
  } else if (expected != (error == EADDRINUSE)) {
    disagreements_.push_back(
        what + (expected ? ": should block, passed" : ": should pass, is blocked"));
  }
}

void Matrix::score(const Wish& holder, const Wish& newcomer, int error) {
  Score& score = covered_[options_text(holder) + " <- " + options_text(newcomer)];
  ++(error == 0 ? score.passed : score.refused);
  ++pairs_;
}

void Matrix::try_pair(Hold how, const Wish& holder, const Wish& newcomer) {
  try_pair(how, holder, newcomer, holder);
}

void Matrix::try_pair(Hold how, const Wish& holder, const Wish& newcomer,
                      const Wish& after) {
  Held held = hold(how, holder, next_port_++, server_);
  std::string what =
      to_string(how) + " " + to_string(holder) + " <- " + to_string(newcomer);
  if (holder.reuse_addr != after.reuse_addr ||
      holder.reuse_port != after.reuse_port) {
    set_reuse(held.fd, after.reuse_addr, after.reuse_port);
    held.binding = described(held.fd, after, held.binding.state);
    what += ", holder now " + options_text(after);
  }
  const Port port = held.binding.endpoint.port;
  const UniqueFd made = socket_as(newcomer);
  const auto known = conflicts(request_for(newcomer, port), held.binding);
  const int error = bind_as(made, newcomer, port);
  if (!known) {
    disagreements_.push_back(what + ": not known");
  }
  compare(what, known.value_or(false), error);
  if (error == 0 && is_stream(newcomer.protocol)) {
    const Binding self = described(made, newcomer, SocketState::bound);
    const Binding others[] = {held.binding, self};
    compare(what + ", listen", !listen_blockers(self, others).empty(),
            listen_on(made));
  }
  score(after, newcomer, error);
  drop(held);
}

void Matrix::try_listens(const Wish& holder, const Wish& newcomer) {
  const Port port = next_port_++;
  const UniqueFd first = socket_as(holder);
  const UniqueFd second = socket_as(newcomer);
  if (bind_as(first, holder, port) != 0 || bind_as(second, newcomer, port) != 0) {
    return;  // the other matrices have that
  }
  Binding sockets[] = {described(first, holder, SocketState::bound),
                       described(second, newcomer, SocketState::bound)};
  const std::string what = to_string(holder) + " | " + to_string(newcomer);
  const bool refused = !listen_blockers(sockets[0], sockets).empty();
  const int error = listen_on(first);
  compare(what + ", first listen", refused, error);
  if (error == 0) {
    sockets[0].state = SocketState::listening;
    const bool refused_too = !listen_blockers(sockets[1], sockets).empty();
    const int second_error = listen_on(second);
    compare(what + ", second listen", refused_too, second_error);
    score(holder, newcomer, second_error);
  }
}

void Matrix::report(const char* name, int least) const {
  std::printf("%s: %d pairs, %zu disagreements\n", name, pairs_,
              disagreements_.size());
  for (const auto& [options, score] : covered_) {
    std::printf("  %-16s %5d passed %5d refused\n", options.c_str(), score.passed,
                score.refused);
  }
  for (std::size_t i = 0; i < disagreements_.size() && i < 40; ++i) {
    ADD_FAILURE() << disagreements_[i];
  }
  EXPECT_GE(pairs_, least);
}

std::vector<Wish> all_addresses() {
  std::vector<Wish> wishes;
  for (const char* address : {"0.0.0.0", "127.0.0.1", "127.0.0.2", "127.0.0.6",
                              "::", "::1", "::ffff:127.0.0.1", "::ffff:0.0.0.0"}) {
    wishes.emplace_back().address = address;
  }
  wishes.emplace_back().address = "::";
  wishes.back().ipv6_only = true;
  return wishes;
}

std::vector<Wish> with_options(const Wish& wish, const std::vector<uid_t>& users) {
  std::vector<Wish> wishes;
  for (const uid_t uid : users) {
    for (const int bits : {0, 1, 2, 3}) {
      Wish& made = wishes.emplace_back(wish);
      made.reuse_addr = (bits & 1) != 0;
      made.reuse_port = (bits & 2) != 0;
      made.uid = uid;
    }
  }
  return wishes;
}

}  // namespace portwatch::test
