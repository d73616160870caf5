// Downloads against a loopback server.  The policies here (plain HTTP, loopback allowed) exist for tests alone: no option, file or
// environment variable reaches them.
#include "core/data/net/https_download.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstdlib>
#include <cstring>

#include "tests/support/http_server.h"

namespace {

using namespace lapidary;
using namespace std::chrono_literals;
using net::downloadHttps;
using net::DownloadLimits;
using net::NetworkPolicy;
using test::HttpConnection;
using test::HttpRequest;
using test::HttpServer;

std::uint16_t portOf(const sockaddr& address) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return ntohs(v4.sin_port);
}

// Loopback is allowed on one port: all other sockets are judged as in production.
NetworkPolicy onlyPort(int port) {
    NetworkPolicy policy;
    policy.allowPlainHttp = true;
    policy.allowsAddress = [port](const sockaddr& address) { return portOf(address) == port || net::isPublicAddress(address); };
    return policy;
}

bool isPublic(const std::string& text) {
    if (text.find(':') == std::string::npos) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        EXPECT_EQ(inet_pton(AF_INET, text.c_str(), &v4.sin_addr), 1) << text;
        return net::isPublicAddress(reinterpret_cast<const sockaddr&>(v4));
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr), 1) << text;
    return net::isPublicAddress(reinterpret_cast<const sockaddr&>(v6));
}

TEST(HttpsDownload, GivesTheBody) {
    const HttpServer server([](const HttpRequest&, const HttpConnection& to) { to.respond(200, "", "picture bytes"); });
    const auto body = downloadHttps(server.origin() + "/cat.png?size=1", {}, onlyPort(server.port()));
    ASSERT_TRUE(body) << body.error().toString();
    EXPECT_EQ(*body, "picture bytes");
    EXPECT_EQ(server.requests().at(0).target, "/cat.png?size=1");
}

TEST(HttpsDownload, FollowsARedirectAndNamesAFailingStatus) {
    const HttpServer server([](const HttpRequest& request, const HttpConnection& to) {
        if (request.target == "/old")
            to.respond(302, "Location: /new\r\n", "moved");
        else if (request.target == "/new")
            to.respond(200, "", "here");
        else
            to.respond(404, "", "no");
    });
    const auto body = downloadHttps(server.origin() + "/old", {}, onlyPort(server.port()));
    ASSERT_TRUE(body) << body.error().toString();
    EXPECT_EQ(*body, "here");
    const auto missing = downloadHttps(server.origin() + "/none", {}, onlyPort(server.port()));
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("404"), std::string::npos);
}

