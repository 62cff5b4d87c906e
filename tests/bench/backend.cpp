// SPDX-License-Identifier: Apache-2.0
//
// A bare epoll HTTP/1.1 engine for load measurements. It costs little, so that what is seen is the router's cost.
//
//   pdlb-bench-backend PORT [EVENTS] [GAP_MS] [BODY_BYTES]      (a prefill engine: EVENTS = 1)
//
// POST: a JSON answer, or with "stream":true in the body an SSE answer of EVENTS events, one every GAP_MS, and [DONE].
//       "gap_ms=N" anywhere in the body (say, in the prompt, which every router keeps) sets the gap of a decode engine's stream.
//       With "return_logprob":true events are SGLang's own, 1 KB each, with log-probabilities: a prefill's has those of the
//       prompt, which a router has to put into decode's.
// GET /bench/posts: how many POSTs came so far. GET /bench/streams: how many streams run. Any other GET (health probes): the
// JSON answer.

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <queue>
#include <string>
#include <string_view>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

constexpr size_t mostKept = 256 * 1024; ///< of a body; what counts in a larger one stands at its begin

struct Options
{
    int port = 0;
    int events = 32;
    double gapSeconds = 0;
    size_t bodyBytes = 600;
};

/// The answers, built once.
struct Answers
{
    explicit Answers(const Options &options);
    std::string json;
    std::string streamHead;
    std::string streamEvent;
    std::string logprobEvent;
    std::string streamEnd;
};

struct Connection
{
    unsigned generation = 0; ///< tells a timer of a closed connection from one of its successor on the same descriptor
    std::string in;
    size_t passing = 0; ///< bytes of a large body that are still to come; they are counted, not kept
    std::string out;
    int eventsLeft = 0;
    bool streaming = false;
    bool logprobs = false;
    double gapSeconds = 0;
};

struct Timer
{
    double at;
    int fd;
    unsigned generation;
    bool operator>(const Timer &other) const { return at > other.at; }
};

double now()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

std::string jsonResponse(const std::string &body)
{
    return "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

std::string httpChunk(const std::string &data)
{
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    return size + data + "\r\n";
}

std::string logprobList(int tokens)
{
    std::string list = "[";
    for (int i = 0; i < tokens; ++i)
        list += (i > 0 ? "," : "") + std::string("[-0.12345678901,") + std::to_string(10000 + i) + ",null]";
    return list + "]";
}

Answers::Answers(const Options &options)
{
    const std::string text(options.bodyBytes > 210 ? options.bodyBytes - 200 : 10, 'x');
    json = jsonResponse(R"({"id":"cmpl-1","object":"chat.completion","created":1700000000,"model":"m",)"
                        R"("choices":[{"index":0,"message":{"role":"assistant","content":")" +
                        text +
                        R"("},"finish_reason":"stop"}],)"
                        R"("usage":{"prompt_tokens":10,"completion_tokens":32,"total_tokens":42}})");
    streamHead = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
                 "transfer-encoding: chunked\r\n\r\n";
    streamEvent = httpChunk(R"(data: {"id":"cmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m",)"
                            R"("choices":[{"index":0,"delta":{"content":" token"},"finish_reason":null}]})"
                            "\n\n");
    const std::string list = options.events == 1 ? logprobList(20) : "[]"; // prefill knows the prompt's
    logprobEvent = httpChunk(R"(data: {"text":" token","output_ids":[1],"meta_info":{"id":"cmpl-1","finish_reason":null,"prompt_tokens":20,)"
                             R"("weight_version":"default","completion_tokens":1,"cached_tokens":0,"input_token_logprobs":)" +
                             list + R"(,"output_token_logprobs":)" + logprobList(24) + "}}\n\n");
    streamEnd = httpChunk("data: [DONE]\n\n") + "0\r\n\r\n";
}

class Engine
{
public:
    explicit Engine(const Options &options) : m_options(options), m_answers(options) {}
    bool listen();
    void run();

private:
    void accept();
    void readFrom(int fd);
    void flush(int fd, Connection &connection);
    void send(int fd, Connection &connection, std::string_view data);
    void answer(int fd, Connection &connection, std::string_view head, std::string_view body);
    void startStream(int fd, Connection &connection, std::string_view body);
    void fireTimers();
    void watch(int fd, int operation, unsigned events);
    int waitMilliseconds() const;

