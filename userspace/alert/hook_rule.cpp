#include "userspace/alert/hook_rule.h"

#include <algorithm>

#include "userspace/model/change_facts.h"

namespace portwatch {
namespace {

template <class T>
bool has(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool is_of_user(const std::vector<std::string>& users,
                const std::optional<std::string>& name, std::optional<uid_t> uid) {
  return (name && has(users, *name)) || (uid && has(users, std::to_string(*uid)));
}

bool matches_unit(const HookRule& rule, const Change& change) {
  const auto subject = subject_of(change);
  if (subject && subject->kind == Subject::Kind::unit &&
      has(rule.units, subject->name)) {
    return true;
  }
  const auto processes = processes_of(change);
  return std::any_of(processes.begin(), processes.end(), [&](const Process* one) {
    return one->unit && has(rule.units, *one->unit);
  });
}

bool matches_user(const HookRule& rule, const Change& change) {
  const auto subject = subject_of(change);
  if (subject && is_of_user(rule.users, subject->user, subject->uid)) {
    return true;
  }
  const auto processes = processes_of(change);
  return std::any_of(processes.begin(), processes.end(), [&](const Process* one) {
    return is_of_user(rule.users, one->user, one->uid);
  });
}

}  // namespace

bool matches(const HookRule& rule, const Change& change) {
  return has(rule.on, change.type) &&
         (rule.ports.empty() || has(rule.ports, port_of(change))) &&
         (rule.units.empty() || matches_unit(rule, change)) &&
         (rule.users.empty() || matches_user(rule, change));
}

}  // namespace portwatch
