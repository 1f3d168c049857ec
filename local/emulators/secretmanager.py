"""Secret Manager's REST API on a socket: one secret, whose latest version can be replaced."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from . import doors


@dataclass
class SecretManager:
    """The secret's `versions` in order. Each GET returns the last."""

    url: str = ""
    versions: list[str] = field(default_factory=list)

    def add(self, value: str) -> None:
        self.versions.append(value)


@contextmanager
def serve(value: str) -> Iterator[SecretManager]:
    fake = SecretManager(versions=[value])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if refused := doors.refusal("GET", {name.lower(): value for name, value in self.headers.items()}, ()):
                self.send_error(*refused)
                return
            name = self.path.removeprefix("/v1/").partition(":")[0].removesuffix("latest") + str(len(fake.versions))
            data = base64.b64encode(fake.versions[-1].encode()).decode()
            body = json.dumps({"name": name, "payload": {"data": data}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
