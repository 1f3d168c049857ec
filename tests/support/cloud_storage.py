"""A small Cloud Storage on 127.0.0.1: lists objects, and deletes them in batches, as its JSON API does (https://cloud.google.com/storage/docs/json_api)."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlparse


@contextmanager
def serving(objects: dict[str, str]) -> Iterator[str]:
    """Serve one bucket. `objects` has each object's name, and when it was written; what is deleted goes from it. Yields the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            asked = urlparse(self.path)
            _, _, name = asked.path.rstrip("/").partition("/o/")
            if asked.path.rstrip("/").endswith("/o"):
                prefix = parse_qs(asked.query).get("prefix", [""])[0]
                self._answer(
                    200, {"items": [_metadata(one, at) for one, at in objects.items() if one.startswith(prefix)]}
                )
            elif not name:
                self._answer(200, {"name": "bucket"})
            elif unquote(name) in objects:
                self._answer(200, _metadata(unquote(name), objects[unquote(name)]))
            else:
                self._answer(404, {"error": {"code": 404}})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            parts = []
            for number, path in enumerate(re.findall(r"^DELETE (\S+)", body, re.MULTILINE)):
                gone = objects.pop(unquote(urlparse(path).path.partition("/o/")[2]), None)
                parts.append(
                    f"--part\r\nContent-Type: application/http\r\nContent-ID: <response-{number}>\r\n\r\n"
                    f"HTTP/1.1 {204 if gone else 404} -\r\nContent-Length: 0\r\n\r\n\r\n"
                )
            self._send(200, "multipart/mixed; boundary=part", "".join([*parts, "--part--"]).encode())

        def _answer(self, code: int, found: object) -> None:
            self._send(code, "application/json", json.dumps(found).encode())

        def _send(self, code: int, kind: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _metadata(name: str, written: str) -> dict[str, str]:
    return {"name": name, "bucket": "bucket", "size": "1", "updated": written}
