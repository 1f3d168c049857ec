"""An ASGI application without a framework that decodes each message: what Python itself allows."""

import base64

import orjson


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    message = orjson.loads(base64.b64decode(orjson.loads(body)["message"]["data"]))
    orjson.loads(message["payload"])
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
