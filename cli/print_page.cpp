// print_page.cpp - the answer page of `who`.
#include <algorithm>
#include <set>

#include "cli/group.h"
#include "cli/page_process.h"
#include "cli/page_rows.h"
#include "cli/print.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "cli/verdict.h"
#include "cli/words.h"

namespace portwatch::cli {
namespace {

// When the first of the sockets took the port; empty unless known of all.
std::optional<WallTime> since_of(const Group& group) {
  std::optional<WallTime> earliest = group.first().since;
  for (const Binding* binding : group.bindings) {
    if (!binding->since) {
      return std::nullopt;
    }
    earliest = std::min(*earliest, *binding->since);
  }
  return earliest;
}

bool is_transient(const Group& group) {
  return group.first().state == SocketState::connected ||
         group.first().state == SocketState::closing;
}

// " for container web" after a proxy that is alone.
std::string served_words(const Group& group) {
  if (group.holders.size() != 1 || !group.holders[0].publishes) {
    return "";
  }
  const PublishedPort& published = *group.holders[0].publishes;
  const std::string container =
      container_words(published.container, published.container_name);
  return container.empty() ? " for a container" : " for container " + container;
}

std::string holder_sentence(const Group& group) {
  const Binding& binding = group.first();
  if (is_hidden(binding)) {
    return "is taken, but who holds it is hidden from you";
  }
  if (!group.holders.empty()) {
    return (is_transient(group) ? "is used by " : "is held by ") +
           holders_words(group.holders) + served_words(group);
  }
  switch (*binding.held_by) {
    case HeldBy::kernel:
      return "is held by the kernel itself, by no process";
    case HeldBy::in_flight:
      return "is held by no process now, but by a descriptor in flight";
    default:
      return "is held by no process";
  }
}

bool is_foreign(const Binding& binding, const View& view) {
  return view.own_netns != 0 && binding.netns != view.own_netns;
}

std::string headline(const Group& group, const View& view) {
  const Binding& binding = group.first();
  std::string text = port_words(binding.endpoint) + " " + holder_sentence(group);
  if (is_foreign(binding, view)) {
    text += " in network namespace " + netns_words(binding);
  }
  if (const auto since = since_of(group)) {
    text += " since " + time_for_people(*since, view.now);
  }
  return text;
}

std::string address_line(const Binding& binding, const View& view) {
  std::string reach = reach_words(binding);
  if (reach == "only this host" && is_foreign(binding, view)) {
    reach = "only that namespace";
  }
  return endpoint_text(binding.endpoint) +
         (reach.empty() ? "" : " (" + reach + ")");
}

// Every different address once, with the number of sockets on it.
void add_addresses(PageRows& rows, const Group& group, const View& view) {
  std::vector<std::pair<std::string, std::size_t>> lines;
  for (const Binding* binding : group.bindings) {
    const std::string line = address_line(*binding, view);
    const auto known = std::find_if(lines.begin(), lines.end(),
                                    [&](const auto& l) { return l.first == line; });
    if (known == lines.end()) {
      lines.emplace_back(line, 1);
    } else {
      ++known->second;
    }
  }
  for (const auto& [line, count] : lines) {
    rows.add("address",
             count == 1 ? line : line + ", " + count_of(count, "socket"));
  }
}

// "for a while", or how long, when that is known of all sockets.
std::string rest_words(const Group& group) {
  std::chrono::milliseconds longest{0};
  for (const Binding* binding : group.bindings) {
    if (!binding->remaining) {
      return "for a while";
    }
    longest = std::max(longest, *binding->remaining);
  }
  return (group.bindings.size() == 1 ? "for another " : "for up to another ") +
         seconds_words(longest);
}

std::string state_line(const Group& group) {
  const Binding& binding = group.first();
  if (binding.state == SocketState::closing && group.holders.empty()) {
    return "closing: the kernel keeps the port " + rest_words(group) +
           " (TIME_WAIT and the like)";
  }
  if (binding.held_by == HeldBy::in_flight) {
    return state_words(binding) +
           "; in a message that nobody has received yet, or a fixed file of "
           "io_uring";
  }
  return state_words(binding);
}

std::string connections_line(const Group& group) {
  std::vector<std::string> words;
  if (group.connected > 0) {
    words.push_back(std::to_string(group.connected) + " connected");
  }
  if (group.closing > 0) {
    words.push_back(std::to_string(group.closing) + " closing");
  }
  return join_words(words);
}

bool holds(const Group& group, const Process& process) {
  return std::any_of(
      group.holders.begin(), group.holders.end(),
      [&](const Process& holder) { return is_same_process(holder, process); });
}

// Who took the port, when that is not what the rest of the page says anyway.
void add_creators(PageRows& rows, const Group& group, const Answer& answer) {
  const bool sees_all = group.first().holders && !has_gap(answer, "holders");
  std::set<std::string> told;
  for (const Binding* binding : group.bindings) {
    const auto& creator = binding->creator;
    if (!creator || (!group.holders.empty() &&
                     is_same_process(group.holders.front(), *creator))) {
      continue;
    }
    const std::string line =
        name_words(*creator) + " (pid " + std::to_string(creator->id.pid) + ")" +
        (sees_all && !holds(group, *creator) ? ", which no longer holds it" : "");
    if (told.insert(line).second) {
      rows.add("opened by", line);
    }
  }
}

void add_hint(PageRows& rows, const Group& group, const Answer& answer) {
  if (is_hidden(group.first())) {
    rows.add_warning("hint", answer.source == Source::ebpf
                                 ? "the daemon itself cannot see the holder"
                                 : "ask as root, or start portwatchd");
  }
}

bool shows_several_netns(const Answer& answer) {
  return std::any_of(
      answer.bindings.begin(), answer.bindings.end(),
      [&](const Binding& b) { return b.netns != answer.bindings.front().netns; });
}

void add_netns(PageRows& rows, const Binding& binding, const View& view) {
  const bool own = view.own_netns != 0 && binding.netns == view.own_netns;
  rows.add("namespace", netns_words(binding) + (own ? ", this one" : ""));
}

std::string section(const Group& group, const Answer& answer, const View& view,
                    const Lineage& lineage) {
  PageRows rows(view.style, view.width);
  add_addresses(rows, group, view);
  rows.add("state", state_line(group));
  rows.add("connections", connections_line(group));
  if (!since_of(group) && answer.source == Source::ebpf) {
    rows.add("since", "not known: not seen as it happened");
  }
  if (!group.holders.empty()) {
    add_process(rows, group.holders.front(), view, lineage);
    add_others(rows, group.holders);
  }
  add_creators(rows, group, answer);
  if (is_foreign(group.first(), view) || shows_several_netns(answer)) {
    add_netns(rows, group.first(), view);
  }
  add_hint(rows, group, answer);
  return view.style.strong(headline(group, view)) + "\n" + rows.text();
}

std::string spec_words(const PortSpec& port) {
  const std::string number = std::to_string(port.port);
  return port.protocol ? number + "/" + std::string(to_string(*port.protocol))
                       : number;
}

std::string nobody_line(const PortSpec& port, const Answer& answer) {
  if (has_gap(answer, "sockets")) {
    return "nobody seen on port " + spec_words(port) +
           ", but not everything could be seen\n";
  }
  const bool own_only = has_gap(answer, "namespaces");
  return "nobody holds port " + spec_words(port) +
         (own_only ? " in this network namespace\n" : "\n");
}

std::string quality(const Answer& answer, const Style& style) {
  if (answer.confidence == Confidence::exact) {
    return "";
  }
  PageRows rows(style, 0);
  rows.add("source", std::string(to_string(answer.source)) + " (" +
                         std::string(to_string(answer.confidence)) + ")");
  for (const Missing& gap : answer.missing) {
    rows.add_warning("partial", escape(to_string(gap)));
  }
  return rows.text();
}

}  // namespace

std::string print_page(const Answer& answer, const std::vector<PortSpec>& ports,
                       const View& view, const Lineage& lineage) {
  const std::vector<Group> groups = group_bindings(answer);
  std::string page;
  for (const Group& group : groups) {
    page += page.empty() ? "" : "\n";
    page += section(group, answer, view, lineage);
  }
  std::string free_ports;
  for (const PortSpec& port : ports) {
    if (!is_taken(answer, port)) {
      free_ports += nobody_line(port, answer);
    }
  }
  page += (groups.empty() || free_ports.empty() ? "" : "\n") + free_ports;
  // "nobody holds port 5055" needs no more words, unless it may be wrong.
  if (groups.empty() && answer.missing.empty()) {
    return page;
  }
  const std::string footer = quality(answer, view.style);
  return page + (groups.size() > 1 && !footer.empty() ? "\n" : "") + footer;
}

}  // namespace portwatch::cli