TEST(HttpsDownload, StopsWhenAsked) {
    const HttpServer server([](const HttpRequest&, const HttpConnection& to) {
        to.send("HTTP/1.1 200 OK\r\n\r\n");
        while (to.send("x") && to.pause(20ms)) {
        }
    });
    std::stop_source source;
    std::jthread asker([&](const std::stop_token&) {
        std::this_thread::sleep_for(200ms);
        source.request_stop();
    });
    const auto begin = std::chrono::steady_clock::now();
    const auto body = downloadHttps(server.origin(), {}, onlyPort(server.port()), source.get_token());
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().code, ErrorCode::Cancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(Fault22, OnlyPublicAddressesArePublic) {
    for (const char* address : {"127.0.0.1",
                                "127.9.9.9",
                                "0.0.0.0",
                                "10.1.2.3",
                                "172.16.0.1",
                                "172.31.255.255",
                                "192.168.1.1",
                                "169.254.169.254",
                                "100.64.0.1",
                                "100.127.255.255",
                                "192.0.0.1",
                                "192.0.2.1",
                                "198.18.0.1",
                                "198.19.255.255",
                                "198.51.100.1",
                                "203.0.113.9",
                                "224.0.0.1",
                                "239.255.255.250",
                                "240.0.0.1",
                                "255.255.255.255",
                                "::",
                                "::1",
                                "::127.0.0.1",
                                "::ffff:127.0.0.1",
                                "::ffff:10.0.0.1",
                                "::ffff:169.254.169.254",
                                "64:ff9b::a00:1",
                                "2002:7f00:1::",
                                "2001::1",
                                "2001:db8::1",
                                "3fff:1::1",
                                "fc00::1",
                                "fd12:3456::1",
                                "fe80::1",
                                "fec0::1",
                                "ff02::1"}) {
        EXPECT_FALSE(isPublic(address)) << address;
    }
    for (const char* address :
         {"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "192.167.1.1", "198.17.0.1",
          "198.20.0.1", "223.255.255.255", "2606:4700::1", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::808:808"}) {
        EXPECT_TRUE(isPublic(address)) << address;
    }
}

TEST(Fault22, LoopbackIsRefusedByTheProductionPolicy) {
    const HttpServer server([](const HttpRequest&, const HttpConnection& to) { to.respond(200, "", "secret"); });
    NetworkPolicy policy;
    policy.allowPlainHttp = true;  // the address check alone must stop it
    for (const std::string host : {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"}) {
        const auto body = downloadHttps("http://" + host + ":" + std::to_string(server.port()) + "/", {5}, policy);
        ASSERT_FALSE(body) << host;
        EXPECT_EQ(body.error().code, ErrorCode::InvalidData) << host;
    }
    EXPECT_TRUE(server.requests().empty());
}

TEST(Fault22, ANameThatResolvesToAPrivateAddressIsRefusedOnTheSocket) {
    const HttpServer server([](const HttpRequest&, const HttpConnection& to) { to.respond(200, "", "secret"); });
    NetworkPolicy policy;
    policy.allowPlainHttp = true;
    const std::string port = std::to_string(server.port());
    policy.resolve = {"pictures.example:" + port + ":127.0.0.1"};
    const auto body = downloadHttps("http://pictures.example:" + port + "/cat.png", {}, policy);
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("127.0.0.1, which is not a public address"), std::string::npos)
        << body.error().toString();
    EXPECT_TRUE(server.requests().empty());
}

TEST(Fault22, ARedirectToAPrivateAddressIsRefused) {
    const HttpServer secret([](const HttpRequest&, const HttpConnection& to) { to.respond(200, "", "secret"); });
    const HttpServer server([&](const HttpRequest&, const HttpConnection& to) {
        to.respond(302, "Location: " + secret.origin() + "/latest/meta-data\r\n", "");
    });
    const auto body = downloadHttps(server.origin(), {}, onlyPort(server.port()));
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("not a public address"), std::string::npos) << body.error().toString();
    EXPECT_TRUE(secret.requests().empty());
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST(Fault22, ARedirectToAnotherSchemeIsRefused) {
    for (const std::string target :
         {"file:///etc/passwd", "ftp://example.com/a", "gopher://example.com/", "dict://example.com/", "http:///a"}) {
        const HttpServer server(
            [&](const HttpRequest&, const HttpConnection& to) { to.respond(302, "Location: " + target + "\r\n", ""); });
        const auto body = downloadHttps(server.origin(), {}, onlyPort(server.port()));
        EXPECT_FALSE(body) << target;
    }
}

TEST(Fault22, AnEndlessRedirectChainEnds) {
    const HttpServer server([](const HttpRequest& request, const HttpConnection& to) {
        to.respond(302, "Location: /" + std::to_string(request.target.size()) + request.target.substr(1) + "\r\n", "");
    });
    const auto body = downloadHttps(server.origin() + "/a", {}, onlyPort(server.port()));
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("redirects more than 5 times"), std::string::npos) << body.error().toString();
    EXPECT_EQ(server.requests().size(), 6U);
}

TEST(Fault22, OddAddressesAreRefusedBeforeAnyConnection) {
    for (const std::string url :
         {"http://example.com/a.png", "file:///etc/passwd", "ftp://example.com/a", "https://user@example.com/",
          "https://user:word@example.com/", "https://example.com\\@127.0.0.1/", "https:\\\\example.com/",
          "https://exa mple.com/", "https://example.com/\r\nHost: x", "https://", "//example.com/a", "javascript:alert(1)", "",
          "https://[::1", "https://example.com:99999/"}) {
        const auto body = downloadHttps(url, {});
        ASSERT_FALSE(body) << url;
        EXPECT_EQ(body.error().code, ErrorCode::InvalidData) << url << ": " << body.error().toString();
    }
    const auto hidden = downloadHttps("https://user:word@example.com/");
    EXPECT_EQ(hidden.error().message.find("word@"), std::string::npos) << "a password must not be repeated";
}

TEST(Fault22, ABodyWithoutEndStopsAtTheCap) {
    const HttpServer server([](const HttpRequest&, const HttpConnection& to) {
        to.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        const std::string block(65536, 'x');
        while (to.send(block)) {
        }
    });
    DownloadLimits limits;
    limits.maxBytes = 1'000'000;
    const auto body = downloadHttps(server.origin(), limits, onlyPort(server.port()));
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().code, ErrorCode::InvalidData);
    EXPECT_NE(body.error().message.find("larger than the 1000000 bytes"), std::string::npos) << body.error().toString();
    EXPECT_EQ(DownloadLimits().maxBytes, 20'000'000U);
}

