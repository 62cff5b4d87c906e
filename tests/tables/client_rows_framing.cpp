// SPDX-License-Identifier: Apache-2.0
#include "tables/client_rows_p.h"

namespace pdlb::tables {

namespace {

void addLengthRows(ClientRowMaker &rows)
{
    const QByteArray hidden = "0\r\n\r\n" + hiddenRequest;
    rows.refuse("C1", "CL+TE both",
                post("Content-Length: " + QByteArray::number(hidden.size()) + "\r\nTransfer-Encoding: chunked\r\n", hidden));
    rows.refuse("C2", "TE+CL both, CL short",
                post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "c\r\n" + plainBody + "\r\n0\r\n\r\n"));
    rows.refuse("C3", "two CL differing", post("Content-Length: 12\r\nContent-Length: 13\r\n"));
    rows.refuse("C4", "two CL identical", post("Content-Length: 12\r\nContent-Length: 12\r\n"));
    rows.refuse("C5", "CL list", post("Content-Length: 12, 12\r\n"));
    rows.refuse("C6", "CL negative", post("Content-Length: -1\r\n", hiddenRequest));
    rows.refuse("C7", "CL plus", post("Content-Length: +12\r\n"));
    rows.refuse("C8", "CL hex", post("Content-Length: 0xc\r\n"));
    rows.refuse("C9", "CL underscore", post("Content-Length: 1_2\r\n"));
    rows.refuse("C10", "CL trailing junk", post("Content-Length: 12Z\r\n"));
    rows.accept("C11", "CL octal-looking", post("Content-Length: 012\r\n"));
    rows.refuse("C12", "CL empty", post("Content-Length: \r\n", hiddenRequest));
    rows.refuse("C13", "CL empty, then a number",
                post("Content-Length:\r\nContent-Length: " + QByteArray::number(hiddenRequest.size()) + "\r\n", hiddenRequest));
    rows.refuse("C14", "CL 2^64-1", post("Content-Length: 18446744073709551615\r\n"), {400, 413});
    rows.refuse("C15", "CL 2^63", post("Content-Length: 9223372036854775808\r\n"), {400, 413});
    rows.refuse("C16", "CL space before colon", post("Content-Length : 12\r\n"));
    rows.refuse("C17", "CL \\x85 before colon", post("Content-Length\x85: 12\r\n"));
    rows.refuse("C18", "CL with no colon", post("Content-Length 12\r\n", hiddenRequest));
}

void addCodingRows(ClientRowMaker &rows)
{
    const QByteArray chunk = "c\r\n" + plainBody + "\r\n0\r\n\r\n";
    rows.refuse("C19", "TE xchunked", post("Transfer-Encoding: xchunked\r\n", chunk), {501, 400});
    rows.refuse("C20", "TE gzip", post("Transfer-Encoding: gzip\r\n", hiddenRequest), {501, 400});
    rows.refuse("C21", "TE ,chunked + CL", post("Transfer-Encoding: ,chunked\r\nContent-Length: 4\r\n", chunk));
    rows.refuse("C22", "TE chunked, identity", post("Transfer-Encoding: chunked, identity\r\n", chunk));
    rows.refuse("C23", "TE identity, chunked", post("Transfer-Encoding: identity, chunked\r\n", chunk));
    rows.refuse("C24", "TE twice chunked", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunk));
    rows.refuse("C25", "TE obs-fold", post("Transfer-Encoding:\r\n chunked\r\n", chunk));
    rows.refuse("C26", "TE \\x0b chunked", post("Transfer-Encoding: \x0b" "chunked\r\n", chunk));
    rows.refuse("C27", "TE chunked on HTTP/1.0",
                "POST /generate HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk);
    rows.refuse("C28", "TE name split", post("Transfer-\r\nEncoding: chunked\r\n", chunk));
}

} // namespace

void addFramingRows(ClientRowMaker &rows)
{
    addLengthRows(rows);
    addCodingRows(rows);
}

} // namespace pdlb::tables
