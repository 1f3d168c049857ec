"""Makes X's faults trigger (faults.py names them)."""

import time

import orjson
from aiohttp import web

from .. import log
from . import faults
from .faults import Fault
from .responses import json
from .state import State
from .timeline import page_token_before


class Misbehaviour:
    """Makes a fault happen now, and answers in place of X where a fault is an answer."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def trigger(self, fault: Fault) -> None:
        log.event("fault", "x", fault=fault.name, times=fault.times)
        stream = self._state.open_stream
        if fault.name == "rotate":
            self._state.token += "-rotated"
            self._state.abort()
        elif fault.name in faults.AT_SEARCH:
            self._state.search_faults.extend([fault.name] * fault.times)
        elif fault.name in faults.AT_CONNECT:
            if fault.name == "409":
                self._state.core.rules.active.clear()
            elif fault.name == "429-connections":
                self._state.ghost = True
            else:
                self._state.connect_faults.extend([fault.name] * fault.times)
            self._state.abort()
        elif fault.name == "rules-gone":
            self._state.core.rules.active.clear()
        elif fault.name == "no-archive":
            self._state.core.has_archive = False
        elif fault.name == "silence":
            self._state.mute_until = time.monotonic() + 3_600
        elif fault.name == "stall":
            self._state.stalled_until = time.monotonic() + 3_600
        elif stream is not None:
            await self._write_to_stream(stream, fault)

    async def _write_to_stream(self, stream: web.StreamResponse, fault: Fault) -> None:
        """Make a fault that happens in the stream itself."""
        try:
            match fault.name:
                case "reset":
                    self._state.abort()
                    return
                case "partial":
                    await stream.write(b'{"data":{"id":"21')
                case "disconnect" | "disconnect-open" | "slow-reader":
                    await stream.write(orjson.dumps(faults.disconnect()) + b"\r\n")
                    if fault.name == "disconnect-open":
                        self._state.stalled_until = time.monotonic() + 3_600
                        return
                case "unknown":
                    await stream.write(b'{"info":{"message":"a kind of message that nobody knows"}}\r\n')
                    return
                case "duplicates":
                    for written in [written for written in self._state.core.timeline.posts if written.is_sent][-20:]:
                        await stream.write(written.post.as_json([{"id": "1", "tag": "again"}]) + b"\r\n")
                    return
        except ConnectionError:
            return  # the client is gone, so there is no stream left to end
        self._state.open_stream = self._state.request = None  # `_hold` sees it, and ends the response cleanly

    def reply_to_search(self, name: str) -> web.Response:
        if name == "search-garbled":
            return web.Response(body=b'{"data":[{"id":"2', content_type="application/json")
        if name == "search-empty":
            following = page_token_before((1 << 62) - len(self._state.search_faults))
            return json(200, {"meta": {"result_count": 0, "next_token": following}})
        kind = {"search-429": "429-rate"}.get(name, name.removeprefix("search-"))
        return self.problem(kind)

    async def reply_to_connect(self, name: str, request: web.Request) -> web.StreamResponse:
        if name == "html":
            return web.Response(status=502, text="<html>Bad gateway</html>", content_type="text/html")
        if name == "refuse":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return self.problem(name)

    def problem(self, name: str) -> web.Response:
        status, body, headers = faults.RESPONSES[name]
        response = json(status, body)
        for key, value in headers.items():
            response.headers[key] = str(int(time.time()) + int(value)) if value.startswith("+") else value
        return response
