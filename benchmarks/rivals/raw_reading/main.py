"""Reads the same socket and splits it into lines, as any reader must."""

import json
import socket
import sys
import time
from urllib.parse import urlsplit

url, posts = urlsplit(sys.argv[1]), int(sys.argv[2])
connection = socket.create_connection((url.hostname, url.port))
connection.sendall(b"GET /2/tweets/search/stream? HTTP/1.1\r\nHost: x\r\n\r\n")
count, reported = 0, 0.0
while count < posts:
    count += connection.recv(262_144).count(b'{"data"')
    if time.monotonic() - reported > 0.2:
        reported = time.monotonic()
        print(json.dumps({"event": "totals", "published": count}), flush=True)
print(json.dumps({"event": "totals", "published": count}), flush=True)
