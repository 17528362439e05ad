#include "cli/inquiry.h"

namespace portwatch::cli {

std::string Inquiry::socket_path() const {
  if (where_.socket) {
    return *where_.socket;
  }
  return context_.environment.socket.value_or(kSystemSocket);
}

Result<void> Inquiry::give_up(const Error& error) {
  const std::string path = socket_path();
  const bool names_it = error.context.find(path) != std::string::npos;
  const std::string what = "cannot ask the daemon" +
                           (names_it ? "" : " at " + path) + ": " + error.context;
  if (socket_was_named()) {
    return Error{error.code, what};
  }
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
