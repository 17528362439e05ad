// The interface definition says what is written and what may be asked.
#include "userspace/api/idl.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/fakes/fake_service.h"
#include "tests/unit/api/sample.h"
#include "userspace/api/json.h"
#include "userspace/api/methods.h"

namespace portwatch {
namespace {

using nlohmann::json;
using FieldNames = std::set<std::string>;

std::string without_comments(std::string_view idl) {
  std::istringstream lines{std::string(idl)};
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    text += line.substr(0, line.find('#')) + "\n";
  }
  return text;
}

// The names in "(NAME: TYPE, NAME: TYPE)" that begins at or after `at`.
FieldNames names_in_brackets(const std::string& text, std::size_t at) {
  const auto open = text.find('(', at);
  std::istringstream fields(text.substr(open + 1, text.find(')', open) - open - 1));
  FieldNames names;
  for (std::string field; std::getline(fields, field, ',');) {
    std::string name = field.substr(0, field.find(':'));
    name.erase(std::remove_if(name.begin(), name.end(), isspace), name.end());
    if (!name.empty()) {
      names.insert(name);
    }
  }
  return names;
}

// What follows `word` ("type", "method") at the start of a line: name -> where.
std::map<std::string, std::size_t> declared(const std::string& text,
                                            const std::string& word) {
  std::map<std::string, std::size_t> found;
  const std::string start = "\n" + word + " ";
  for (auto at = text.find(start); at != std::string::npos;
       at = text.find(start, at + 1)) {
    const auto name = at + start.size();
    found[text.substr(name, text.find_first_of(" (", name) - name)] = name;
  }
  return found;
}

struct Idl {
  std::string text = without_comments(kPortwatchIdl);
  std::map<std::string, std::size_t> types = declared(text, "type");
  std::map<std::string, std::size_t> methods = declared(text, "method");

  FieldNames type(const std::string& name) const {
    return names_in_brackets(text, types.at(name));
  }
  FieldNames parameters(const std::string& method) const {
    return names_in_brackets(text, methods.at(method));
  }
  FieldNames reply(const std::string& method) const {
    return names_in_brackets(text, text.find("->", methods.at(method)));
  }
};

FieldNames names_of(const json& object) {
  FieldNames names;
  for (const auto& [name, value] : object.items()) {
    names.insert(name);
  }
  return names;
}

json parsed(const std::string& text) { return json::parse(text); }

json full_answer() {
  Answer answer;
  answer.bindings = {full_binding(80)};
  return to_json(answer);
}

TEST(Idl, Types_AreWhatIsWritten) {
  const Idl idl;
  const json binding = full_answer()["bindings"][0];
  const json verdict = parsed(json_text(full_verdict()));
  const json failed = to_json(failed_bind(80));
  const json loop = to_json(loop_event(ChangeType::crash_loop, 80));
  const json status = to_json(full_status());
  const std::map<std::string, json> samples = {
      {"PublishedPort", binding["creator"]["publishes"]},
      {"Process", binding["holders"][0]},
      {"Binding", binding},
      {"Requested", failed["requested"]},
      {"Subject", loop["subject"]},
      {"Exit", loop["lastExit"]},
      {"Request", verdict["request"]},
      {"Reason", verdict["reasons"][0]},
      {"Remedy", verdict["reasons"][0]["remedies"][0]},
      {"Hook", status["hooks"][0]},
      {"HistoryState", status["history"]},
      {"AlertState", status["alerts"]}};
  for (const auto& [name, at] : idl.types) {
    if (name != "Event") {
      ASSERT_TRUE(samples.contains(name)) << name;
      EXPECT_EQ(idl.type(name), names_of(samples.at(name))) << name;
    }
  }
  EXPECT_EQ(idl.types.size(), samples.size() + 1);
}

TEST(Idl, Event_HasTheFieldsOfEveryType) {
  FieldNames all;
  for (Change change : all_events(80)) {
    change.reconstructed = true;
    all.merge(names_of(to_json(change)));
  }
  EXPECT_EQ(Idl().type("Event"), all);
}

TEST(Idl, Replies_AreWhatIsWritten) {
  const Idl idl;
  EventsAnswer cut = full_events();
  cut.before = HistoryCursor{1, 2};
  const FieldNames events = names_of(parsed(json_text(cut)));
  FieldNames history = names_of(full_answer());
  history.insert("before");
  const std::map<std::string, FieldNames> replies = {
      {"Who", names_of(full_answer())},
      {"List", names_of(full_answer())},
      {"History", history},
      {"Why", names_of(parsed(json_text(full_verdict())))},
      {"Failures", events},
      {"Loops", events},
      {"Watch", {"event"}},
      {"Status", names_of(to_json(full_status()))}};
  for (const auto& [name, at] : idl.methods) {
    ASSERT_TRUE(replies.contains(name)) << name;
    EXPECT_EQ(idl.reply(name), replies.at(name)) << name;
  }
  EXPECT_EQ(idl.methods.size(), replies.size());
}

// null is the same as absent, so that only the name is judged.
TEST(Idl, EveryParameterOfEveryMethod_IsTaken) {
  const Idl idl;
  FakeService service;
  Peer peer;
  peer.netns = 1;
  for (const auto& [name, at] : idl.methods) {
    VarlinkCall call;
    call.method = "io.portwatch." + name;
    for (const std::string& parameter : idl.parameters(name)) {
      call.parameters[parameter] = parameter == "port" ? json(80) : json();
    }
    const MethodOutcome outcome = dispatch(call, {service, peer, 1, 0});
    EXPECT_EQ(outcome.reply.find("\"error\":\"org"), std::string::npos)
        << outcome.reply;
    EXPECT_TRUE(outcome.subscription || !outcome.reply.empty()) << name;
  }
}

}  // namespace
}  // namespace portwatch
