#include "cli/words.h"

#include <algorithm>

#include "cli/text.h"

namespace portwatch::cli {
namespace {

constexpr std::size_t kMaxPids = 5;   // of one name, in a sentence
constexpr std::size_t kMaxNames = 3;  // in a sentence

// ::ffff:a.b.c.d, RFC 4291 2.5.5.2.
bool is_mapped_ipv4(const Endpoint& endpoint) {
  const auto& bytes = endpoint.address;
  return endpoint.family == Family::ipv6 &&
         std::all_of(bytes.begin(), bytes.begin() + 10,
                     [](auto byte) { return byte == 0; }) &&
         bytes[10] == 0xff && bytes[11] == 0xff;
}

bool is_this_host(const Endpoint& endpoint) {
  if (endpoint.family == Family::ipv4) {
    return endpoint.address[0] == 127;
  }
  AddressBytes loopback6{};
  loopback6[15] = 1;
  return endpoint.address == loopback6 ||
         (is_mapped_ipv4(endpoint) && endpoint.address[12] == 127);
}

std::string unspecified_words(const Binding& binding) {
  if (binding.endpoint.family == Family::ipv4) {
    return "all IPv4 addresses";
  }
  if (!binding.ipv6_only) {
    return "all IPv6 addresses, IPv4 too unless it is IPv6 only";
  }
  return *binding.ipv6_only ? "all IPv6 addresses" : "all IPv4 and IPv6 addresses";
}

bool takes_datagrams(Protocol protocol) {
  return protocol == Protocol::udp || protocol == Protocol::udplite;
}

struct NameGroup {
  std::string name;
  std::vector<pid_t> pids;
};

std::vector<NameGroup> group_by_name(const std::vector<Process>& holders) {
  std::vector<NameGroup> groups;
  for (const Process& holder : holders) {
    const std::string name = name_words(holder);
    const auto found = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& g) { return g.name == name; });
    NameGroup& group =
        found == groups.end() ? groups.emplace_back(NameGroup{name, {}}) : *found;
    group.pids.push_back(holder.id.pid);
  }
  return groups;
}

std::string pids_words(const std::vector<pid_t>& pids) {
  std::vector<std::string> words;
  // "and 1 more" is no shorter than the number itself.
  const std::size_t shown = pids.size() > kMaxPids + 1 ? kMaxPids : pids.size();
  for (std::size_t i = 0; i < shown; ++i) {
    words.push_back(std::to_string(pids[i]));
  }
  if (shown < pids.size()) {
    words.push_back(std::to_string(pids.size() - shown) + " more");
  }
  return (pids.size() == 1 ? "pid " : "pids ") + join_words(words);
}

std::string owner_name(const Binding& binding) {
  if (binding.holders && !binding.holders->empty()) {
    const std::size_t others = binding.holders->size() - 1;
    return brief_words(binding.holders->front()) +
           (others == 0 ? "" : " and " + count_of(others, "other"));
  }
  if (binding.held_by == HeldBy::kernel) {
    return "the kernel";
  }
  if (binding.held_by == HeldBy::nobody) {
    return "no process";
  }
  return binding.creator ? brief_words(*binding.creator) : "somebody hidden";
}

}  // namespace

bool is_unspecified(const Endpoint& endpoint) {
  return endpoint.address == AddressBytes{};
}

std::string port_words(const Endpoint& endpoint) {
  return std::to_string(endpoint.port) + "/" +
         std::string(to_string(endpoint.protocol));
}

std::string reach_words(const Binding& binding) {
  std::string words;
  if (is_unspecified(binding.endpoint)) {
    words = unspecified_words(binding);
  } else if (is_this_host(binding.endpoint)) {
    words = "only this host";
  }
  if (binding.interface) {
    words +=
        (words.empty() ? "only on " : ", only on ") + escape(*binding.interface);
  }
  return words;
}

std::string state_words(const Binding& binding) {
  switch (binding.state) {
    case SocketState::listening:
      return "listening for connections";
    case SocketState::bound:
      return takes_datagrams(binding.endpoint.protocol)
                 ? "bound, receives datagrams"
                 : "bound, but not listening";
    case SocketState::connected:
      return "connected";
    case SocketState::closing:
      return "closing";
  }
  return "";
}

