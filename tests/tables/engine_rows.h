// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tables/client_rows.h"

namespace pdlb::tables {

/// What an engine does behind its bytes.
enum class Ending {
    Open, ///< nothing: the connection stays, and what follows on it is for the other side to decide
    Fin,
    Reset,
};

/// What the client gets.
enum class Wanted {
    Answer, ///< status, fields and body as the engine sent them
    Refusal, ///< 502, and nothing of the engine's bytes
    Abort, ///< 502 when nothing was delivered yet, else what was delivered and an incomplete answer
    AnswerOrRefusal,
};

/// One row of table U (HTTP reference, section 2.4): bytes of an engine in answer to one POST, and what is wanted.
/// The POST is never sent again, whatever comes.
struct EngineRow {
    const char *id; ///< "U1" … "U46"
    const char *name;
    QByteArray bytes;
    Ending ending;
    Wanted wanted;
    int status = 200; ///< of an Answer
    QByteArray body = {}; ///< of an Answer; of an Abort: all that can have been delivered
    bool reusable = false; ///< the connection serves the next request; else it never does
    QList<WantedField> fields = {}; ///< that the client must see. In `bytes` and here trapAddress stands for a trap.
    const char *beyondQnam = nullptr; ///< why QNetworkAccessManager cannot meet this row
};

/// Replaced by the address of a server that nobody may come to.
inline constexpr const char *trapAddress = "trap.invalid";

/// All rows of table U, in order.
const std::vector<EngineRow> &engineRows();

} // namespace pdlb::tables
