// A small HTTP server on 127.0.0.1 for tests of downloads: one request a connection, each on a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace lapidary::test {

struct HttpRequest {
    std::string method;
    std::string target;                          // path and query
    std::map<std::string, std::string> headers;  // names in lower case
};

class HttpConnection {
public:
    HttpConnection(int fd, const std::atomic<bool>& stopping) : m_fd(fd), m_stopping(stopping) {}

    // False once the peer has gone or the server stops.
    bool send(std::string_view bytes) const;
    // "HTTP/1.1 <status>", the header lines ("Name: value\r\n" each), Content-Length, Connection: close, the body.
    bool respond(int status, std::string_view headerLines, std::string_view body) const;
    // Sleeps; false (at once) when the server stops.
    [[nodiscard]] bool pause(std::chrono::milliseconds time) const;

private:
    int m_fd;
    const std::atomic<bool>& m_stopping;
};

class HttpServer {
public:
    using Handler = std::function<void(const HttpRequest&, const HttpConnection&)>;

    explicit HttpServer(Handler handler);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    [[nodiscard]] int port() const { return m_port; }
    [[nodiscard]] std::string origin() const { return "http://127.0.0.1:" + std::to_string(m_port); }
    // Everything that was asked so far, also connections that sent nothing (an empty method).
    [[nodiscard]] std::vector<HttpRequest> requests() const;

private:
    void accept();
    void serve(int fd);

    Handler m_handler;
    int m_listener = -1;
    int m_port = 0;
    std::atomic<bool> m_stopping{false};
    mutable std::mutex m_mutex;
    std::vector<HttpRequest> m_requests;
    std::vector<std::thread> m_connections;
    std::thread m_acceptor;
};

}  // namespace lapidary::test
