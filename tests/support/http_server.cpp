#include "tests/support/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <sstream>
#include <stdexcept>

namespace lapidary::test {
namespace {

constexpr int kPollMs = 20;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

HttpRequest parse(const std::string& text) {
    HttpRequest request;
    std::istringstream lines(text);
    lines >> request.method >> request.target;
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos) continue;
        const std::size_t begin = line.find_first_not_of(' ', colon + 1);
        const std::size_t end = line.find_last_not_of("\r\n ");
        request.headers[lower(line.substr(0, colon))] = begin == std::string::npos ? "" : line.substr(begin, end - begin + 1);
    }
    return request;
}

}  // namespace

bool HttpConnection::send(std::string_view bytes) const {
    while (!bytes.empty()) {
        if (m_stopping) return false;
        pollfd state{m_fd, POLLOUT, 0};
        if (::poll(&state, 1, kPollMs) == 0) continue;
        const ssize_t count = ::send(m_fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool HttpConnection::respond(int status, std::string_view headerLines, std::string_view body) const {
    std::ostringstream head;
    head << "HTTP/1.1 " << status << " Status\r\n"
         << headerLines << "Content-Length: " << body.size() << "\r\nConnection: close\r\n\r\n";
    return send(head.str()) && send(body);
}

bool HttpConnection::pause(std::chrono::milliseconds time) const {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
        if (m_stopping) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

HttpServer::HttpServer(Handler handler) : m_handler(std::move(handler)) {
    m_listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (m_listener < 0 || ::bind(m_listener, raw, length) != 0 || ::listen(m_listener, 16) != 0 ||
        ::getsockname(m_listener, raw, &length) != 0) {
        throw std::runtime_error("the test server cannot listen on 127.0.0.1");
    }
    m_port = ntohs(address.sin_port);
    m_acceptor = std::thread([this] { accept(); });
}

HttpServer::~HttpServer() {
    m_stopping = true;
    m_acceptor.join();
    for (std::thread& connection : m_connections) connection.join();
    ::close(m_listener);
}

std::vector<HttpRequest> HttpServer::requests() const {
    const std::scoped_lock lock(m_mutex);
    return m_requests;
}

void HttpServer::accept() {
    while (!m_stopping) {
        pollfd state{m_listener, POLLIN, 0};
        if (::poll(&state, 1, kPollMs) <= 0) continue;
        const int fd = ::accept4(m_listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) m_connections.emplace_back([this, fd] { serve(fd); });
    }
}

void HttpServer::serve(int fd) {
    std::string text;
    while (!m_stopping && text.find("\r\n\r\n") == std::string::npos && text.size() < 65536) {
        pollfd state{fd, POLLIN, 0};
        if (::poll(&state, 1, kPollMs) == 0) continue;
        char buffer[4096];
        const ssize_t count = ::recv(fd, buffer, sizeof buffer, 0);
        if (count <= 0) break;
        text.append(buffer, static_cast<std::size_t>(count));
    }
    const HttpRequest request = parse(text);
    {
        const std::scoped_lock lock(m_mutex);
        m_requests.push_back(request);
    }
    if (!request.method.empty()) m_handler(request, HttpConnection(fd, m_stopping));
    ::shutdown(fd, SHUT_RDWR);
    ::close(fd);
}

}  // namespace lapidary::test
