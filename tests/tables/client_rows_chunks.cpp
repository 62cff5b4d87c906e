// SPDX-License-Identifier: Apache-2.0
#include "tables/client_rows_p.h"

namespace pdlb::tables {

namespace {

QByteArray chunkPerByte(const QByteArray &body)
{
    QByteArray chunks;
    for (const char c : body)
        chunks.append("1\r\n").append(c).append("\r\n");
    return chunks + "0\r\n\r\n";
}

} // namespace

void addChunkRows(ClientRowMaker &rows)
{
    const QByteArray good = "c\r\n" + plainBody + "\r\n";
    rows.accept("C29", "chunk ok", postChunks("5\r\n{\"tex\r\n7\r\nt\":\"a\"}\r\n0\r\n\r\n"));
    rows.accept("C30", "chunk per byte", postChunks(chunkPerByte(plainBody)));
    rows.refuse("C31", "chunk size zz", postChunks(good + "zz\r\n\r\n" + hiddenRequest));
    rows.refuse("C32", "chunk size empty", postChunks(good + "\r\n\r\n"));
    rows.refuse("C33", "chunk size 0xc", oneChunk("0xc"));
    rows.refuse("C34", "chunk size +c", oneChunk("+c"));
    rows.refuse("C35", "chunk size -c", oneChunk("-c"));
    rows.refuse("C36", "chunk size c_", oneChunk("c_"));
    rows.refuse("C37", "chunk size leading space", oneChunk(" c"));
    rows.refuse("C38", "chunk size overflow 17 digits", oneChunk("1000000000000000c"));
    ClientRow &zeros = rows.accept("C39", "chunk size many zeros", oneChunk("0000000000000000c"));
    zeros.answers = {{400, 200}};
    zeros.fate = Fate::Either;
    rows.accept("C40", "chunk ext ok", oneChunk("c;a=b"));
    rows.refuse("C41", "chunk ext with bare CR", oneChunk("c;a\rb"));
    rows.refuse("C42", "chunk ext 64KB", oneChunk("c;" + QByteArray(65536, 'x')));
    rows.refuse("C43", "chunk data w/o CRLF", postChunks("c\r\n" + plainBody + "0\r\n\r\n"));
    rows.refuse("C44", "chunk bare LF", postChunks("c\n" + plainBody + "\n0\n\n"));
    rows.accept("C45", "chunk ends \\r\\nXX", postChunks(good + "0\r\nXXGET /health HTTP/1.1\r\nHost: x\r\n\r\n"));
    rows.accept("C46", "chunk with trailer", postChunks(good + "0\r\nX-Trailer: GET /health HTTP/1.1\r\n\r\n")).droppedFields =
        {"X-Trailer", "Trailer"};
    ClientRow &length = rows.accept("C47", "chunk trailer Content-Length", postChunks(good + "0\r\nContent-Length: 43\r\n\r\n"));
    length.answers = {{200, 400}};
    length.fate = Fate::Either;
}

} // namespace pdlb::tables
