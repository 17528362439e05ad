#include "cli/filter.h"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>

namespace portwatch::cli {
namespace {

template <class Number>
std::optional<Number> number_of(const std::string& text) {
  Number number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc{} && parsed.ptr == end ? std::optional(number)
                                                       : std::nullopt;
}

bool any_pattern(const std::vector<std::string>& patterns,
                 const std::string& text) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
    return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
  });
}

bool unit_matches(const std::vector<std::string>& patterns,
                  const std::string& unit) {
  constexpr std::string_view kService = ".service";
  const bool service =
      unit.size() > kService.size() &&
      unit.compare(unit.size() - kService.size(), kService.size(), kService) == 0;
  return any_pattern(patterns, unit) ||
         (service &&
          any_pattern(patterns, unit.substr(0, unit.size() - kService.size())));
}

bool user_matches(const std::vector<std::string>& users, const Process& process) {
  return std::any_of(users.begin(), users.end(), [&](const std::string& user) {
    return process.user == user ||
           (process.uid && std::to_string(*process.uid) == user);
  });
}

bool asks_for_process(const Filter& filter) {
  return !filter.pids.empty() || !filter.names.empty() || !filter.users.empty() ||
         !filter.units.empty();
}

bool process_matches(const Filter& filter, const Process& process) {
  const auto& pids = filter.pids;
  return (pids.empty() ||
          std::find(pids.begin(), pids.end(), process.id.pid) != pids.end()) &&
         (filter.names.empty() ||
          (process.name && any_pattern(filter.names, *process.name))) &&
         (filter.users.empty() || user_matches(filter.users, process)) &&
         (filter.units.empty() ||
          (process.unit && unit_matches(filter.units, *process.unit)));
}

bool holders_match(const Filter& filter, const Binding& binding) {
  return binding.holders &&
         std::any_of(binding.holders->begin(), binding.holders->end(),
                     [&](const Process& p) { return process_matches(filter, p); });
}

bool protocol_matches(const Filter& filter, Protocol protocol) {
  return (!filter.tcp && !filter.udp) ||
         (filter.tcp && covers(Protocol::tcp, protocol)) ||
         (filter.udp && covers(Protocol::udp, protocol));
}

bool port_matches(const Filter& filter, const Endpoint& endpoint) {
  const auto admitted = [&](const PortSpec& spec) {
    return spec.port == endpoint.port &&
           (!spec.protocol || covers(*spec.protocol, endpoint.protocol));
  };
  return filter.ports.empty() ||
         std::any_of(filter.ports.begin(), filter.ports.end(), admitted);
}

bool netns_matches(const Filter& filter, std::uint32_t netns) {
  return filter.netns ? *filter.netns == netns : !filter.netns_name;
}

bool netns_matches(const Filter& filter, const Binding& binding) {
  return filter.netns
             ? *filter.netns == binding.netns
             : !filter.netns_name || filter.netns_name == binding.netns_name;
}

// Everything but the processes and `connected`.
bool place_matches(const Filter& filter, const Binding& binding) {
  Question question;
  question.listening = filter.listening;
  question.connected = true;
  return admits(question, binding) &&
         protocol_matches(filter, binding.endpoint.protocol) &&
         port_matches(filter, binding.endpoint) && netns_matches(filter, binding);
}

Result<void> read_netns(Filter& filter, const std::string& text,
                        Backends& backends) {
  if (text.empty()) {
    return Error{Errc::invalid, "--netns needs an inode number or a name"};
  }
  filter.netns = number_of<std::uint32_t>(text);
  if (!filter.netns) {
    filter.netns = backends.netns_named(text);
  }
  if (!filter.netns) {
    filter.netns_name = text;  // the daemon may know a name that we cannot see
  }
  return {};
}

// As much of a process as the name of what restarts tells.
Process stand_in(const Subject& subject) {
  Process process;
  if (subject.kind == Subject::Kind::unit) {
    process.unit = subject.name;
  }
  process.uid = subject.uid;
  process.user = subject.user;
  return process;
}

