// inquiry.h - where the answer comes from: the daemon, else a look of our own.
//
// The rules (portwatch(1), "Where the answer comes from"): a socket that was
// named is the only one asked; if the default one cannot be asked, that is said
// in one line (for people; to programs the answer names its source).
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "cli/common_options.h"
#include "cli/context.h"
#include "userspace/model/answer.h"

namespace portwatch::cli {

inline constexpr std::chrono::milliseconds kDaemonTimeout{2000};

class Inquiry {
 public:
  // All must outlive this.
  Inquiry(Context& context, const WhereOptions& where, const OutputOptions& output)
      : context_(context), where_(where), output_(output) {}

  // One answer to all the questions. Error: nobody could answer; was not said.
  Result<Answer> ask(const std::vector<Question>& questions);

  // A daemon that has proven to answer, with what it said about itself. Empty:
  // look for yourself (why was said if it has to be). Error: the named daemon
  // fails.
  struct Proven {
    std::unique_ptr<Daemon> daemon;
    Status status;
  };
  Result<std::optional<Proven>> daemon();

  // Would this bind succeed? From the daemon (method Why), else by the kernel's
  // rules over a look of our own. Error: as ask().
  Result<Verdict> judge(const BindRequest& request);

  // What only a daemon can know: the past. `ask` gets the daemon and returns a
  // Result. Error: no daemon is asked, none answers, it cannot, or it is too old;
  // not said.
  template <class Ask>
  auto ask_only_daemon(Ask ask) -> decltype(ask(std::declval<Daemon&>())) {
    auto daemon = only_daemon();
    if (!daemon) {
      return daemon.error();
    }
    auto answer = ask(*daemon.value());
    return answer ? std::move(answer) : why_not(answer.error());
  }

  // The backend for a look of our own. Error: there is none that works.
  Result<std::unique_ptr<SnapshotReader>> fallback();

  // The socket that is asked, from --socket, PORTWATCH_SOCKET or the default.
  std::string socket_path() const;

 private:
  bool asks_daemon() const {
    return !gave_up_ && !where_.no_daemon && !where_.backend;
  }
  bool socket_was_named() const {
    return where_.socket || context_.environment.socket;
  }
  Result<Answer> ask_daemon(const std::vector<Question>& questions);
  Result<Answer> ask_fallback(const std::vector<Question>& questions);
  Result<Verdict> judge_by_looking(const BindRequest& request);
  Result<std::unique_ptr<Daemon>> only_daemon();
  Error why_not(const Error& error) const;
  std::string cannot_ask(const Error& error) const;
  // Says what is wrong. Error: there is no other way.
  Result<void> give_up(const Error& error);

  Context& context_;
  const WhereOptions& where_;
  const OutputOptions& output_;
  bool gave_up_ = false;  // on the daemon; was said
};

}  // namespace portwatch::cli
