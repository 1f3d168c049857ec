"""X's stream without end, as fast as the client reads, from posts made beforehand. It also answers for rules.

python -m benchmarks.firehose --port 9052
"""

import argparse
import asyncio
from itertools import islice
from typing import cast

import orjson
import uvloop

from local.emulators import log

from . import load

_IN_TURN = 2_000  # posts
_A_CHUNK = 40  # posts, about 100 kB
_RULES = b'{"data":[{"id":"1166916266197536768","value":"music","tag":"artist"}],"meta":{"result_count":1}}'


class Connection(asyncio.Protocol):
    """One request: the stream, or a small call."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks
        self._writing = asyncio.Event()
        self._writing.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if b"/search/stream?" in data.split(b"\r\n")[0]:
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            self._task = asyncio.get_running_loop().create_task(self._stream())
            return
        body = _RULES if b"/rules" in data.split(b"\r\n")[0] else b"{}"
        status = b"200 OK" if body is _RULES else b"404 Not Found"
        head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        self._transport.write(head + body)

    async def _stream(self) -> None:
        number = 0
        while not self._transport.is_closing():
            await self._writing.wait()
            await asyncio.sleep(0)  # let the loop send it
            self._transport.write(self._chunks[number % len(self._chunks)])
            number += 1

    def pause_writing(self) -> None:
        self._writing.clear()

    def resume_writing(self) -> None:
        self._writing.set()


def chunks() -> list[bytes]:
    """Return lines of posts, each as one chunk of HTTP's chunked encoding."""
    lines = [
        orjson.loads(load.delivered_message(body))["payload"].encode() + b"\r\n"
        for _, body in islice(load.deliveries(_IN_TURN), _IN_TURN)
    ]
    groups = [b"".join(lines[start : start + _A_CHUNK]) for start in range(0, len(lines), _A_CHUNK)]
    return [b"%x\r\n%b\r\n" % (len(group), group) for group in groups]


async def _serve(port: int) -> None:
    prepared = chunks()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(prepared), "127.0.0.1", port)
    log.event("ready", "firehose", port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.firehose", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    uvloop.run(_serve(arguments.port))
