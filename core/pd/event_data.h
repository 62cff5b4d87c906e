// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/json_edit.h"

namespace pdlb::pd {

/// A server-sent event with the place of its data, to be edited in the event's own bytes.
struct EventData {
    QByteArray event;
    Span data;
    QByteArrayView view() const { return data.in(event); }
};

/// Finds an event's data. An event of several data lines is rewritten to have one, because JSON cannot be edited across
/// line prefixes (the line ends become spaces: in JSON they are white space). None when it has no data line.
std::optional<EventData> findData(const QByteArray &event);

/// The event with the replacements made in its data (spans count from the data's begin).
QByteArray withReplacements(const EventData &data, std::vector<json::Replacement> replacements);

} // namespace pdlb::pd