bool failure_matches(const Filter& filter, const BindFailure& failure) {
  return !filter.listening &&
         protocol_matches(filter, failure.requested.protocol) &&
         port_matches(filter, failure.requested) &&
         netns_matches(filter, failure.netns) &&
         process_matches(filter, failure.process);
}

bool loop_matches(const Filter& filter, const Loop& loop) {
  Endpoint place;
  place.protocol = loop.protocol;
  place.port = loop.port;
  const bool by_process =
      process_matches(filter, stand_in(loop.subject)) ||
      (loop.last_process && process_matches(filter, *loop.last_process));
  return !filter.listening && protocol_matches(filter, loop.protocol) &&
         port_matches(filter, place) && netns_matches(filter, loop.netns) &&
         by_process;
}

bool binding_event_matches(const Filter& filter, const Change& change) {
  const Binding& binding = *change.binding;
  return place_matches(filter, binding) &&
         (!asks_for_process(filter) || holders_match(filter, binding) ||
          (binding.creator && process_matches(filter, *binding.creator)) ||
          (change.process && process_matches(filter, *change.process)));
}

}  // namespace

void declare(Arguments& arguments, FilterOptions& options) {
  arguments.flag("-t,--tcp", options.tcp, "TCP, MPTCP too");
  arguments.flag("-u,--udp", options.udp, "UDP");
  arguments.flag("-l,--listening", options.listening,
                 "listening, and UDP that receives from anybody");
  arguments.values("-p,--port", "PORT[/PROTO]", options.ports, "this port");
  arguments.values("--pid", "PID", options.pids, "held by this process");
  arguments.values("--name", "PATTERN", options.names,
                   "held by a process so named");
  arguments.values("--user", "USER", options.users,
                   "held by this user, name or uid");
  arguments.values("--unit", "PATTERN", options.units, "held by this systemd unit");
  arguments.value("--netns", "NETNS", options.netns,
                  "in this network namespace, name or inode number");
}

Result<Filter> make_filter(const FilterOptions& options, Backends& backends) {
  Filter filter;
  filter.tcp = options.tcp;
  filter.udp = options.udp;
  filter.listening = options.listening;
  filter.names = options.names;
  filter.users = options.users;
  filter.units = options.units;
  for (const std::string& text : options.ports) {
    const auto spec = parse_port_spec(text);
    if (!spec) {
      return spec.error();
    }
    filter.ports.push_back(*spec);
  }
  for (const std::string& text : options.pids) {
    const auto pid = number_of<pid_t>(text);
    if (!pid || *pid < 1) {
      return Error{Errc::invalid, "bad pid '" + text + "': expected a number"};
    }
    filter.pids.push_back(*pid);
  }
  if (options.netns) {
    if (const auto read = read_netns(filter, *options.netns, backends); !read) {
      return read.error();
    }
  }
  return filter;
}

Question question_of(const Filter& filter, std::uint32_t own_netns) {
  Question question;
  question.own_netns = own_netns;
  question.listening = filter.listening;
  question.connected = filter.connected;
  question.netns = filter.netns;
  if (filter.ports.size() == 1) {
    question.port = filter.ports.front().port;
  }
  if (filter.pids.size() == 1) {
    question.pid = filter.pids.front();
  }
  if (filter.tcp != filter.udp) {
    question.protocol = filter.tcp ? Protocol::tcp : Protocol::udp;
  }
  return question;
}

bool matches(const Filter& filter, const Binding& binding) {
  Question question;
  question.connected = filter.connected;
  return admits(question, binding) && place_matches(filter, binding) &&
         (!asks_for_process(filter) || holders_match(filter, binding));
}

bool matches(const Filter& filter, const Change& change) {
  if (change.failure) {
    return failure_matches(filter, *change.failure);
  }
  if (change.loop) {
    return loop_matches(filter, *change.loop);
  }
  return !change.binding || binding_event_matches(filter, change);
}

}  // namespace portwatch::cli
