// varlink_client_methods.cpp - what can be asked: parameters out, the model back.
#include <algorithm>
#include <chrono>
#include <iterator>

#include "userspace/api/json.h"
#include "userspace/api/json_writer.h"
#include "userspace/api/varlink_client.h"

namespace portwatch {
namespace {

using std::chrono::milliseconds;

template <class T>
void field_if(JsonWriter& out, const char* name, const std::optional<T>& value) {
  if (value) {
    out.field(name, *value);
  }
}

std::string question_text(const Question& question) {
  JsonWriter out;
  out.begin_object();
  field_if(out, "port", question.port);
  if (question.protocol) {
    out.field("protocol", to_string(*question.protocol));
  }
  field_if(out, "pid", question.pid);
  field_if(out, "netns", question.netns);
  if (question.listening) {
    out.field("listening", true);
  }
  if (question.connected && !question.port) {
    out.field("connected", true);
  }
  out.end_object();
  return out.take();
}

std::string bind_text(const BindRequest& request) {
  JsonWriter out;
  out.begin_object();
  out.field("port", request.endpoint.port);
  out.field("address", address_text(request.endpoint));
  out.field("protocol", to_string(request.endpoint.protocol));
  out.field("reuseAddr", request.reuse_addr);
  out.field("reusePort", request.reuse_port);
  out.field("ipv6Only", request.ipv6_only);
  out.field("listens", request.listens);
  if (request.interface_index != 0) {  // which an older daemon does not know
    out.field("interface", request.interface_index);
  }
  out.end_object();
  return out.take();
}

std::string past_text(const HistoryQuestion& question) {
  JsonWriter out;
  out.begin_object();
  field_if(out, "port", question.port);
  if (question.protocol) {
    out.field("protocol", to_string(*question.protocol));
  }
  field_if(out, "netns", question.netns);
  field_if(out, "since", question.since);
  field_if(out, "until", question.until);
  out.field("limit", question.limit);
  if (question.before) {
    out.field("before", to_string(*question.before));
  }
  out.end_object();
  return out.take();
}

std::string watch_text(const VarlinkClient::WatchRequest& request) {
  JsonWriter out;
  out.begin_object();
  std::vector<std::string> events;
  for (const ChangeType type : request.events) {
    events.emplace_back(to_string(type));
  }
  out.field("events", events);
  out.field("ports", request.ports);
  out.field("recent", request.recent);
  out.end_object();
  return out.take();
}

std::vector<Binding>& rows_of(Answer& answer) { return answer.bindings; }
std::vector<Change>& rows_of(EventsAnswer& answer) { return answer.events; }

void add_gaps(std::vector<Missing>& gaps, const std::vector<Missing>& more) {
  for (const Missing& gap : more) {
    if (std::find(gaps.begin(), gaps.end(), gap) == gaps.end()) {
      gaps.push_back(gap);
    }
  }
}

// That a page is not all goes without saying.
template <class T>
void drop_cut(T& page) {
  if (page.before) {
    std::erase_if(page.missing, says_cut);
  }
}

// Puts the older rows in front.
template <class T>
void prepend(T& whole, T older) {
  auto& rows = rows_of(older);
  rows.insert(rows.end(), std::make_move_iterator(rows_of(whole).begin()),
              std::make_move_iterator(rows_of(whole).end()));
  rows_of(whole) = std::move(rows);
  add_gaps(whole.missing, older.missing);
  // That of the younger pages tells that they were cut.
  whole.confidence = whole.missing.empty() ? older.confidence : Confidence::partial;
  whole.before = older.before;
}

Result<Change> event_of(const VarlinkReply& reply) {
  if (!reply.error.empty()) {
    return reply_error(reply);
  }
  const auto event = reply.parameters.find("event");
  if (event == reply.parameters.end()) {
    return Error{Errc::invalid, "the reply has no event"};
  }
  return change_from_json(*event);
}

}  // namespace

template <class T>
Result<T> VarlinkClient::call_for(std::string_view method,
                                  const std::string& parameters,
                                  Result<T> (*parse)(const nlohmann::json&)) {
  const Result<nlohmann::json> reply = call(method, parameters);
  if (!reply) {
    return reply.error();
  }
  Result<T> model = parse(*reply);
  if (!model) {
    return spent(add_context(model.error(), "bad reply"));
  }
  return model;
}

template <class T>
Result<T> VarlinkClient::call_in_pages(std::string_view method,
                                       HistoryQuestion question,
                                       Result<T> (*parse)(const nlohmann::json&)) {
  const std::size_t limit = question.limit;
  Result<T> whole = call_for(method, past_text(question), parse);
  if (!whole) {
    return whole;
  }
  drop_cut(*whole);
  bool more = true;  // a server that has nothing older must not keep us for ever
  while (whole->before && more && rows_of(*whole).size() < limit) {
    question.limit = limit - rows_of(*whole).size();
    question.before = whole->before;
    Result<T> older = call_for(method, past_text(question), parse);
    if (!older) {
      return older;
    }
    drop_cut(*older);
    more = !rows_of(*older).empty();
    prepend(*whole, std::move(*older));
  }
  if (whole->before) {
    whole->before.reset();
    whole->missing.push_back(only_youngest(rows_of(*whole).size()));
  }
  return whole;
}

Result<Answer> VarlinkClient::ask(const Question& question) {
  const bool is_who = question.port && !question.pid && !question.listening;
  return call_for(is_who ? "io.portwatch.Who" : "io.portwatch.List",
                  question_text(question), answer_from_json);
}

Result<Status> VarlinkClient::status() {
  return call_for("io.portwatch.Status", "{}", status_from_json);
}

Result<Verdict> VarlinkClient::why(const BindRequest& request) {
  return call_for("io.portwatch.Why", bind_text(request), verdict_from_json);
}

Result<EventsAnswer> VarlinkClient::failures(const HistoryQuestion& question) {
  return call_in_pages("io.portwatch.Failures", question, events_answer_from_json);
}

Result<EventsAnswer> VarlinkClient::loops(const HistoryQuestion& question) {
  return call_in_pages("io.portwatch.Loops", question, events_answer_from_json);
}

Result<Answer> VarlinkClient::history(const HistoryQuestion& question) {
  return call_in_pages("io.portwatch.History", question, answer_from_json);
}

Result<void> VarlinkClient::watch(
    const WatchRequest& request, std::optional<milliseconds> timeout,
    const std::function<bool(const Change&)>& on_change) {
  const Deadline deadline =
      timeout ? Deadline(std::chrono::steady_clock::now() + *timeout)
              : std::nullopt;
  const auto sent =
      send(call_message("io.portwatch.Watch", watch_text(request), true), deadline);
  if (!sent) {
    return sent;
  }
  for (bool goes_on = true; goes_on;) {
    const Result<VarlinkReply> reply = receive(deadline);
    if (!reply) {
      return reply.error();
    }
    const Result<Change> change = event_of(*reply);
    if (change) {
      goes_on = on_change(*change);
    } else if (!reply->error.empty() ||
               change.error().code != Errc::not_supported) {
      return spent(change.error());
    }
    if (goes_on && !reply->continues) {
      return spent({Errc::closed, "portwatchd ended the stream"});
    }
  }
  socket_.reset();
  return {};
}

}  // namespace portwatch
