#include "userspace/alert/webhook.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <map>

#include "tests/fakes/fake_http_server.h"
#include "tests/support/command.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/alert/run_loop.h"

namespace portwatch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::FakeHttpServer;

class WebhookTest : public testing::Test {
 protected:
  WebhookTest() : loop_(test::make_loop()) {
    options_.first_pause = milliseconds(1);
  }
  void make() {
    auto sender = WebhookSender::make(
        *loop_, options_, [this](std::uint64_t tag, const Result<void>& outcome) {
          outcomes_.insert_or_assign(tag, outcome);
        });
    ASSERT_TRUE(sender) << sender.error().context;
    sender_ = std::move(sender).value();
  }
  static WebhookRequest request(const std::string& url) {
    WebhookRequest request;
    request.url = url;
    request.body = "{\"event\":\"crashLoop\"}";
    request.timeout = seconds(30);
    request.tag = 7;
    return request;
  }
  // "" for a delivery.
  std::string outcome_of(WebhookRequest request) {
    make();
    sender_->send(std::move(request));
    test::run_until(*loop_, [this] { return !outcomes_.empty(); });
    const auto found = outcomes_.find(7);
    return found == outcomes_.end() ? "nothing"
           : found->second.ok()     ? ""
                                    : found->second.error().context;
  }

  std::unique_ptr<EventLoop> loop_;
  WebhookSender::Options options_;
  std::map<std::uint64_t, Result<void>> outcomes_;
  std::unique_ptr<WebhookSender> sender_;
};

TEST_F(WebhookTest, Event_IsPostedAsJson) {
  const FakeHttpServer server({200});
  EXPECT_EQ(outcome_of(request(server.url("/alert?a=b"))), "");
  ASSERT_EQ(server.requests().size(), 1u);
  const std::string text = server.requests()[0];
  EXPECT_EQ(text.rfind("POST /alert?a=b HTTP/1.1\r\n", 0), 0u) << text;
  EXPECT_NE(text.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n{\"event\":\"crashLoop\"}")) << text;
}

TEST_F(WebhookTest, ServerError_IsTriedAgain) {
  const FakeHttpServer server({500, 429, 204});
  EXPECT_EQ(outcome_of(request(server.url())), "");
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST_F(WebhookTest, TooManyServerErrors_AreTheOutcome) {
  const FakeHttpServer server({503});
  EXPECT_EQ(outcome_of(request(server.url())), "HTTP status 503");
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST_F(WebhookTest, OwnMistake_IsNotTriedAgain) {
  const FakeHttpServer server({404});
  EXPECT_EQ(outcome_of(request(server.url())), "HTTP status 404");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(WebhookTest, Redirect_IsNotFollowed) {
  FakeHttpServer server({302});
  server.add_header("Location: file:///etc/passwd");
  EXPECT_EQ(outcome_of(request(server.url())), "HTTP status 302");
}

TEST_F(WebhookTest, ServerThatHangs_TimesOutEachTime) {
  const FakeHttpServer server({0});
  WebhookRequest hanging = request(server.url());
  hanging.timeout = milliseconds(200);
  hanging.retries = 1;
  EXPECT_EQ(outcome_of(hanging), "Timeout was reached");
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(WebhookTest, NobodyListens_IsAnError) {
  const auto closed = test::bound_socket("127.0.0.1", 0);
  EXPECT_EQ(outcome_of(request("http://127.0.0.1:" +
                               std::to_string(test::port_of(closed)))),
            "Couldn't connect to server");
}

TEST_F(WebhookTest, OneThatHangs_DelaysNoOther) {
  const FakeHttpServer hanging({0});
  const FakeHttpServer server({200});
  make();
  WebhookRequest first = request(hanging.url());
  first.tag = 1;
  sender_->send(first);
  sender_->send(request(server.url()));
  test::run_until(*loop_, [this] { return outcomes_.count(7) != 0; });
  EXPECT_TRUE(outcomes_.at(7));
  EXPECT_EQ(outcomes_.count(1), 0u);
}

TEST_F(WebhookTest, Destruction_WaitsForNoServer) {
  const FakeHttpServer hanging({0});
  make();
  WebhookRequest endless = request(hanging.url());
  endless.timeout = std::chrono::hours(1);
  sender_->send(endless);
  test::run_until(*loop_, [&] { return hanging.requests().size() == 1; });
  sender_.reset();
  EXPECT_TRUE(outcomes_.empty());
}

TEST_F(WebhookTest, Proxy_OfTheEnvironmentIsNotUsed) {
  const FakeHttpServer server({200});
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  EXPECT_EQ(outcome_of(request(server.url())), "");
  unsetenv("http_proxy");
}

constexpr const char* kTlsServer = R"(
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
)";

// A server whose certificate nobody signed but itself.
class TlsServer {
 public:
  TlsServer()
      : made_(test::run_command(
            {"/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost", "-keyout", key(), "-out",
             certificate()},
            {0, {}, seconds(60)})),
        server_({"/usr/bin/python3", "-c", kTlsServer, certificate(), key()},
                false),
        port_(server_.read_line()) {
    EXPECT_EQ(made_.exit_code, 0) << made_.err;
  }
  std::string url() const { return "https://localhost:" + port_ + "/"; }
  std::string certificate() const { return directory_ / "certificate"; }

 private:
  std::string key() const { return directory_ / "key"; }
  const test::TempDir directory_;
  test::CommandResult made_;
  test::Background server_;
  std::string port_;
};

TEST_F(WebhookTest, CertificateThatNobodySigned_IsRefused) {
  const TlsServer server;
  EXPECT_EQ(outcome_of(request(server.url())),
            "SSL peer certificate or SSH remote key was not OK");
}

TEST_F(WebhookTest, CertificateThatIsTrusted_ButForAnotherName_IsRefused) {
  const TlsServer server;
  options_.ca_file = server.certificate();
  std::string url = server.url();
  url.replace(url.find("localhost"), 9, "127.0.0.1");
  EXPECT_EQ(outcome_of(request(url)),
            "SSL peer certificate or SSH remote key was not OK");
}

TEST_F(WebhookTest, CertificateThatIsTrusted_IsTalkedTo) {
  const TlsServer server;
  options_.ca_file = server.certificate();
  EXPECT_EQ(outcome_of(request(server.url())), "");
}

TEST(WebhookUrl, HttpAndHttps_AndNothingElse) {
  for (const char* good : {"http://127.0.0.1:9000/alert", "https://a.example/x?y=z",
                           "HTTPS://[::1]/"}) {
    EXPECT_TRUE(check_webhook_url(good)) << good;
  }
  for (const char* bad :
       {"", "file:///etc/passwd", "ftp://a/", "http://", "a.example", "http://a b/",
        "http://a/\n", "gopher://a"}) {
    EXPECT_FALSE(check_webhook_url(bad)) << bad;
  }
}

}  // namespace
}  // namespace portwatch