std::string seconds_words(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()) +
         "s";
}

std::string name_words(const Process& process) {
  if (process.name) {
    return escape(*process.name);
  }
  return process.exe ? escape(process.exe->substr(process.exe->rfind('/') + 1))
                     : "?";
}

std::string exit_words(const std::optional<ExitStatus>& status) {
  if (!status || !status->code) {
    return status ? to_string(*status) : "";
  }
  return "exit " + std::to_string(*status->code);
}

std::string brief_words(const Process& process) {
  return name_words(process) + "(" + std::to_string(process.id.pid) + ")";
}

std::string actor_words(const Process& process) {
  std::string text = brief_words(process);
  if (process.user) {
    text += "  " + escape(*process.user);
  }
  const std::string home = home_words(process);
  return home.empty() ? text : text + "  " + home;
}

std::string owner_words(const Binding& binding) {
  return owner_name(binding) + " on " + endpoint_text(binding.endpoint) + " (" +
         std::string(to_string(binding.state)) + ")";
}

std::string blockers_words(const std::vector<Binding>& blockers) {
  constexpr std::size_t kMaxBlockers = 3;
  if (blockers.empty()) {
    return "nothing that is a socket";
  }
  std::vector<std::string> words;
  for (const Binding& blocker : blockers) {
    if (words.size() < kMaxBlockers) {
      words.push_back(owner_words(blocker));
    }
  }
  if (blockers.size() > kMaxBlockers) {
    words.push_back(std::to_string(blockers.size() - kMaxBlockers) + " more");
  }
  return join_words(words);
}

std::string subject_words(const Subject& subject) {
  const std::string name = escape(subject.name);
  if (subject.kind != Subject::Kind::program) {
    return name;
  }
  const std::string user = subject.user  ? escape(*subject.user)
                           : subject.uid ? "uid " + std::to_string(*subject.uid)
                                         : "";
  return user.empty() ? name : name + " (" + user + ")";
}

std::string holders_words(const std::vector<Process>& holders) {
  const auto groups = group_by_name(holders);
  std::vector<std::string> words;
  const std::size_t shown = groups.size() > kMaxNames ? kMaxNames : groups.size();
  std::size_t left = holders.size();
  for (std::size_t i = 0; i < shown; ++i) {
    words.push_back(groups[i].name + " (" + pids_words(groups[i].pids) + ")");
    left -= groups[i].pids.size();
  }
  if (left > 0) {
    words.push_back(count_of(left, "other"));
  }
  return join_words(words);
}

std::string user_words(const Process& process) {
  const std::string uid = process.uid ? "uid " + std::to_string(*process.uid) : "";
  if (!process.user) {
    return uid;
  }
  return escape(*process.user) + (uid.empty() ? "" : " (" + uid + ")");
}

std::string netns_words(const Binding& binding) {
  const std::string inode = std::to_string(binding.netns);
  return binding.netns_name ? escape(*binding.netns_name) + " (" + inode + ")"
                            : inode;
}

std::string container_words(const std::optional<std::string>& container,
                            const std::optional<std::string>& name) {
  const std::string shown = name ? escape(*name) : "";
  if (!container) {
    return shown;
  }
  return escape(*container) + (shown.empty() ? "" : " (" + shown + ")");
}

std::string published_words(const PublishedPort& published) {
  const std::string container =
      container_words(published.container, published.container_name);
  return (published.port ? "port " + std::to_string(*published.port) : "a port") +
         " of " + (container.empty() ? "a container" : "container " + container) +
         (published.address ? " at " + escape(*published.address) : "");
}

std::string home_words(const Process& process) {
  std::string words =
      process.container ? container_words(process.container, process.container_name)
                        : escape(home_of(process));
  const std::string served =
      process.publishes ? container_words(process.publishes->container,
                                          process.publishes->container_name)
                        : "";
  if (!served.empty()) {
    words += (words.empty() ? "for " : " for ") + served;
  }
  return words;
}

std::string_view home_of(const Process& process) {
  if (process.container) {
    return *process.container;
  }
  return process.unit ? std::string_view(*process.unit) : std::string_view();
}

}  // namespace portwatch::cli
