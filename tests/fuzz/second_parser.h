// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A second opinion on HTTP/1.1 messages. Strict, and on purpose nothing like the incremental reader: it wants the
/// whole message, looks for the empty line first and shares no code with core.
namespace pdlb::fuzz {

struct Message {
    std::string method; ///< of a request
    std::string target; ///< of a request
    int status = 0;     ///< of a response
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
    size_t used = 0; ///< bytes from the begin of the text to the end of the message

    /// The values of the fields of that name (lower case).
    std::vector<std::string> values(std::string_view name) const;
};

/// The request at the begin of the text; none when there is no complete and valid one.
std::optional<Message> parseRequest(std::string_view text);

/// The final answer at the begin of the text, interim ones before it skipped. `closed`: nothing will follow the text.
std::optional<Message> parseResponse(std::string_view text, bool toHead, bool closed);

std::string lowered(std::string_view text);
/// The members of a comma-separated list in lower case, without white space around.
std::vector<std::string> listMembers(std::string_view list);

/// What llhttp makes of the text: the bodies of the complete requests; none when it refuses it, or ends inside a
/// message.
std::optional<std::vector<std::string>> llhttpRequests(std::string_view text);
/// False when this was built without llhttp.
bool hasLlhttp();

} // namespace pdlb::fuzz
