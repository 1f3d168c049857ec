"""Pub/Sub's Publish, acknowledged as soon as it is read. Counts messages and keeps none.

python -m benchmarks.sink --port 8085
"""

import argparse
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.pubsub_v1.types import PublishRequest, PublishResponse

from local.emulators import log

_Request = PublishRequest.pb()
_Response = PublishResponse.pb()


def serve(port: int) -> tuple[grpc.Server, int]:
    """Return a server that acknowledges every publish, and its port."""
    numbers = itertools.count(1)

    def publish(request: Any, context: Any) -> Any:
        return _Response(message_ids=[str(next(numbers)) for _ in request.messages])

    handler = grpc.unary_unary_rpc_method_handler(
        publish,
        request_deserializer=_Request.FromString,
        response_serializer=_Response.SerializeToString,
    )
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", 32 << 20)])
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", {"Publish": handler}),)
    )
    bound_port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, bound_port


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sink", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    server, listening = serve(parser.parse_args().port)
    log.event("ready", "sink", port=listening)
    server.wait_for_termination()
