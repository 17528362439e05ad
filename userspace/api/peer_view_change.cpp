// peer_view_change.cpp - events, as the asker may see them.
#include <algorithm>

#include "userspace/api/change_processes.h"
#include "userspace/api/peer_view.h"

namespace portwatch {
namespace {

bool owns_subject(const Viewer& viewer, const Loop& loop) {
  const bool is_program = loop.subject.kind == Subject::Kind::program;
  if (is_program && loop.subject.uid != viewer.uid) {
    return false;
  }
  return loop.last_process ? owns(viewer, *loop.last_process) : is_program;
}

// Of a process that has been redacted.
std::string visible_name(const SharedProcess& process, const char* otherwise) {
  if (!process) {
    return otherwise;
  }
  std::string text;
  for (const std::string& argument :
       process->cmdline.value_or(std::vector<std::string>())) {
    text += (text.empty() ? "" : " ") + argument;
  }
  return text.empty() ? process->name.value_or(otherwise) : text;
}

// A program is named by its exe and its arguments, which needs ptrace rights; a
// container by what hidepid hides; a unit by what everybody may know.
void redact_subject(Loop& loop, const Viewer& viewer) {
  if (owns_subject(viewer, loop)) {
    return;
  }
  if (loop.subject.kind == Subject::Kind::program) {
    loop.subject.name = visible_name(loop.last_process, "a program");
  } else if (loop.subject.kind == Subject::Kind::container && viewer.proc_hidden) {
    loop.subject.name = visible_name(loop.last_process, "a container");
  }
}

// Ancestors hold no port: of a stranger among them not even the name is public.
void redact_ancestry(BindFailure& failure, const Viewer& viewer) {
  auto& parents = failure.parents;
  const auto stranger = owns(viewer, failure.process)
                            ? std::find_if_not(parents.begin(), parents.end(),
                                               [&](const Process& parent) {
                                                 return owns(viewer, parent);
                                               })
                            : parents.begin();
  parents.erase(stranger, parents.end());
}

bool owns_all_of(const Viewer& viewer, const BindFailure& failure) {
  const auto is_own = [&](const Binding& binding) {
    return owns_all(viewer, binding);
  };
  return owns(viewer, failure.process) &&
         (!failure.blockers ||
          std::all_of(failure.blockers->begin(), failure.blockers->end(), is_own));
}

}  // namespace

void redact(Change& change, const Viewer& viewer) {
  if (viewer.sees_all()) {
    return;
  }
  each_process_of_change(change,
                         [&](Process& process) { redact(process, viewer); });
  if (change.loop) {
    redact_subject(*change.loop, viewer);
  }
  if (change.failure && viewer.proc_hidden) {
    redact_ancestry(*change.failure, viewer);
    if (!owns_all_of(viewer, *change.failure)) {
      change.failure->why.reset();
    }
  }
}

void redact(EventsAnswer& answer, const Viewer& viewer) {
  for (Change& event : answer.events) {
    redact(event, viewer);
  }
}

}  // namespace portwatch
