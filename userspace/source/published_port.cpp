#include "userspace/source/published_port.h"

#include <charconv>
#include <string_view>

namespace portwatch {
namespace {

using Arguments = std::vector<std::string>;
using Text = std::optional<std::string_view>;

constexpr std::size_t kMaxNameLength = 255;

std::string_view file_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// The value of "-name VALUE", "--name VALUE", "-name=VALUE", "--name=VALUE".
Text value_of(const Arguments& arguments, std::string_view name) {
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    std::string_view word = arguments[i];
    const std::size_t dashes = word.substr(0, 2) == "--" ? 2 : 1;
    if (word.empty() || word[0] != '-' ||
        word.substr(dashes, name.size()) != name) {
      continue;
    }
    word.remove_prefix(dashes + name.size());
    if (word.empty() && i + 1 < arguments.size()) {
      return arguments[i + 1];
    }
    if (!word.empty() && word[0] == '=') {
      return word.substr(1);
    }
  }
  return std::nullopt;
}

Text either_value(const Arguments& arguments, std::string_view name,
                  std::string_view other) {
  const Text value = value_of(arguments, name);
  return value ? value : value_of(arguments, other);
}

std::optional<Port> port_from(Text text) {
  unsigned number = 0;
  if (!text || text->empty()) {
    return std::nullopt;
  }
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, number);
  const bool good = parsed.ec == std::errc{} && parsed.ptr == end && number >= 1 &&
                    number <= 65535;
  return good ? std::optional(static_cast<Port>(number)) : std::nullopt;
}

// One process a published port; the host's end of it is told too.
std::optional<PublishedPort> docker_proxy(const Arguments& arguments,
                                          const Endpoint& at) {
  const auto outside = port_from(value_of(arguments, "host-port"));
  if (outside && *outside != at.port) {
    return std::nullopt;
  }
  PublishedPort published;
  if (const Text address = value_of(arguments, "container-ip")) {
    published.address = canonical_address(std::string(*address));
  }
  published.port = port_from(value_of(arguments, "container-port"));
  return published;
}

// conmon serves Podman and CRI-O; where it is told to report says whom.
std::optional<std::string_view> master_of_conmon(const Arguments& arguments) {
  const Text report = value_of(arguments, "exit-dir");
  const Text command = value_of(arguments, "exit-command");
  if (report && report->find("/crio/") != std::string_view::npos) {
    return "crio";
  }
  const bool podman =
      (command && file_of(*command) == "podman") ||
      (report && report->find("/libpod/") != std::string_view::npos);
  return podman ? Text("podman") : std::nullopt;
}

// Podman binds a container's published ports and gives them to its monitor, so
// that nobody else takes them; packet filters do the rest.
std::optional<PublishedPort> conmon(const Arguments& arguments, const Endpoint&) {
  PublishedPort published;
  const Text id = either_value(arguments, "c", "cid");
  const auto master = master_of_conmon(arguments);
  if (id && is_container_id(*id) && master) {
    published.container = container_text(*master, *id);
  }
  const Text name = either_value(arguments, "n", "name");
  if (name && !name->empty() && name->size() <= kMaxNameLength) {
    published.container_name = *name;
  }
  return published;
}

std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const std::string_view token = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return token;
}

// Where `port` leads by one "HOST[-HOST][:INSIDE[-INSIDE]]" of pasta(1).
std::optional<Port> pasta_port(std::string_view range, Port port) {
  std::string_view outside = take_until(range, ':');
  const auto first = port_from(take_until(outside, '-'));
  const auto last = outside.empty() ? first : port_from(outside);
  const auto inside = range.empty() ? first : port_from(take_until(range, '-'));
  if (!first || !last || !inside || port < *first || port > *last ||
      *inside + (port - *first) > 65535) {
    return std::nullopt;
  }
  return static_cast<Port>(*inside + (port - *first));
}

// "-t 127.0.0.1/8080-8080:80-80"; may be repeated. pasta runs without a container
// too; for one it is told whose namespace it serves.
std::optional<PublishedPort> pasta(const Arguments& arguments, const Endpoint& at) {
  const bool tcp = is_stream(at.protocol);
  const std::string_view brief = tcp ? "-t" : "-u";
  const std::string_view full = tcp ? "--tcp-ports" : "--udp-ports";
  if (!value_of(arguments, "netns")) {
    return std::nullopt;
  }
  for (std::size_t i = 1; i + 1 < arguments.size(); ++i) {
    if (arguments[i] != brief && arguments[i] != full) {
      continue;
    }
    std::string_view ranges = arguments[i + 1];
    ranges.remove_prefix(ranges.rfind('/') + 1);
    while (!ranges.empty()) {
      if (const auto port = pasta_port(take_until(ranges, ','), at.port)) {
        PublishedPort published;
        published.port = *port;
        return published;
      }
    }
  }
  return std::nullopt;
}

// Its other sockets are the container's own connections to the world; what it
// publishes, it is told by a socket.
std::optional<PublishedPort> slirp4netns(const Arguments&, const Endpoint& at) {
  return is_stream(at.protocol) ? std::optional<PublishedPort>(PublishedPort())
                                : std::nullopt;
}

// It is told by its standard input.
std::optional<PublishedPort> rootlessport(const Arguments&, const Endpoint&) {
  return PublishedPort();
}

struct Program {
  std::string_view name;
  std::optional<PublishedPort> (*read)(const Arguments&, const Endpoint&);
};
// A new program is one line here.
constexpr Program kPrograms[] = {{"docker-proxy", docker_proxy},
                                 {"rootlesskit-docker-proxy", docker_proxy},
                                 {"conmon", conmon},
                                 {"pasta", pasta},
                                 {"pasta.avx2", pasta},
                                 {"slirp4netns", slirp4netns},
                                 {"rootlessport", rootlessport},
                                 {"containers-rootlessport", rootlessport}};

}  // namespace

std::optional<PublishedPort> published_port(const std::vector<std::string>& cmdline,
                                            const Endpoint& at) {
  const std::string_view name = cmdline.empty() ? "" : file_of(cmdline[0]);
  for (const Program& program : kPrograms) {
    if (program.name == name) {
      return program.read(cmdline, at);
    }
  }
  return std::nullopt;
}

}  // namespace portwatch
