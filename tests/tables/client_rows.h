// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QList>

#include <vector>

namespace pdlb::tables {

/// What becomes of the connection behind the last answer.
enum class Fate {
    Closed,
    Kept, ///< it serves a further request
    Either, ///< whatever the answer announces
};

/// A request as a reader that makes no mistake sees it.
struct SeenRequest {
    QByteArray method;
    QByteArray target;
    QByteArray body;

    /// Sent to the engines when it is accepted.
    bool isGeneration() const { return method == "POST" && target == "/generate"; }
};

/// A header field that engines must see.
struct WantedField {
    QByteArray name;
    QByteArray value;
};

/// One row of table C (HTTP reference, section 6): bytes of a client and what it gets for them. Rows that are refused
/// would be good requests for a reader that overlooks what is wrong with them.
struct ClientRow {
    const char *id; ///< "C1" … "C112"; two rows may share one
    const char *name;
    QByteArray bytes;
    QList<QList<int>> answers; ///< the statuses allowed for each answer, in order; none: closed without a word
    Fate fate;
    /// What the bytes hold; empty when they are refused before that is known. Where 200 and a refusal are both
    /// allowed: what holds with 200.
    QList<SeenRequest> requests = {};
    int interim = 0; ///< "100 Continue" answers
    QList<QByteArray> droppedFields = {}; ///< names that no engine may see
    QList<WantedField> fields = {};
    bool halfClosed = false; ///< the client sends FIN behind the bytes
    bool waits = false; ///< the client sends nothing more, and a deadline ends the request

    /// The bytes are refused by their form alone, whatever they ask for.
    bool isMalformed() const { return requests.isEmpty() && !halfClosed && !waits; }
};

/// All rows of table C, in order.
const std::vector<ClientRow> &clientRows();

} // namespace pdlb::tables
