// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tables/client_rows.h"

namespace pdlb::tables {

/// Makes rows; the parts of the table are written with it.
class ClientRowMaker
{
public:
    explicit ClientRowMaker(std::vector<ClientRow> &rows) : m_rows(rows) {}

    /// Refused with one of the statuses, and the connection closed.
    ClientRow &refuse(const char *id, const char *name, const QByteArray &bytes, const QList<int> &statuses = {400});
    /// A request of /generate with the body {"text":"a"} that is answered with 200 on a connection that is kept.
    ClientRow &accept(const char *id, const char *name, const QByteArray &bytes);
    /// Well-formed, but answered with one of the statuses; nothing reaches an engine.
    ClientRow &decline(const char *id, const char *name, const QByteArray &bytes, const QList<int> &statuses,
                       const SeenRequest &request);
    ClientRow &add(ClientRow row);

private:
    std::vector<ClientRow> &m_rows;
};

/// {"text":"a"}, 12 bytes.
extern const QByteArray plainBody;
/// A second request, hidden where a mistaken reader finds it.
extern const QByteArray hiddenRequest;

/// POST /generate with the field lines and these bytes behind the head.
QByteArray post(const QByteArray &fields, const QByteArray &rest = plainBody);
/// POST /generate with the plain body, its length, and further field lines.
QByteArray postWith(const QByteArray &fields);
/// POST /generate in chunks; `chunks` as they are on the wire.
QByteArray postChunks(const QByteArray &chunks);
/// The plain body as one chunk with that size line, and the last chunk.
QByteArray oneChunk(const QByteArray &sizeLine);

void addFramingRows(ClientRowMaker &rows); ///< C1 to C28: lengths and codings
void addChunkRows(ClientRowMaker &rows); ///< C29 to C47
void addHeadRows(ClientRowMaker &rows); ///< C48 to C87: fields and request lines
void addLimitRows(ClientRowMaker &rows); ///< C88 to C112: sizes, meaning of fields, persistence, unfinished requests

} // namespace pdlb::tables