TEST(Fault22, ASlowServerEndsAtTheTimeOfTheWholeTransfer) {
    const HttpServer server([](const HttpRequest&, const HttpConnection& to) {
        to.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (to.send("x") && to.pause(20ms)) {  // always something new, so a stall would never be seen
        }
    });
    DownloadLimits limits;
    limits.timeout = 400ms;
    const auto begin = std::chrono::steady_clock::now();
    const auto body = downloadHttps(server.origin(), limits, onlyPort(server.port()));
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("in time"), std::string::npos) << body.error().toString();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    EXPECT_EQ(DownloadLimits().timeout, 15s);
}

TEST(Fault22, SlowRedirectsShareOneTime) {
    const HttpServer server([](const HttpRequest& request, const HttpConnection& to) {
        if (to.pause(250ms)) to.respond(302, "Location: " + request.target + "x\r\n", "");
    });
    DownloadLimits limits;
    limits.timeout = 600ms;
    limits.maxRedirects = 100;
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(downloadHttps(server.origin() + "/a", limits, onlyPort(server.port())));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    EXPECT_LE(server.requests().size(), 4U);
}

TEST(Fault22, HeaderLinesWithoutEndAreCut) {
    const HttpServer server([](const HttpRequest&, const HttpConnection& to) {
        to.send("HTTP/1.1 200 OK\r\n");
        const std::string line = "X-Filler: " + std::string(1000, 'y') + "\r\n";
        while (to.send(line)) {
        }
    });
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(downloadHttps(server.origin(), {}, onlyPort(server.port())));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

// A proxy would connect in our place, past the check of the socket's address.
TEST(Fault22, ProxiesOfTheEnvironmentAreNotUsed) {
    const HttpServer proxy([](const HttpRequest&, const HttpConnection& to) { to.respond(200, "", "from the proxy"); });
    const HttpServer server([](const HttpRequest&, const HttpConnection& to) { to.respond(200, "", "direct"); });
    ::setenv("http_proxy", proxy.origin().c_str(), 1);
    ::setenv("all_proxy", proxy.origin().c_str(), 1);
    NetworkPolicy policy;
    policy.allowPlainHttp = true;
    policy.allowsAddress = [](const sockaddr&) { return true; };
    const auto body = downloadHttps(server.origin(), {}, policy);
    ::unsetenv("http_proxy");
    ::unsetenv("all_proxy");
    ASSERT_TRUE(body) << body.error().toString();
    EXPECT_EQ(*body, "direct");
    EXPECT_TRUE(proxy.requests().empty());
}

}  // namespace
