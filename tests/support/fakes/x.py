"""X's stream on a raw socket, scripted connection by connection, for what a well-behaved HTTP server cannot do."""

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local.processes import Process
from tests.support.pubsub import Topics

Script = Callable[["Wire"], None]
Start = Callable[..., Process]  # of an ingester, with its arguments and variables


class Wire:
    """One connection, after its request has been read."""

    def __init__(self, connection: socket.socket, stop: threading.Event) -> None:
        self._connection = connection
        self._stop = stop

    def answer(self, status: int, body: dict[str, Any], **headers: str) -> None:
        content = json.dumps(body).encode()
        lines = [
            f"HTTP/1.1 {status} X",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
            "Connection: close",
        ]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._connection.sendall("\r\n".join([*lines, "", ""]).encode() + content)

    def page(self, html: str) -> None:
        """Answer with a web page in place of X's answer."""
        content = html.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(content)}\r\n\r\n"
        self._connection.sendall(head.encode() + content)

    def say(self, data: bytes) -> None:
        """Send raw bytes, valid HTTP or not."""
        self._connection.sendall(data)

    def open(self) -> None:
        self._connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )

    def send(self, data: bytes) -> None:
        """Send one chunk; None sends nothing, because an empty chunk would end the stream."""
        if not data:
            return
        self._connection.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end(self) -> None:
        """Close cleanly, with the last chunk."""
        self._connection.sendall(b"0\r\n\r\n")

    def reset(self) -> None:
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def pause(self, seconds: float) -> None:
        """Send nothing for so many seconds."""
        self._stop.wait(seconds)

    def hold(self) -> None:
        """Send nothing more until the test ends or the client goes away."""
        self._connection.settimeout(0.1)
        while not self._stop.is_set():
            try:
                if not self._connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return


def _keep_rules(listed: list[dict[str, str]]) -> Callable[[Wire, str], None]:
    def answer(wire: Wire, body: str) -> None:
        if not body:
            wire.answer(200, {"data": listed} if listed else {"meta": {"result_count": 0}})
            return
        added = [{"id": str(number), **rule} for number, rule in enumerate(json.loads(body)["add"], len(listed) + 1)]
        listed.extend(added)
        wire.answer(201, {"data": added, "meta": {"summary": {"created": len(added)}}})

    return answer


@dataclass
class FakeX:
    """Plays one of `scripts` for each stream connection, the last one again and again. `rules` answers the rules endpoint.

    By default it keeps the rules that it is given. Everything else is 404.
    """

    url: str = ""
    scripts: list[Script] = field(default_factory=list)
    rules: Callable[[Wire, str], None] = field(default_factory=lambda: _keep_rules([]))
    requests: list[str] = field(default_factory=list)  # first lines
    headers: list[str] = field(default_factory=list)

    @property
    def connections(self) -> int:
        return sum("/search/stream?" in line for line in self.requests)


@contextmanager
def serve() -> Iterator[FakeX]:
    fake, stop = FakeX(), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    fake.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def one(connection: socket.socket) -> None:
        with connection:
            request = b""
            while b"\r\n\r\n" not in request and (more := connection.recv(65_536)):
                request += more
            head, _, body = request.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
            while length and len(body) < int(length[1]) and (more := connection.recv(65_536)):
                body += more
            first = head.split(b"\r\n")[0].decode()
            fake.requests.append(first)
            fake.headers.append(head.decode())
            wire = Wire(connection, stop)
            try:
                if "/rules" in first:
                    fake.rules(wire, body.decode())
                elif "/search/stream?" not in first:
                    wire.answer(404, {"title": "Not Found"})
                else:
                    script = fake.scripts.pop(0) if len(fake.scripts) > 1 else fake.scripts[0]
                    script(wire)
            except OSError:
                return  # the client has gone, which some tests want

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=2)


def post(number: int) -> bytes:
    return json.dumps({"data": {"id": str(number), "text": "hi 👋"}}).encode()


def ids(topics: Topics) -> list[str]:
    return sorted((json.loads(message.data)["id"] for message in topics.take_all()), key=lambda i: int(i or 0))


def stream(*lines: bytes, then: Callable[[Wire], None] = Wire.hold) -> Script:
    def script(wire: Wire) -> None:
        wire.open()
        wire.send(b"".join(line + b"\r\n" for line in lines))
        then(wire)

    return script
