#include "fallback/picture.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "fallback/silent_sockets.h"

namespace portwatch {
namespace {

Binding to_binding(const SocketRecord& socket, const Namespace& where,
                   std::optional<std::uint64_t> cookie) {
  Binding binding;
  binding.endpoint = socket.local;
  binding.state = socket.state;
  binding.remaining = socket.remaining;
  binding.fin_wait2 = socket.fin_wait2;
  binding.id = socket_id(socket, where.inode);
  binding.inode = socket.inode;
  binding.netns = where.inode;
  binding.netns_cookie = cookie;
  binding.netns_name = where.name;
  binding.ipv6_only = socket.ipv6_only;
  binding.reuse_addr = socket.reuse_addr;
  binding.reuse_port = socket.reuse_port;
  binding.interface = socket.interface;
  return binding;
}

bool may_be_tcp(const Question& question) {
  return !question.protocol || *question.protocol == Protocol::tcp ||
         *question.protocol == Protocol::mptcp;
}

bool maybe_mptcp(const SocketRecord& socket) {
  return socket.inode != 0 && socket.local.protocol == Protocol::tcp &&
         !socket.layer_known;
}

void append(std::vector<Missing>& all, std::vector<Missing> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

class PictureLook {
 public:
  PictureLook(SocketTables& tables, const NamespaceView& view,
              const Question& question)
      : tables_(tables), view_(view), question_(question) {}

  Result<Picture> take() {
    const bool search = must_search();
    if (const auto read = read_tables(search); !read) {
      return read.error();
    }
    if (!search && must_search()) {  // only the look has shown it
      return PictureLook(tables_, view_, question_).take();
    }
    if (search) {
      if (const auto searched = search_silent(); !searched) {
        return searched.error();
      }
    }
    drop_twins(picture_.bindings);
    if (question_.port && !question_.served_connections) {
      hide_served_connections(picture_.bindings);
    }
    std::sort(picture_.maybe_mptcp.begin(), picture_.maybe_mptcp.end());
    return std::move(picture_);
  }

 private:
  bool must_search() const {
    return !question_.listening && may_be_tcp(question_) &&
           !tables_.shows_silent_sockets();
  }

  Result<void> read_tables(bool everything) {
    TableQuery query;
    query.connected = true;
    if (!everything) {  // a search must know every socket that is in a table
      query = {question_.port, question_.protocol, question_.listening,
               question_.connected || question_.port.has_value()};
    }
    for (const Namespace& where : view_.namespaces) {
      auto table = tables_.read(where, query);
      if (!table) {
        return table.error();
      }
      for (const SocketRecord& socket : table->sockets) {
        in_tables_.push_back(socket.inode);
        add(socket, where, table->netns_cookie);
      }
      append(picture_.missing, std::move(table->missing));
    }
    return {};
  }

  Result<void> search_silent() {
    std::sort(in_tables_.begin(), in_tables_.end());
    auto silent = find_silent_sockets(in_tables_, view_.namespaces);
    if (!silent) {
      return silent.error();
    }
    for (const SilentSocket& found : silent->sockets) {
      add(found.socket, *found.where, found.netns_cookie);
    }
    for (const Port port : silent->uncertain) {
      if (!question_.port || *question_.port == port) {
        picture_.missing.push_back(
            {"sockets", "a TCP socket without connection may still hold port " +
                            std::to_string(port)});
      }
    }
    append(picture_.missing, std::move(silent->missing));
    picture_.scan = std::move(silent->scan);
    return {};
  }

  void add(const SocketRecord& socket, const Namespace& where,
           std::optional<std::uint64_t> cookie) {
    Binding binding = to_binding(socket, where, cookie);
    Question question = question_;
    if (maybe_mptcp(socket) && question.protocol == Protocol::mptcp) {
      question.protocol = Protocol::tcp;
    }
    if (admits(question, binding)) {
      picture_.bindings.push_back(std::move(binding));
      if (maybe_mptcp(socket)) {
        picture_.maybe_mptcp.push_back(socket.inode);
      }
    }
  }

  SocketTables& tables_;
  const NamespaceView& view_;
  const Question& question_;
  Picture picture_;
  std::vector<std::uint64_t> in_tables_;  // inodes
};

}  // namespace

Result<Picture> take_picture(SocketTables& tables, const NamespaceView& view,
                             const Question& question) {
  return PictureLook(tables, view, question).take();
}

void drop_twins(std::vector<Binding>& bindings) {
  std::set<std::tuple<std::string, Endpoint>> seen;
  bindings.erase(std::remove_if(bindings.begin(), bindings.end(),
                                [&](const Binding& b) {
                                  return !seen.emplace(b.id, b.endpoint).second;
                                }),
                 bindings.end());
}

}  // namespace portwatch
