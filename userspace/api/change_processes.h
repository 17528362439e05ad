// change_processes.h - every process that a binding or a change tells of.
//
// `visit` gets a Process&, const when the argument is const. The one list of them:
// a new field with a process in it has its line here, or is shown to everybody.
#pragma once

#include "userspace/model/change.h"

namespace portwatch {

template <class List, class Visit>
void each_in(List& maybe, const Visit& visit) {
  if (maybe) {
    for (auto& item : *maybe) {
      visit(item);
    }
  }
}

template <class Visit>
void visit_shared(const SharedProcess& process, const Visit& visit) {
  if (process) {
    visit(*process);
  }
}
template <class Visit>
void visit_shared(SharedProcess& process, const Visit& visit) {
  if (process) {
    process.edit(visit);
  }
}

template <class BindingRef, class Visit>
void each_process_of_binding(BindingRef& binding, const Visit& visit) {
  visit_shared(binding.creator, visit);
  each_in(binding.holders, visit);
}

template <class ChangeRef, class Visit>
void each_process_of_change(ChangeRef& change, const Visit& visit) {
  const auto within = [&](auto& binding) {
    each_process_of_binding(binding, visit);
  };
  if (change.binding) {
    within(*change.binding);
  }
  if (change.failure) {
    visit(change.failure->process);
    for (auto& parent : change.failure->parents) {
      visit(parent);
    }
    each_in(change.failure->blockers, within);
  }
  if (change.loop) {
    each_in(change.loop->blockers, within);
    visit_shared(change.loop->last_process, visit);
  }
  visit_shared(change.process, visit);
  visit_shared(change.previous, visit);
}

}  // namespace portwatch
