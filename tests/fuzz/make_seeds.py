#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seed corpora: the hostile messages that pdlb's tests know, and what ordinary clients and engines send.

    tests/fuzz/make_seeds.py        writes tests/fuzz/corpus/TARGET/NAME; other files there are left alone

The first byte of an input chooses options, the second how the bytes are split; see each fuzz_TARGET.cpp.
"""

import pathlib
import re

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def write(target: str, name: str, content: bytes, options: bytes = b"0") -> None:
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    (folder / name).write_bytes(options + b"0" + content)


# Requests: "0" the real limits, "1" small ones (line 64, field 48, block 160, 6 fields).


def post(fields: bytes = b"", body: bytes = b"") -> bytes:
    return b"POST /generate HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n" + body


def chunked(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked\r\n", body)


def get(target: bytes = b"/", version: bytes = b"HTTP/1.1", fields: bytes = b"") -> bytes:
    return b"GET " + target + b" " + version + b"\r\nHost: x\r\n" + fields + b"\r\n"


def requests() -> None:
    def row(name: str, content: bytes, options: bytes = b"0") -> None:
        write("request", name, content, options)

    smuggled = b"GET /admin HTTP/1.1\r\nHost: x\r\n\r\n"
    row("c1 length and coding", post(b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + smuggled))
    row("c2 coding and length", post(b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", b"3\r\nabc\r\n0\r\n\r\n"))
    row("c3 lengths differing", post(b"Content-Length: 3\r\nContent-Length: 4\r\n", b"abcd"))
    row("c4 lengths identical", post(b"Content-Length: 3\r\nContent-Length: 3\r\n", b"abc"))
    lengths = {
        "c5 list": b"3, 3", "c6 negative": b"-1", "c7 plus": b"+3", "c8 hex": b"0x3", "c9 underscore": b"1_0",
        "c10 junk": b"3Z", "c12 empty": b"", "c14 2-64": b"18446744073709551615", "c15 2-63": b"9223372036854775808",
    }
    for name, length in lengths.items():
        row(name, post(b"Content-Length: " + length + b"\r\n", b"abc"))
    row("c11 leading zero", post(b"Content-Length: 010\r\n", b"0123456789"))
    row("c13 empty then 43", post(b"Content-Length: \r\nContent-Length: 43\r\n", smuggled))
    row("c16 space before colon", post(b"Content-Length : 3\r\n", b"abc"))
    row("c17 x85 before colon", post(b"Content-Length\x85: 3\r\n", b"abc"))
    row("c18 no colon", post(b"Content-Length\r\n", b"abc"))
    codings = {
        "c19": b"xchunked", "c20": b"gzip", "c22": b"chunked, identity", "c23": b"identity, chunked",
        "c26": b"\x0bchunked",
        "c24 twice": b"chunked\r\nTransfer-Encoding: chunked", "c25 folded": b"\r\n chunked",
    }
    for name, coding in codings.items():
        row(name, post(b"Transfer-Encoding: " + coding + b"\r\n", b"3\r\nabc\r\n0\r\n\r\n"))
    row("c21 comma and length", post(b"Transfer-Encoding: ,chunked\r\nContent-Length: 3\r\n", b"0\r\n\r\n"))
    row("c27 http 1.0", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    row("c28 name split", post(b"Transfer-\r\nEncoding: chunked\r\n", b"0\r\n\r\n"))
    row("c29 chunks", chunked(b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"))
    sizes = {
        "c31": b"zz", "c32": b"", "c33": b"0x3", "c34": b"+3", "c35": b"-3", "c36": b"3_", "c37": b" 3",
        "c38": b"fffffffffffffffff", "c38 wrapped": b"10000000000000003",
        "c39": b"0000000000000003", "c40 extension": b"3;a=b", "c41": b"3;a\rb",
        "c42": b"3;" + b"x" * 300, "capital": b"00A", "largest": b"7fffffffffffffff", "2-63": b"8000000000000000",
    }
    for name, size in sizes.items():
        row("chunk " + name, chunked(size + b"\r\nabc\r\n0\r\n\r\n"))
    row("c43 chunk without end", chunked(b"3\r\nabcd\r\n0\r\n\r\n"))
    row("c44 chunk with lf", chunked(b"3\nabc\n0\n\n"))
    row("c45 chunks end in xx", chunked(b"3\r\nabc\r\n0\r\nXX" + smuggled + b"\r\n"))
    row("c46 trailer", chunked(b"3\r\nabc\r\n0\r\nX: y\r\n\r\n"))
    row("c47 trailer length", chunked(b"3\r\nabc\r\n0\r\nContent-Length: 30\r\n\r\n" + smuggled))
    fields = {
        "c48 folded": b"A: b\r\n c", "c51 cr in value": b"A: b\rc", "c52 nul in value": b"A: b\0c",
        "c53 nul in name": b"A\0: b", "c54 control": b"A: \x01", "c55 obs text": b"A: \xe9", "c56 name": b"\xc3\xa9: b",
        "c57 empty name": b": b", "empty value": b"A:",
        "c58 no colon": b"Oops", "c59 parenthesis": b"a(b: c", "c60 underscore": b"a_b: c", "tab": b"A:\t b \t",
    }
    for name, field in fields.items():
        row(name, post(field + b"\r\n"))
    row("c49 space before first field", b"POST / HTTP/1.1\r\n Host: x\r\n\r\n")
    row("c50 lf", b"POST / HTTP/1.1\nHost: x\n\n")
    row("c61 no host", b"POST / HTTP/1.1\r\n\r\n")
    row("c62 two hosts", b"POST / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n")
    row("c63 user info", b"POST / HTTP/1.1\r\nHost: a@b/c\r\n\r\n")
    row("c64 empty host", b"POST / HTTP/1.1\r\nHost: \r\n\r\n")
    row("c65 absolute form elsewhere", get(b"http://y/generate"))
    row("absolute form", get(b"http://X/a?b"))
    row("absolute form of the root", get(b"http://x?b"))
    row("c66 connect", b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n")
    row("c67 options", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
    versions = {"c68": b"HTTP/1.2", "c69": b"HTTP/2.0", "c70": b"HTTP/9.9", "c71": b"HTTPx1y1", "c72": b"http/1.1",
                "c81": b"HTTP/1.1 x", "c103": b"HTTP/1.0"}
    for name, version in versions.items():
        row("version " + name, get(version=version))
    row("c73 http 0.9", b"GET /\r\n\r\n")
    row("c74 h2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    row("c75 tls hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    for name, method in {"c76": b"FOO", "c77": b"get", "c78": b"G\x01T", "c100": b"HEAD"}.items():
        row("method " + name, method + b" / HTTP/1.1\r\nHost: x\r\n\r\n")
    targets = {"c79": b" /", "c80": b"\t/", "c82": b"/a b", "c83": b"/\xc3\xa9", "c84": b"/\0", "c85": b"/%00",
               "c86": b"/#a", "c87": b"/../../etc/passwd", "c88 long": b"/" + b"a" * 70}
    for name, target in targets.items():
        row("target " + name, get(target), b"1")
    row("c90 field of the limit", post(b"A: " + b"b" * 45 + b"\r\n"), b"1")
    row("c91 field beyond the limit", post(b"A: " + b"b" * 46 + b"\r\n"), b"1")
    row("c92 seven fields", post(b"A: b\r\n" * 6), b"1")
    row("six fields", post(b"A: b\r\n" * 5), b"1")
    row("101 fields", post(b"A: b\r\n" * 100))
    row("c93 block beyond the limit", post((b"A: " + b"b" * 40 + b"\r\n") * 4), b"1")
    row("c94 empty lines", b"\r\n\r\n" + post())
    row("c95 many empty lines", b"\r\n" * 20 + post())
    row("c96 expect", post(b"Expect: 100-continue\r\nContent-Length: 3\r\n", b"abc"))
    row("c97 another expectation", post(b"Expect: 200-maybe\r\n"))
    row("c98 get with body", get(fields=b"Content-Length: 3\r\n") + b"abc")
    row("c99 neither", post())
    row("c101 pipelined", post(b"Content-Length: 1\r\n", b"a") + chunked(b"1\r\nb\r\n0\r\n\r\n") + get())
    row("c102 close", post(b"Connection: close\r\n"))
    row("c104 keep-alive of 1.0", b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}")
    row("c105 upgrade", get(fields=b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n"))
    row("c106 h2c", get(fields=b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"))
    row("c107 nominated", post(b"Connection: X-Secret, close ,\r\nX-Secret: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
                               b"Proxy-Connection: close\r\nX-Request-Id: mine\r\n"))
    row("c108 authorization nominated", post(b"Connection: Authorization,content-type,Host\r\n"
                                             b"Authorization: Bearer a\r\nContent-Type: application/json\r\n"))
    row("c109 forwarded for", post(b"X-Forwarded-For: 1.2.3.4\r\n"))
    row("c110 incomplete head", b"POST /generate HTTP/1.1\r\nHost: x\r\nContent-")
    row("c112 short body", post(b"Content-Length: 10\r\n", b"abc"))


# Answers: bit 0 small limits, bit 1 to HEAD, bit 2 closed behind the bytes.


def responses() -> None:
    def row(name: str, content: bytes, options: bytes = b"4") -> None:
        write("response", name, content, options)

    ok = b"HTTP/1.1 200 OK\r\n"
    coded = ok + b"Transfer-Encoding: chunked\r\n\r\n"
    row("u1 length", ok + b"Content-Length: 2\r\n\r\n{}", b"0")
    row("u2 chunked", coded + b"2\r\n{}\r\n0\r\n\r\n", b"0")
    row("u3 until close", ok + b"\r\n{}")
    row("u3 until close open", ok + b"\r\n{}", b"0")
    row("u4 length short", ok + b"Content-Length: 5\r\n\r\n{}")
    row("u5 length long", ok + b"Content-Length: 2\r\n\r\n{}garbage")
    row("u6 length and coding", ok + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
    row("u7 lengths", ok + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}")
    row("u8 length negative", ok + b"Content-Length: -2\r\n\r\n{}")
    row("u9 length junk", ok + b"Content-Length: 2x\r\n\r\n{}")
    for name, size in {"u10": b"zz", "u11": b"0x3", "u12": b"-3", "u13": b"fffffffffffffffff"}.items():
        row("chunk size " + name, coded + b"3\r\nabc\r\n" + size + b"\r\nabc\r\n0\r\n\r\n")
    row("u14 chunk without end", coded + b"3\r\nabcX\r\n0\r\n\r\n")
    row("u15 chunk cut", coded + b"3\r\nab")
    row("u16 no last chunk", coded + b"3\r\nabc\r\n")
    row("u18 trailer", coded + b"3\r\nabc\r\n0\r\nA: b\r\n\r\n")
    row("u19 gzip", ok + b"Transfer-Encoding: gzip\r\n\r\nabc")
    row("u20 xchunked", ok + b"Transfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    row("u21 status 99", b"HTTP/1.1 099 X\r\n\r\n")
    row("status 600", b"HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n")
    row("u22 status 2000", b"HTTP/1.1 2000 X\r\n\r\n")
    row("u23 no reason", b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", b"0")
    row("u24 http 1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"0")
    row("u25 http 2", b"HTTP/2.0 200 OK\r\n\r\n")
    row("u26 garbage", b"SSH-2.0-OpenSSH_9\r\n")
    row("u29 100 first", b"HTTP/1.1 100 Continue\r\n\r\n" + ok + b"Content-Length: 2\r\n\r\n{}", b"0")
    row("u30 103 first", b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + ok + b"\r\n{}")
    row("u31 101", b"HTTP/1.1 101 Switching Protocols\r\n\r\nabc")
    row("u32 204 with body", b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}")
    row("304", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n" + ok + b"Content-Length: 0\r\n\r\n", b"0")
    fields = {"u33": b"Oops", "u34": b"Content-Length : 2", "u35": b"A: b\r\n c", "u37": b"A: b\0c", "u38": b"A: b\rc"}
    for name, field in fields.items():
        row("field " + name, ok + field + b"\r\nContent-Length: 2\r\n\r\n{}")
    row("u36 lf", b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}")
    row("u39 seven fields", ok + b"A: b\r\n" * 7 + b"\r\n{}", b"5")
    row("u40 long field", ok + b"A: " + b"b" * 60 + b"\r\n\r\n{}", b"5")
    row("u41 endless field", ok + b"A: " + b"b" * 200, b"5")
    row("block beyond the limit", ok + (b"A: " + b"b" * 40 + b"\r\n") * 4 + b"\r\n{}", b"5")
    row("u42 gzip content", ok + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00")
    row("u43 redirect", b"HTTP/1.1 302 F\r\nLocation: http://evil/\r\nContent-Length: 0\r\n\r\n", b"0")
    row("u45 401", b"HTTP/1.1 401 U\r\nWWW-Authenticate: Basic realm=\"a\"\r\nContent-Length: 2\r\n\r\n{}", b"0")
    row("u46 503", b"HTTP/1.1 503 S\r\nRetry-After: 7\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", b"0")
    row("to head", ok + b"Content-Length: 5\r\n\r\n" + ok + b"Transfer-Encoding: chunked\r\n\r\n", b"2")
    row("keep-alive of 1.0",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive, X-A\r\nX-A: b\r\nContent-Length: 0\r\n\r\n", b"0")
    row("two", ok + b"Content-Length: 1\r\n\r\na" + coded + b"1;x=y\r\nb\r\n0\r\n\r\n", b"0")
    row("stream", ok + b"content-type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"c\r\ndata: {\"a\":1\r\n3\r\n}\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", b"0")


# Server-sent events: bit 0 a small limit of an event, 1 + the other bits.


def events() -> None:
    streams = {
        "one": b"data: {}\n\n",
        "done": b"data: {}\n\ndata: [DONE]\n\n",
        "done without space": b"data:[DONE]\n\n",
        "done in crlf": b"data: a\r\n\r\ndata: [DONE]\r\n\r\n",
        "lines in crlf": b"data: a\r\ndata: b\r\n\r\n",
        "done in cr": b"data: a\r\rdata: [DONE]\r\rdata: b\n\n",
        "done and cut": b"data: [DONE]\n",
        "t51 marker inside": b'data: {"text":"data: [DONE]"}\n\n',
        "marker with a tail": b"data: [DONE] \n\n",
        "marker behind two spaces": b"data:  [DONE]\n\n",
        "marker in another field": b"event: [DONE]\n\n",
        "marker behind a line": b"data: a\ndata: [DONE]\n\n",
        "marker before an empty line of data": b"data: [DONE]\ndata\n\n",
        "marker in a long event": b": " + b"x" * 80 + b"\ndata: [DONE]\n\n",
        "comments": b": ping\n\ndata: a\n\n",
        "fields": b"event: x\nid: 5\nretry: 1\ndata: a\ndata:b\ndata\n\n",
        "empty lines": b"\n\r\n\r\r\n\n",
        "database": b"database: x\n\ndat: y\n\n",
        "field only": b"event: x\n",
        "byte order mark": b"\xef\xbb\xbfdata: a\n\n",
        "nul": b"data: \0\n\n",
        "generate": b'data: {"text":"a","meta_info":{"id":"r","finish_reason":null}}\n\ndata: [DONE]\n\n',
        "chat": b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
                b"data: [DONE]\n\n",
    }
    for name, stream in streams.items():
        write("sse", name, stream)
    write("sse", "small limit", b"data: abc\n\ndata: abcdef\n\ndata: abcdefg", b"\x19")


# Requests' bodies: the low four bits modulo 3 the endpoint (/generate, chat, completions), 16 an IPv6 bootstrap host,
# 32 a bootstrap port, 64 the bytes as text to be quoted.

GENERATE, CHAT, COMPLETIONS = 0, 1, 2


def bodies() -> None:
    def row(name: str, body: bytes, endpoint: int = CHAT, more: int = 32) -> None:
        write("json", name, body, bytes([endpoint | more]))

    row("t21 empty", b"")
    row("t21 space", b" \r\n\t ")
    for name, body in {"list": b"[]", "string": b'"x"', "null": b"null", "number": b" 1"}.items():
        row("t22 " + name, body)
    broken = {
        "truncated": b'{"a":1', "trailing comma": b'{"a":1,}', "garbage": b'{"a":1}}', "nan": b'{"a":NaN}',
        "utf-8": b'{"a":"\xc0\xaf"}', "surrogate": b'{"a":"\xed\xa0\x80"}', "control": b'{"a":"\n"}', "two": b"{}{}",
        "number": b'{"a":01}', "escape": b'{"a":"\\x"}', "word": b'{"a":tru}', "t31 byte order mark": b"\xef\xbb\xbf{}",
    }
    for name, body in broken.items():
        row("t23 " + name, body)
    row("t24 deep", b'{"a":' + b"[" * 1023 + b"]" * 1023 + b"}")
    row("t24 too deep", b'{"a":' + b"[" * 1024 + b"]" * 1024 + b"}")
    row("t25 numbers", b'{"z":1.0,"y":0.10,"x":1e2,"w":-0.0,"v":9223372036854775808,"u":18446744073709551616,'
        b'"t":"\\/","s":"\\u00e9","r" : [ 1 , 2 ] ,"q":1e400}')
    row("t25 escapes", b'{"a":"\\/\\"\\\\\\b\\f\\n\\r\\t\\u00e9"}')
    row("t25 text", '{"b":"é€😀\\ud83d\\ude00\\ud800","a":{"c":[]}}'.encode(), more=64)
    row("t26 own bootstrap", b'{"bootstrap_room":5,"a":1,"bootstrap\\u005fhost":"x" , "bootstrap_port":null}')
    row("t26 only bootstrap", b'{"bootstrap_room":5,"bootstrap_host":["a,b","}"]}', more=16)
    row("t26 duplicates", b'{"bootstrap_room":1,"a":1,"bootstrap_room":2,"bootstrap_room":3,"b":2,"bootstrap_room":4}')
    row("nested bootstrap", b'{"a":{"bootstrap_room":5},"bootstrap_rooms":1}')
    row("null rid", b'{"a":1,"rid":null}')
    row("rids", b'{"rid":"x","a":1,"rid":null}')
    row("rid", b'{"rid":"0123456789abcdef0123456789abcdef"}', GENERATE)
    row("space around", b' \n{"a":1 }\r\n\t ')
    row("t27 streams", b'{"stream":false,"stream":true}')
    row("t28 prompts", b'{"prompt":["a","b","c"],"n":2,"best_of":2}', COMPLETIONS)
    row("t28 token lists", b'{"prompt":[[1,2],[3]]}', COMPLETIONS)
    row("t28 tokens", b'{"prompt":[1,2,3]}', COMPLETIONS)
    row("t28 texts", b'{"text":["a","b"],"sampling_params":[{"n":2},{"n":2,"sampling_seed":3}]}', GENERATE)
    row("t28 ids", b'{"text":null,"input_ids":[[1],[2]],"return_logprob":[false,true]}', GENERATE)
    row("t28 embeds", b'{"input_embeds":[[[0.5],[1]],[[2]],[[3]]]}', GENERATE)
    row("empty batch", b'{"prompt":[]}', COMPLETIONS)
    row("samples", b'{"model":"m","n":3,"seed":-7,"rid":"r","best_of":3}')
    row("many samples", b'{"n":128,"messages":[]}')
    row("too many samples", b'{"n":129}')
    row("seed too large", b'{"n":2,"seed":9223372036854775807}')
    row("smallest seed", b'{"n":2,"seed":-9223372036854775808}')
    row("generate", b'{"text":"Hi","sampling_params":{"temperature":0,"max_new_tokens":8},"stream":true,'
        b'"return_logprob":true,"return_routed_experts":true}', GENERATE)
    row("chat", b'{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true,'
        b'"stream_options":{"include_usage":true},"tools":[{"type":"function","function":{"name":"f"}}]}')


# What people type: the first byte modulo 7 the kind.


def texts() -> None:
    kinds = {
        b"2": ["http://10.0.0.1:8000", "https://host/base/", "host:80", "http://[::1]:8000/a/b//", "HTTP://Host:1/%2f",
               "http://user@h:1", "http://h:0", "http://h:65536", "http://h/?q", "ftp://h", "",
               "http://b\u00fccher.example:1",
               "http://[fe80::1%25eth0]:1", "http://h:1/a b", "h", "::1", "http://h:1/%0d%0aX:%20y"],
        b"3": ["127.0.0.1", "localhost", "*", "::", "[::1]", "0", "1.2.3", "fe80::1%eth0", "host", "[]",
               "::ffff:1.2.3.4"],
        b"4": ["8998", "none", "NONE", "auto", "0", "65536", "-1", " 5 ", "+7", "0x10", "5\u0665"],
        b"0": ["decode:status=503,retry_after=7", "prefill0:delay=2s", "any:close=before-head",
               "decode:reset=mid-stream,after=3", "decode:truncate=700,how=reset", "decode:stall=after-3",
               "prefill:abort,status=500,message=x,after=2", "decode:garbage",
               "decode:raw=HTTP/1.1 200 OK\\r\\n\\x2c\\",
               "decode1:hang,count=2,path=*", "plain:noread", "any:stale=200ms", "decode:framing=close",
               "decode:status=200,body={},header=A: b,early", "decode99999999999:hang",
               "decode\u0663:hang", ":", "any:",
               "prefill12:hang"],
        b"5": ["status:5xx is:running pair:p1/d2", "ttft>500ms or -is:ok", "not (a or \"b\\\"c\") and end:decode_*", "((((", "status:503..400",
               "in>5k itl.p99>50ms tokens.out:1..9", "model!=x room:18446744073709551615", "is:ok,failed", "-", "()", "or", "a:", "ttft>nan",
               "\u0660:\u0661", "status:99999999999999999999", "body:*a*a*a*b"],
        b"6": ["leg:decode model:x -> delay 500ms", "-> status 503, count 3", "-> drop after 10 events, probability 1%",
               "leg:prefill -> wrong-room", "-> cut", "-> stall after 0 events", "->", "-> delay 1e308s", "-> -> cut", "a -> cut, probability nan",
               "leg:prefill leg:decode -> cut", "-> drop after 99999999999999999999 events"],
        b"1": ["200ms", "2s", "1.5s", "1m", "1e3ms", "nanms", "infs", "-1s", "s", "1e308m", "999999999ms"],
    }
    for options, lines in kinds.items():
        for number, line in enumerate(lines):
            write("text", f"{options.decode()} {number:02}", line.encode(), options)


# Answers to be joined. Bits 0-1 the endpoint (0 or 2 /generate, 1 chat, 3 completions), 4 streamed, 8 and 16 samples
# minus one, 32 log-probabilities, 64 routed experts, 128 decode ends first. Segments: a digit (bit 0 decode, the rest
# the sample), the bytes; 0x1e between two.

STREAM, TWO, THREE, LOGPROBS, EXPERTS, DECODE_FIRST = 4, 8, 16, 32, 64, 128


def answers() -> None:
    def row(name: str, options: int, *segments: bytes) -> None:
        write("answers", name, b"\x1e".join(segments), bytes([options]))

    def event(data: bytes) -> bytes:
        return b"data: " + data + b"\n\n"

    done = event(b"[DONE]")

    def logprobs(value: bytes, more: bytes = b"") -> bytes:
        return b'{"text":"x","meta_info":{"id":"r","input_token_logprobs":' + value + b"}" + more + b"}"

    row("lists", LOGPROBS, b"0" + logprobs(b'[[null,1,"a"]]'), b"1" + logprobs(b"[[-1e-3,3,null]]"))
    row("lists decode first", LOGPROBS | DECODE_FIRST, b"1" + logprobs(b"[2]"), b"0" + logprobs(b"[1]"))
    row("lists of a batch", LOGPROBS, b"0[" + logprobs(b"[1]") + b"," + logprobs(b"[2]") + b"]",
        b"1[" + logprobs(b"[]") + b", " + logprobs(b"null") + b"]")
    row("not finite", LOGPROBS, b"0" + logprobs(b"[-Infinity]"), b"1" + logprobs(b"[NaN]"))
    row("no json", LOGPROBS, b"0x", b'1{"input_token_logprobs')
    row("nothing to join", LOGPROBS, b'0{"text":""}', b'1{"text":"x"}')
    row("events", LOGPROBS | STREAM, b"0: hello\n\n" + event(logprobs(b"[1,2]")) + done,
        b"1" + event(logprobs(b"[3]")) + b": ping\n\n" + event(logprobs(b"null", b',"index":1')) + done)
    row("events held", LOGPROBS | STREAM | DECODE_FIRST, b"1" + event(logprobs(b"[3]")) + event(b"{}") + done,
        b"0" + event(logprobs(b"[1]")))
    row("events cut", LOGPROBS | STREAM, b"1" + event(b"plain text") + b"data: cut")
    row("events in crlf", LOGPROBS | STREAM, b"0data: " + logprobs(b"[1]"),
        b'1event: x\r\ndata:{"meta_info":\r\ndata:{"input_token_logprobs":[2]}}\r\nid: 5\r\n\r\n')
    row("experts", EXPERTS, b'0{"meta_info":{"routed_experts":"YWJj"}}',
        b'1{"meta_info":{"routed_experts":"WFlaZGVm"}}')
    row("experts of chat", 1 | EXPERTS | STREAM,
        b"0" + event(b'{"choices":[{"index":1,"sglext":{"routed_experts":"YWJj"}}],'
                      b'"sglext":{"routed_experts":"YQ=="}}'),
        b"1" + event(b'{"choices":[{"index":1,"sglext":{"routed_experts":"\\/\\/\\/\\/"}}]}') + done)

    def chat(number: int, tokens: bytes) -> bytes:
        return (b'{"id":"c%d","choices": [{"index":0,"message":{"content":"a"}}] ,"usage":{"prompt_tokens":7,'
                b'"completion_tokens":%s,"total_tokens":17,"reasoning_tokens":2,'
                b'"completion_tokens_details":{"reasoning_tokens":2,"x":null}}}' % (number, tokens))

    row("fan-out of chat", 1 | TWO, b"1" + chat(0, b"10"), b"3" + chat(1, b"20"))
    row("fan-out of large counts", 1 | TWO, b"1" + chat(0, b"9223372036854775807"),
        b"3" + chat(1, b"9223372036854775807"))
    row("fan-out of completions", 3 | THREE, b'1{"choices":[{"text":"a"}]}', b'3{"choices":[]}', b'5{"choices":[{}]}')
    row("fan-out of generate", TWO, b'1{"text":"a"}', b'3{"text":"b"}')
    row("fan-out of a batch", TWO, b'1[{"text":"a"},1]', b'3[{"text":"b"},2]')
    row("fan-out of other forms", 1 | TWO, b'1{"choices":{}}', b"3[]")
    row("fan-out with lists", TWO | LOGPROBS, b"0" + logprobs(b"[1]"), b"1" + logprobs(b"[2]"), b"2" + logprobs(b"[3]"),
        b"3" + logprobs(b"[4]"))

    def chunk(number: int, index: bytes = b"0") -> bytes:
        return event(b'{"id":"c%d","choices":[{"index":%s,"delta":{"content":"a"}}]}' % (number, index))

    usage = event(b'{"id":"u","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}')
    row("fan-out events", 1 | TWO | STREAM, b"1" + chunk(0), b"3" + chunk(1), b"1" + chunk(0, b"1") + usage + done,
        b"3" + usage + done)
    row("fan-out events of large index", 1 | TWO | STREAM, b"1" + chunk(0, b"9223372036854775807") + done, b"3" + done)
    row("fan-out events cut", 1 | TWO | STREAM, b"1" + chunk(0) + usage, b"3" + chunk(1)[:-1])
    row("fan-out events of generate", TWO | STREAM, b"1" + event(b'{"text":"a","meta_info":{},"index":1}') + done,
        b'3data: {"text":"b","meta_info":{"id":1}}\r\n\r\ndata: [DONE]\r\n\r\n')
    row("abort", LOGPROBS | STREAM,
        b'1data: {"meta_info":{"finish_reason":{"type":"abort","message":"m","status_code":500}}}\n\n')
    row("error", 1 | TWO | STREAM, b'1data: {"error":{"message":"m","code":"503"}}\n\n'
        b'data: {"error":"m","code":400}\n\n'
        b'data: {"object":"error","message":"m","code":99}\n\ndata: {"choices":[{"finish_reason":"abort"}]}\n\n')


# Configuration files.


def configs() -> None:
    servers = b'"prefill":[{"url":"http://p:1","bootstrap_port":8998}],"decode":[{"url":"http://d:1","name":"a"}]'

    def row(name: str, content: bytes) -> None:
        write("config", name, content)

    def with_servers(name: str, more: bytes) -> None:
        row(name, b'{"version":1,' + servers + b"," + more + b"}")

    row("empty", b"{}")
    row("only servers", b'{"version":1,' + servers + b"}")
    row("key twice", b'{"version":1,"port":1,\n"p\\u006frt":2}')
    row("newer", b'{"version":1e9}')
    row("deep", b'{"version":1,"a":' + b"[" * 40 + b"]" * 40 + b"}")
    row("names", b'{"version":1,"prefill":[{"url":"dns+http://a.example:1/b"}],"decode":[{"url":"srv+https://_l._tcp.example"}]}')
    row("ports", b'{"version":1,"prefill":[{"url":"http://[::1]:1","bootstrap_port":"none"},{"url":"q:2","bootstrap_port":0}]}')
    row("loop", b'{"version":1,"host":"*","prefill":[{"url":"http://localhost:30000"}]}')
    with_servers("rules", b'"health":{"interval":0.5,"path":"/x"},"breaker":{"enabled":false},"retry":{"jitter":1},"rate":{"burst":1e6}')
    with_servers("limits", b'"deadlines":{"request":1e300,"drain":0.0004},"limits":{"body_memory":null,"connections":1,"queue":1e15}')
    with_servers("access", b'"access":{"api_key_refs":["env:A","file:b"],"cors_origins":["https://a"],"api_key":"k"}')
    with_servers("admin and metrics", b'"admin":{"port":0,"host_names":["a"]},"metrics":{"buckets":[0.1,1,1],"port":65535}')
    with_servers("pairs", b'"pairing":"listed","pairs":[{"prefill":"p1","decode":"a","weight":1000,"why":1}]')
    with_servers("unknown keys", b'"future":{"a":[1,{"b":null}]},"health":{"colour":"r"}')
    row("labels", b'{"version":1,"prefill":[{"url":"p:1","labels":{"a\\n":"\xc3\xa4"},"weight":0.5,"enabled":false,"group":"g"}]}')
    row("invalid utf 8", b'{"version":1,"a":"\xc3("}')


# Trace files: "0" as they are.


def records() -> None:
    head = b'{"v":1,"request_id":"a","started_at":"2026-01-31T12:00:00.000Z","endpoint":"/generate","status":200,"end":"ok","ended_ms":5.25'

    def row(name: str, *lines: bytes) -> None:
        write("records", name, b"\n".join(lines) + b"\n")

    leg = b'{"role":"%s","server":"%s","url":"http://a:1","status":200,"opened_ms":0.1,"ready_ms":0.2,"sent_ms":0.3,"head_ms":1,"first_byte_ms":1.5,"ended_ms":5'
    times = (b',"events":3,"event_times":{"count":3,"stride":1,"first_ms":1.5,"last_ms":4,"max_gap_ms":2,"us":[0,500,2500],"gap_counts":[[54,1],[70,1]]},'
             b'"headers":[["Content-Type","text/event-stream"]],"span_id":"b7ad6b7169203331"}')
    legs = b',"picked_ms":0.1,"legs":[' + leg % (b"prefill", b"p1") + b"}," + leg % (b"decode", b"d1") + times + b"]"
    row("bare", head + b"}")
    row("two legs", head + legs + b"}")
    row("retried", head + legs + legs.replace(b'"legs"', b'"earlier_legs"').replace(b',"picked_ms":0.1', b"") + b',"attempts":2,"samples":2}')
    row("bodies", head + b',"stream":true,"request":{"target":"/generate?api_key=k","headers":[["Host","h"],["Authorization","x"]],"body":"{\\"api_key\\":\\"k\\"}"},'
        b'"answer":{"status":200,"size":90,"truncated":true,"body":"data: a\\n\\ndata: b","pieces":[[9,100],[16,2000]]},'
        b'"prefill_answer":{"body":"/w==","encoding":"base64"}}')
    row("running", b'{"v":1,"started_at":"2026-01-31T12:00:00.000Z","running":true,"queued_ms":1,"queue_position":3}')
    row("stuck", head + b',"explanations":[{"at_ms":3000,"phase":"kv_transfer","sentence":"s","advice":"a","prefill":{"at_ms":1e300,"running":1}}],'
        b'"aborts":[{"server":"p1","at_ms":1,"status":0,"error":"e"}],"faults":["-> cut"],"pinned":true}')
    row("odd", head + b',"error":"\\u0000\\u001b[31m\\ud800","rooms":["18446744073709551615","x"],"batch":-5,"queue_position":1e19}')
    row("wild", b'{"v":1,"started_at":"9999-12-31T23:59:59.999Z"}', head + b',"picked_ms":1e300}', b"{}", b"nonsense", b'{"v":1e99}', head)


if __name__ == "__main__":
    requests()
    responses()
    events()
    bodies()
    texts()
    answers()
    configs()
    records()
