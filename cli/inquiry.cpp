#include "cli/inquiry.h"

#include <algorithm>

namespace portwatch::cli {
namespace {

// A question with a port leaves out the connections of a listener; the kernel's
// rules want them too. Whose they are does not matter, so that they cost little.
Result<void> add_connections(SnapshotReader& reader, Port port, Answer& look) {
  Question question;
  question.connected = true;
  question.holders = false;
  auto all = reader.read(question);
  if (!all) {
    return all.error();
  }
  for (Binding& found : all->bindings) {
    const auto same = [&](const Binding& known) {
      return known.id == found.id && known.endpoint == found.endpoint;
    };
    if (found.endpoint.port == port &&
        std::none_of(look.bindings.begin(), look.bindings.end(), same)) {
      look.bindings.push_back(std::move(found));
    }
  }
  return {};
}

}  // namespace

std::string Inquiry::socket_path() const {
  if (where_.socket) {
    return *where_.socket;
  }
  return context_.environment.socket.value_or(kSystemSocket);
}

std::string Inquiry::cannot_ask(const Error& error) const {
  const std::string path = socket_path();
  const bool names_it = error.context.find(path) != std::string::npos;
  return "cannot ask the daemon" + (names_it ? "" : " at " + path) + ": " +
         error.context;
}

Error Inquiry::why_not(const Error& error) const {
  if (error.code == Errc::not_supported) {
    return {error.code, "the daemon at " + socket_path() +
                            " does not know this question: it is older than this "
                            "command"};
  }
  if (error.code == Errc::unavailable) {
    return {error.code, error.context + "; 'portwatch status' says more"};
  }
  return {error.code, cannot_ask(error)};
}

Result<void> Inquiry::give_up(const Error& error) {
  const std::string what = error.code == Errc::not_supported
                               ? why_not(error).context
                               : cannot_ask(error);
  if (socket_was_named()) {
    return Error{error.code, what};
  }
  gave_up_ = true;
  const bool just_not_there = error.code == Errc::not_found && !output_.verbose;
  if (just_not_there && !output_.quiet && output_.format() == Format::people) {
    say(context_, "portwatchd is not running: looking for myself");
  } else if (!just_not_there && !output_.quiet) {
    say(context_, what + "; looking for myself instead");
  }
  return {};
}

Result<Answer> Inquiry::ask_daemon(const std::vector<Question>& questions) {
  auto daemon = context_.backends.connect(socket_path(), kDaemonTimeout);
  if (!daemon) {
    return daemon.error();
  }
  Answer whole;
  for (const Question& question : questions) {
    auto part = daemon.value()->ask(question);
    if (!part) {
      return part.error();
    }
    whole.source = part->source;
    merge(whole, std::move(part).value());
  }
  return whole;
}

Result<Answer> Inquiry::ask_fallback(const std::vector<Question>& questions) {
  auto reader = fallback();
  if (!reader) {
    return reader.error();
  }
  Answer whole;
  whole.source = reader.value()->source();
  for (const Question& question : questions) {
    auto part = reader.value()->read(question);
    if (!part) {
      return part.error();
    }
    merge(whole, std::move(part).value());
  }
  const auto complaints = context_.backends.name_containers(whole.bindings);
  if (output_.verbose) {
    for (const std::string& complaint : complaints) {
      say(context_, complaint);
    }
  }
  return whole;
}

Result<Answer> Inquiry::ask(const std::vector<Question>& questions) {
  if (asks_daemon()) {
    auto answer = ask_daemon(questions);
    if (answer) {
      return answer;
    }
    if (const auto may_look = give_up(answer.error()); !may_look) {
      return may_look.error();
    }
  }
  return ask_fallback(questions);
}

Result<std::unique_ptr<Daemon>> Inquiry::only_daemon() {
  constexpr const char* kOnly = "only a running portwatchd knows the past";
  if (!asks_daemon()) {
    return Error{Errc::not_supported, std::string(kOnly) + ", and none is asked"};
  }
  auto daemon = context_.backends.connect(socket_path(), kDaemonTimeout);
  if (!daemon) {
    return Error{daemon.error().code,
                 std::string(kOnly) + ": " + cannot_ask(daemon.error())};
  }
  return daemon;
}

Result<Verdict> Inquiry::judge(const BindRequest& request) {
  if (asks_daemon()) {
    auto daemon = context_.backends.connect(socket_path(), kDaemonTimeout);
    auto verdict =
        daemon ? daemon.value()->why(request) : Result<Verdict>(daemon.error());
    if (verdict) {
      return verdict;
    }
    if (const auto may_look = give_up(verdict.error()); !may_look) {
      return may_look.error();
    }
  }
  return judge_by_looking(request);
}

Result<Verdict> Inquiry::judge_by_looking(const BindRequest& request) {
  auto reader = fallback();
  if (!reader) {
    return reader.error();
  }
  Question question;
  question.port = request.endpoint.port;
  question.own_netns = context_.backends.own_netns();
  auto look = reader.value()->read(question);
  if (!look) {
    return look.error();
  }
  if (const auto added =
          add_connections(*reader.value(), request.endpoint.port, *look);
      !added) {
    return added.error();
  }
  (void)context_.backends.name_containers(look->bindings);
  return context_.backends.judge(request, *look);
}

Result<std::optional<Inquiry::Proven>> Inquiry::daemon() {
  if (!asks_daemon()) {
    return std::optional<Proven>();
  }
  auto daemon = context_.backends.connect(socket_path(), kDaemonTimeout);
  const auto status =
      daemon ? daemon.value()->status() : Result<Status>(daemon.error());
  if (status) {
    return std::optional<Proven>({std::move(daemon).value(), *status});
  }
  if (const auto may_look = give_up(status.error()); !may_look) {
    return may_look.error();
  }
  return std::optional<Proven>();
}

Result<std::unique_ptr<SnapshotReader>> Inquiry::fallback() {
  std::optional<Source> source;
  if (where_.backend) {
    source = source_from(*where_.backend);
  }
  auto reader = context_.backends.snapshot(source);
  if (!reader) {
    return add_context(reader.error(), "cannot look at the sockets");
  }
  return reader;
}

}  // namespace portwatch::cli