    const Options m_options;
    const Answers m_answers;
    int m_listener = -1;
    int m_epoll = -1;
    unsigned m_generation = 0;
    unsigned long m_posts = 0;
    std::unordered_map<int, Connection> m_connections;
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> m_timers;
    std::vector<char> m_readBuffer = std::vector<char>(1 << 18);
};

bool Engine::listen()
{
    m_listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(m_listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(uint16_t(m_options.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(m_listener, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 ||
        ::listen(m_listener, 4096) != 0)
        return false;
    m_epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(m_listener, EPOLL_CTL_ADD, EPOLLIN);
    return m_epoll >= 0;
}

void Engine::run()
{
    std::vector<epoll_event> events(1024);
    while (true) {
        const int count = epoll_wait(m_epoll, events.data(), int(events.size()), waitMilliseconds());
        for (int i = 0; i < count; ++i) {
            const int fd = events[size_t(i)].data.fd;
            if (fd == m_listener) {
                accept();
                continue;
            }
            const auto it = m_connections.find(fd);
            if (it == m_connections.end())
                continue;
            if (events[size_t(i)].events & EPOLLOUT)
                flush(fd, it->second);
            if (events[size_t(i)].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                readFrom(fd);
        }
        fireTimers();
    }
}

int Engine::waitMilliseconds() const
{
    if (m_timers.empty())
        return -1;
    const double seconds = m_timers.top().at - now();
    return seconds <= 0 ? 0 : int(seconds * 1000) + 1;
}

void Engine::watch(int fd, int operation, unsigned events)
{
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(m_epoll, operation, fd, &event);
}

void Engine::accept()
{
    const int on = 1;
    int fd;
    while ((fd = accept4(m_listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        Connection connection;
        connection.generation = ++m_generation;
        m_connections.insert_or_assign(fd, std::move(connection));
        watch(fd, EPOLL_CTL_ADD, EPOLLIN);
    }
}

void Engine::send(int fd, Connection &connection, std::string_view data)
{
    if (!connection.out.empty()) {
        connection.out += data;
        return;
    }
    const ssize_t written = write(fd, data.data(), data.size());
    if (written < 0 && errno != EAGAIN)
        return; // the peer is gone; the read side sees it and closes
    const size_t sent = written < 0 ? 0 : size_t(written);
    if (sent < data.size()) {
        connection.out = data.substr(sent);
        watch(fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
}

void Engine::flush(int fd, Connection &connection)
{
    const ssize_t written = write(fd, connection.out.data(), connection.out.size());
    if (written > 0)
        connection.out.erase(0, size_t(written));
    if (connection.out.empty())
        watch(fd, EPOLL_CTL_MOD, EPOLLIN);
}

size_t contentLength(std::string_view head)
{
    static constexpr std::string_view name = "content-length:";
    for (size_t line = 0; line < head.size();) {
        if (head.size() - line > name.size() && strncasecmp(head.data() + line, name.data(), name.size()) == 0)
            return std::strtoul(head.data() + line + name.size(), nullptr, 10);
        const size_t end = head.find("\r\n", line);
        line = end == std::string_view::npos ? head.size() : end + 2;
    }
    return 0;
}

void Engine::readFrom(int fd)
{
    Connection &connection = m_connections.at(fd);
    const ssize_t count = read(fd, m_readBuffer.data(), m_readBuffer.size());
    if (count < 0 && errno == EAGAIN)
        return;
    if (count <= 0) {
        close(fd);
        m_connections.erase(fd);
        return;
    }
    size_t taken = 0;
    if (connection.passing > 0) {
        taken = std::min(connection.passing, size_t(count));
        connection.passing -= taken;
        if (connection.passing > 0)
            return;
        const size_t headEnd = connection.in.find("\r\n\r\n");
        const std::string request = std::exchange(connection.in, {});
        const std::string_view whole = request;
        answer(fd, connection, whole.substr(0, headEnd), whole.substr(headEnd + 4));
    }
    connection.in.append(m_readBuffer.data() + taken, size_t(count) - taken);
    while (true) {
        const std::string_view in = connection.in;
        const size_t headEnd = in.find("\r\n\r\n");
        if (headEnd == std::string_view::npos)
            return;
        const std::string_view head = in.substr(0, headEnd);
        const size_t length = contentLength(head);
        const size_t there = in.size() - headEnd - 4;
        if (there < length) {
            if (length > mostKept)
                connection.passing = length - there;
            return;
        }
        answer(fd, connection, head, in.substr(headEnd + 4, length));
        connection.in.erase(0, headEnd + 4 + length);
    }
}

void Engine::answer(int fd, Connection &connection, std::string_view head, std::string_view body)
{
    if (head.starts_with("GET /bench/posts")) {
        send(fd, connection, jsonResponse(std::to_string(m_posts)));
        return;
    }
    if (head.starts_with("GET /bench/streams")) {
        long streams = 0;
        for (const auto &[_, other] : m_connections)
            streams += other.streaming;
        send(fd, connection, jsonResponse(std::to_string(streams)));
        return;
    }
    if (head.starts_with("POST "))
        ++m_posts;
    // Where it stands in what the load generators send: large bodies are not searched through.
    const std::string_view begin = body.substr(0, 4096), end = body.substr(body.size() - std::min<size_t>(body.size(), 4096));
    const auto has = [&](std::string_view member) { return begin.find(member) != begin.npos || end.find(member) != end.npos; };
    if (has(R"("stream":true)") || has(R"("stream": true)"))
        startStream(fd, connection, body);
    else
        send(fd, connection, m_answers.json);
}

void Engine::startStream(int fd, Connection &connection, std::string_view body)
{
    static constexpr std::string_view gap = "gap_ms=";
    const size_t at = body.substr(0, 4096).find(gap);
    connection.gapSeconds = m_options.gapSeconds;
    connection.logprobs = body.substr(0, 4096).find(R"("return_logprob":true)") != std::string_view::npos;
    if (at != std::string_view::npos && m_options.events > 1)
        connection.gapSeconds = std::strtod(body.data() + at + gap.size(), nullptr) / 1000;
    if (connection.gapSeconds > 0) {
        send(fd, connection, m_answers.streamHead);
        connection.eventsLeft = m_options.events;
        connection.streaming = true;
        m_timers.push({now() + connection.gapSeconds, fd, connection.generation});
        return;
    }
    std::string all = m_answers.streamHead;
    for (int i = 0; i < m_options.events; ++i)
        all += m_answers.streamEvent;
    send(fd, connection, all + m_answers.streamEnd);
}

void Engine::fireTimers()
{
    const double time = now();
    while (!m_timers.empty() && m_timers.top().at <= time) {
        const Timer timer = m_timers.top();
        m_timers.pop();
        const auto it = m_connections.find(timer.fd);
        if (it == m_connections.end() || it->second.generation != timer.generation)
            continue;
        Connection &connection = it->second;
        if (connection.eventsLeft > 0) {
            --connection.eventsLeft;
            send(timer.fd, connection, connection.logprobs ? m_answers.logprobEvent : m_answers.streamEvent);
            m_timers.push({timer.at + connection.gapSeconds, timer.fd, timer.generation});
        } else {
            connection.streaming = false;
            send(timer.fd, connection, m_answers.streamEnd);
        }
    }
}

} // namespace

int main(int argc, char **argv)
{
    Options options;
    if (argc < 2 || (options.port = std::atoi(argv[1])) <= 0) {
        std::fprintf(stderr, "usage: %s PORT [EVENTS] [GAP_MS] [BODY_BYTES]\n", argv[0]);
        return 2;
    }
    if (argc > 2)
        options.events = std::atoi(argv[2]);
    if (argc > 3)
        options.gapSeconds = std::atof(argv[3]) / 1000;
    if (argc > 4)
        options.bodyBytes = std::strtoul(argv[4], nullptr, 10);
    std::signal(SIGPIPE, SIG_IGN);
    Engine engine(options);
    if (!engine.listen()) {
        std::perror("pdlb-bench-backend: listen");
        return 1;
    }
    engine.run();
}
