// SPDX-License-Identifier: Apache-2.0
#include "second_parser.h"

#include <algorithm>
#include <cstdlib>

#ifdef PDLB_HAS_LLHTTP
#include <llhttp.h>
#endif

namespace pdlb::fuzz {

namespace {

constexpr std::string_view lineEnd = "\r\n";
constexpr std::string_view digits = "0123456789";
constexpr std::string_view hexDigits = "0123456789abcdefABCDEF";
constexpr std::string_view tokenBytes =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool consistsOf(std::string_view text, std::string_view allowed)
{
    return !text.empty() && text.find_first_not_of(allowed) == text.npos;
}

bool isVisible(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool hasControl(std::string_view text)
{
    return std::any_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f';
    });
}

std::string_view stripped(std::string_view text)
{
    const size_t first = text.find_first_not_of(" \t");
    return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Field lines up to the empty line at the end of `block`.
bool readFields(std::string_view block, Message &message)
{
    for (size_t at = 0; at < block.size();) {
        const size_t end = block.find(lineEnd, at);
        const std::string_view line = block.substr(at, end - at);
        const size_t colon = line.find(':');
        if (hasControl(line) || colon == line.npos || !consistsOf(line.substr(0, colon), tokenBytes))
            return false;
        message.fields.emplace_back(line.substr(0, colon), stripped(line.substr(colon + 1)));
        at = end + lineEnd.size();
    }
    return true;
}

/// Chunks from `at` on; moves it behind the last one and its trailers.
bool readChunks(std::string_view text, size_t &at, std::string &body)
{
    for (;;) {
        const size_t end = text.find(lineEnd, at);
        if (end == text.npos)
            return false;
        const std::string line(text.substr(at, end - at));
        const std::string size = line.substr(0, line.find(';'));
        if (hasControl(line) || !consistsOf(size, hexDigits) || size.size() > 16)
            return false;
        at = end + lineEnd.size();
        const unsigned long long length = std::strtoull(size.c_str(), nullptr, 16);
        if (length == 0)
            break;
        if (length > text.size() - at || text.substr(at + length, 2) != lineEnd)
            return false;
        body += text.substr(at, length);
        at += length + lineEnd.size();
    }
    for (;;) {
        const size_t end = text.find(lineEnd, at);
        if (end == text.npos || hasControl(text.substr(at, end - at)))
            return false;
        const bool last = end == at;
        at = end + lineEnd.size();
        if (last)
            return true;
    }
}

enum class Otherwise { NoBody, UntilClose, Incomplete };

/// The body that begins at `at`. `otherwise`: when the head names no framing.
bool readBody(std::string_view text, size_t at, Otherwise otherwise, Message &message)
{
    const auto lengths = message.values("content-length");
    const auto codings = message.values("transfer-encoding");
    if (lengths.size() + codings.size() > 1)
        return false;
    if (!codings.empty()) {
        if (lowered(codings.front()) != "chunked" || !readChunks(text, at, message.body))
            return false;
    } else if (!lengths.empty()) {
        if (!consistsOf(lengths.front(), digits) || lengths.front().size() > 18)
            return false;
        const unsigned long long length = std::strtoull(lengths.front().c_str(), nullptr, 10);
        if (length > text.size() - at)
            return false;
        message.body = text.substr(at, length);
        at += length;
    } else if (otherwise == Otherwise::UntilClose) {
        message.body = text.substr(at);
        at = text.size();
    } else if (otherwise == Otherwise::Incomplete) {
        return false;
    }
    message.used = at;
    return true;
}

/// Head at `at` of the text: its first line and fields. Moves `at` behind the empty line.
bool readHead(std::string_view text, size_t &at, std::string_view &firstLine, Message &message)
{
    const size_t end = text.find("\r\n\r\n", at);
    if (end == text.npos)
        return false;
    const std::string_view head = text.substr(at, end + lineEnd.size() - at);
    const size_t firstEnd = head.find(lineEnd);
    firstLine = head.substr(0, firstEnd);
    at = end + 4;
    return readFields(head.substr(firstEnd + lineEnd.size()), message);
}

} // namespace

std::vector<std::string> Message::values(std::string_view name) const
{
    std::vector<std::string> found;
    for (const auto &[fieldName, value] : fields) {
        if (lowered(fieldName) == name)
            found.push_back(value);
    }
    return found;
}

std::string lowered(std::string_view text)
{
    std::string out(text);
    for (char &c : out) {
        if (c >= 'A' && c <= 'Z')
            c = char(c - 'A' + 'a');
    }
    return out;
}

std::vector<std::string> listMembers(std::string_view list)
{
    std::vector<std::string> members;
    for (size_t at = 0; at <= list.size();) {
        const size_t comma = std::min(list.find(',', at), list.size());
        const std::string_view member = stripped(list.substr(at, comma - at));
        if (!member.empty())
            members.push_back(lowered(member));
        at = comma + 1;
    }
    return members;
}

std::optional<Message> parseRequest(std::string_view text)
{
    Message message;
    size_t at = 0;
    while (text.substr(at, 2) == lineEnd)
        at += 2;
    std::string_view line;
    if (!readHead(text, at, line, message) || std::count(line.begin(), line.end(), ' ') != 2)
        return std::nullopt;
    const size_t first = line.find(' ');
    const size_t second = line.rfind(' ');
    const std::string_view version = line.substr(second + 1);
    message.method = line.substr(0, first);
    message.target = line.substr(first + 1, second - first - 1);
    if (!consistsOf(message.method, tokenBytes) || !isVisible(message.target))
        return std::nullopt;
    const size_t hosts = message.values("host").size();
    if (version == "HTTP/1.0" ? hosts > 1 || !message.values("transfer-encoding").empty()
                              : version != "HTTP/1.1" || hosts != 1)
        return std::nullopt;
    if (!readBody(text, at, Otherwise::NoBody, message))
        return std::nullopt;
    return message;
}

std::optional<Message> parseResponse(std::string_view text, bool toHead, bool closed)
{
    for (size_t at = 0;;) {
        Message message;
        std::string_view line;
        if (!readHead(text, at, line, message) || line.size() < 12 || hasControl(line))
            return std::nullopt;
        const std::string_view version = line.substr(0, 9);
        const std::string_view status = line.substr(9, 3);
        const bool spaced = line.size() == 12 || line[12] == ' ';
        if ((version != "HTTP/1.0 " && version != "HTTP/1.1 ") || !consistsOf(status, digits) || !spaced)
            return std::nullopt;
        message.status = std::atoi(std::string(status).c_str());
        if (message.status < 100 || message.status > 599 || message.status == 101)
            return std::nullopt;
        if (message.status < 200)
            continue;
        if (toHead || message.status == 204 || message.status == 304) {
            message.used = at;
            return message;
        }
        if (version == "HTTP/1.0 " && !message.values("transfer-encoding").empty())
            return std::nullopt;
        if (!readBody(text, at, closed ? Otherwise::UntilClose : Otherwise::Incomplete, message))
            return std::nullopt;
        return message;
    }
}

#ifdef PDLB_HAS_LLHTTP

namespace {

struct Seen {
    std::vector<std::string> complete;
    std::string body;
    bool inside = false;
};

Seen &seenOf(llhttp_t *parser)
{
    return *static_cast<Seen *>(parser->data);
}

int onBegin(llhttp_t *parser)
{
    seenOf(parser).inside = true;
    return 0;
}

int onBody(llhttp_t *parser, const char *at, size_t length)
{
    seenOf(parser).body.append(at, length);
    return 0;
}

int onComplete(llhttp_t *parser)
{
    Seen &seen = seenOf(parser);
    seen.complete.push_back(std::exchange(seen.body, {}));
    seen.inside = false;
    return 0;
}

} // namespace

std::optional<std::vector<std::string>> llhttpRequests(std::string_view text)
{
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_message_begin = onBegin;
    settings.on_body = onBody;
    settings.on_message_complete = onComplete;
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    Seen seen;
    parser.data = &seen;
    if (llhttp_execute(&parser, text.data(), text.size()) != HPE_OK || seen.inside)
        return std::nullopt;
    return seen.complete;
}

bool hasLlhttp()
{
    return true;
}

#else

std::optional<std::vector<std::string>> llhttpRequests(std::string_view)
{
    return std::nullopt;
}

bool hasLlhttp()
{
    return false;
}

#endif

} // namespace pdlb::fuzz
