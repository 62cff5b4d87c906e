# SPDX-License-Identifier: Apache-2.0
"""An engine that costs nearly nothing, so that a measurement shows the balancer: prints its URL and serves.

A small request with "stream" gets 400 events, one every 5 ms; any other is read and answered.
"""
import asyncio

EVENTS, GAP = 400, 0.005
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"


async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            left = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
            body = b""
            while left:
                body = await reader.read(min(left, 65536))
                left -= len(body)
                if not body:
                    return
            if b'"stream"' in body:
                writer.write(HEAD % b"text/event-stream" + b"Transfer-Encoding: chunked\r\n\r\n")
                for _ in range(EVENTS):
                    writer.write(b'f\r\ndata: {"a":1}\n\n\r\n')
                    await asyncio.sleep(GAP)
                writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
            else:
                writer.write(HEAD % b"application/json" + b'Content-Length: 11\r\n\r\n{"text":""}')
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print("http://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
