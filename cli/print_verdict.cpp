// print_verdict.cpp - would a bind succeed, and what stands in its way.
#include <cstring>

#include "cli/page_rows.h"
#include "cli/print.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "cli/words.h"

namespace portwatch::cli {
namespace {

constexpr std::size_t kMaxSockets = 5;  // shown of one reason

std::string request_words(const BindRequest& request) {
  std::vector<std::string> options;
  const auto add = [&](bool on, const char* name) {
    if (on) {
      options.emplace_back(name);
    }
  };
  add(request.reuse_addr, "SO_REUSEADDR");
  add(request.reuse_port, "SO_REUSEPORT");
  add(request.ipv6_only, "IPV6_V6ONLY");
  const std::string place = endpoint_text(request.endpoint) + "/" +
                            std::string(to_string(request.endpoint.protocol));
  return options.empty() ? place : place + " with " + join_words(options);
}

std::string error_words(int error) {
  const char* text = strerrordesc_np(error);
  return error_name(error) +
         (text == nullptr ? "" : " (" + std::string(text) + ")");
}

std::string headline(const Verdict& verdict) {
  const std::string place = request_words(verdict.request);
  switch (verdict.outcome) {
    case Answerable::free:
      return place + " can be bound";
    case Answerable::blocked:
      return place + " cannot be bound: " + error_words(verdict.error);
    case Answerable::unknown:
      break;
  }
  return "whether " + place + " can be bound is not known";
}

std::string socket_line(const Binding& binding, const View& view) {
  std::string text = owner_words(binding);
  const Process* holder = binding.holders && !binding.holders->empty()
                              ? &binding.holders->front()
                              : nullptr;
  if (holder != nullptr && holder->user) {
    text += ", " + escape(*holder->user);
  }
  if (holder != nullptr && !home_words(*holder).empty()) {
    text += ", " + home_words(*holder);
  }
  if (view.own_netns != 0 && binding.netns != view.own_netns) {
    text += ", network namespace " + netns_words(binding);
  }
  if (binding.remaining) {
    text += ", gone in " + seconds_words(*binding.remaining);
  }
  return binding.since
             ? text + ", since " + time_for_people(*binding.since, view.now)
             : text;
}

// One socket is told by the reason's own sentence.
void add_sockets(PageRows& rows, const Reason& reason, const View& view) {
  if (reason.bindings.size() < 2) {
    return;
  }
  for (std::size_t i = 0; i < reason.bindings.size() && i < kMaxSockets; ++i) {
    rows.add_cut("socket", socket_line(reason.bindings[i], view));
  }
  if (reason.bindings.size() > kMaxSockets) {
    rows.add(
        "socket",
        "and " + std::to_string(reason.bindings.size() - kMaxSockets) + " more");
  }
}

void add_remedies(PageRows& rows, const Reason& reason) {
  for (const Remedy& remedy : reason.remedies) {
    rows.add("what helps", escape(remedy.text));
    if (remedy.command) {
      rows.add("what helps", "  " + escape(*remedy.command));
    }
  }
}

void add_quality(PageRows& rows, const Verdict& verdict) {
  if (verdict.confidence != Confidence::exact) {
    rows.add("source", std::string(to_string(verdict.source)) + " (" +
                           std::string(to_string(verdict.confidence)) + ")");
  }
  for (const Missing& gap : verdict.missing) {
    rows.add_warning("partial", escape(to_string(gap)));
  }
}

// Labels of reasons: what blocks, and notes.
std::string_view label_of(const Reason& reason) {
  return reason.blocks ? "reason" : "note";
}

}  // namespace

std::string verdict_page(const Verdict& verdict, const View& view) {
  std::string page = view.style.strong(headline(verdict)) + "\n";
  bool apart = false;  // several rows of one reason, and the next
  for (const Reason& reason : verdict.reasons) {
    PageRows rows(view.style, view.width);
    if (reason.blocks) {
      rows.add_warning(label_of(reason), escape(reason.text));
    } else {
      rows.add(label_of(reason), escape(reason.text));
    }
    add_sockets(rows, reason, view);
    add_remedies(rows, reason);
    page += (apart ? "\n" : "") + rows.text();
    apart = !reason.remedies.empty() || reason.bindings.size() > 1;
  }
  PageRows rows(view.style, view.width);
  add_quality(rows, verdict);
  return page + (apart && !rows.text().empty() ? "\n" : "") + rows.text();
}

std::string verdict_lines(const Verdict& verdict, const View& view) {
  const std::string_view answer = verdict.outcome == Answerable::free      ? "yes: "
                                  : verdict.outcome == Answerable::blocked ? "no: "
                                                                           : "";
  PageRows rows(view.style, view.width);
  for (const Reason& reason : verdict.reasons) {
    rows.add(label_of(reason), escape(reason.text));
  }
  add_quality(rows, verdict);
  return view.style.strong(std::string(answer) + headline(verdict)) + "\n" +
         rows.text();
}

std::string verdict_plain(const Verdict& verdict) {
  const Endpoint& at = verdict.request.endpoint;
  const auto error = [](int number) {
    return number == 0 ? std::string("-") : error_name(number);
  };
  std::string text = "verdict\t" + std::string(to_string(verdict.outcome)) + "\t" +
                     error(verdict.error) + "\t" +
                     std::string(to_string(at.protocol)) + "\t" +
                     std::string(to_string(at.family)) + "\t" + address_text(at) +
                     "\t" + std::to_string(at.port) + "\n";
  for (const Reason& reason : verdict.reasons) {
    const std::string code(to_string(reason.code));
    text += "reason\t" + code + "\t" + (reason.blocks ? "blocks" : "note") + "\t" +
            error(reason.error) + "\t" + escape(reason.text) + "\n";
    for (const Remedy& remedy : reason.remedies) {
      text += "remedy\t" + code + "\t" + escape(remedy.text) + "\t" +
              (remedy.command ? escape(*remedy.command) : "-") + "\n";
    }
  }
  return text;
}

}  // namespace portwatch::cli
