// SPDX-License-Identifier: Apache-2.0
#include "tables/client_rows_p.h"

namespace pdlb::tables {

const QByteArray plainBody = R"({"text":"a"})";
const QByteArray hiddenRequest = "POST /generate HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n{\"text\":\"h\"}";

ClientRow &ClientRowMaker::add(ClientRow row)
{
    return m_rows.emplace_back(std::move(row));
}

ClientRow &ClientRowMaker::refuse(const char *id, const char *name, const QByteArray &bytes, const QList<int> &statuses)
{
    return add({id, name, bytes, {statuses}, Fate::Closed});
}

ClientRow &ClientRowMaker::accept(const char *id, const char *name, const QByteArray &bytes)
{
    return add({id, name, bytes, {{200}}, Fate::Kept, {{"POST", "/generate", plainBody}}});
}

ClientRow &ClientRowMaker::decline(const char *id, const char *name, const QByteArray &bytes, const QList<int> &statuses,
                                   const SeenRequest &request)
{
    return add({id, name, bytes, {statuses}, Fate::Either, {request}});
}

QByteArray post(const QByteArray &fields, const QByteArray &rest)
{
    return "POST /generate HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + rest;
}

QByteArray postWith(const QByteArray &fields)
{
    return post(fields + "Content-Length: 12\r\n");
}

QByteArray postChunks(const QByteArray &chunks)
{
    return post("Transfer-Encoding: chunked\r\n", chunks);
}

QByteArray oneChunk(const QByteArray &sizeLine)
{
    return postChunks(sizeLine + "\r\n" + plainBody + "\r\n0\r\n\r\n");
}

const std::vector<ClientRow> &clientRows()
{
    static const std::vector<ClientRow> rows = [] {
        std::vector<ClientRow> list;
        list.reserve(128);
        ClientRowMaker maker(list);
        addFramingRows(maker);
        addChunkRows(maker);
        addHeadRows(maker);
        addLimitRows(maker);
        return list;
    }();
    return rows;
}

} // namespace pdlb::tables
