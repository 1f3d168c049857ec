"""Pub/Sub's gRPC in front of the broker: the calls that this project makes, with Google's own message types.

python -m local.emulators.pubsub.server --port 8085 [--data FILE] [--deliver-twice] [--shuffle]
"""

import argparse
import asyncio
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import fastavro
import grpc
import orjson
from google.protobuf import empty_pb2
from google.pubsub_v1 import types

from .. import log
from . import broker as core
from .filters import BadFilter
from .journal import Journal
from .requests import fault, parsed_schema, subscription, unsupported_option

_STOP_SECONDS = 3.0
_PULL_SECONDS = 2.0  # an empty pull waits this long for a message

Context = Any  # grpc.aio.ServicerContext, which has no types


class Server:
    """The three services over one broker. Everything runs in one event loop, so the broker needs no lock."""

    def __init__(self, broker: core.Broker, journal: Journal) -> None:
        self._broker = broker
        self._journal = journal
        self._schemas: dict[str, Any] = {}
        self._schemas_by_topic: dict[str, tuple[str, Any]] = {}
        self._topics: dict[str, types.Topic] = {}
        self._subscriptions: dict[str, types.Subscription] = {}
        self._published = asyncio.Condition()
        self.totals = {"published": 0, "pulled": 0, "acknowledged": 0, "owed": 0}
        for kind, request in journal.content.created:
            self._apply(kind, _REQUESTS[kind].pb().FromString(request))
        broker.restore(time.time())
        self.totals["owed"] = broker.owed()

    def _apply(self, kind: str, request: Any) -> None:
        """Apply a request that has been checked: a new one, or one from the journal."""
        if kind == "schema":
            self._schemas[f"{request.parent}/schemas/{request.schema_id}"] = parsed_schema(request)
        elif kind == "topic":
            self._broker.create_topic(request.name)
            self._topics[request.name] = request
            if schema := request.schema_settings.schema:
                self._schemas_by_topic[request.name] = (schema, self._schemas[schema])
        elif kind == "subscription":
            self._broker.create_subscription(subscription(request))
            self._subscriptions[request.name] = request
        else:
            self._broker.delete_subscription(request.subscription)
            del self._subscriptions[request.subscription]

    def _apply_and_record(self, kind: str, request: Any) -> None:
        self._apply(kind, request)
        self._journal.make(kind, request.SerializeToString())

    def handlers(self) -> list[Any]:
        services = {
            "Publisher": [
                ("CreateTopic", self.create_topic, types.Topic),
                ("GetTopic", self.get_topic, types.GetTopicRequest),
                ("Publish", self.publish, types.PublishRequest),
            ],
            "Subscriber": [
                ("CreateSubscription", self.create_subscription, types.Subscription),
                ("GetSubscription", self.get_subscription, types.GetSubscriptionRequest),
                ("DeleteSubscription", self.delete_subscription, types.DeleteSubscriptionRequest),
                ("Pull", self.pull, types.PullRequest),
                ("Acknowledge", self.acknowledge, types.AcknowledgeRequest),
                ("ModifyAckDeadline", self.modify_ack_deadline, types.ModifyAckDeadlineRequest),
            ],
            "SchemaService": [("CreateSchema", self.create_schema, types.CreateSchemaRequest)],
        }
        return [
            grpc.method_handlers_generic_handler(
                f"google.pubsub.v1.{service}",
                {name: _handler(method, request) for name, method, request in methods},  # type: ignore[attr-defined]
            )
            for service, methods in services.items()
        ] + [_NotOffered()]

    async def create_schema(self, request: Any, context: Context) -> Any:
        name = f"{request.parent}/schemas/{request.schema_id}"
        if name in self._schemas:
            await _refuse(context, grpc.StatusCode.ALREADY_EXISTS, f"Schema already exists: {name}")
        try:
            self._apply_and_record("schema", request)
        except (orjson.JSONDecodeError, fastavro.schema.SchemaParseException) as error:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, f"Invalid schema: {error}")
        return types.Schema.pb(
            types.Schema(name=name, type_=request.schema.type_, definition=request.schema.definition)
        )

    async def create_topic(self, request: Any, context: Context) -> Any:
        schema = request.schema_settings.schema
        if schema and schema not in self._schemas:
            await _refuse(context, grpc.StatusCode.NOT_FOUND, f"Schema not found: {schema}")
        try:
            self._apply_and_record("topic", request)
        except core.AlreadyExists:
            await _refuse(context, grpc.StatusCode.ALREADY_EXISTS, f"Topic already exists: {request.name}")
        return request

    async def get_topic(self, request: Any, context: Context) -> Any:
        if request.topic not in self._topics:
            await _refuse(context, grpc.StatusCode.NOT_FOUND, f"Topic not found: {request.topic}")
        return self._topics[request.topic]

    async def publish(self, request: Any, context: Context) -> Any:
        """Publish messages. If one is refused, all are, as in the cloud."""
        if not self._broker.has_topic(request.topic):
            await _refuse(context, grpc.StatusCode.NOT_FOUND, f"Topic not found: {request.topic}")
        schema = self._schemas_by_topic.get(request.topic)
        messages = []
        for message in request.messages:
            attributes = dict(message.attributes)
            if why := fault(message.data, attributes, schema[1] if schema else None):
                await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, why)
            if schema:
                attributes |= {"googclient_schemaencoding": "JSON", "googclient_schemaname": schema[0]}
            messages.append((message.data, attributes))
        ids = self._broker.publish(request.topic, messages, time.time())
        self.totals["published"] += len(ids)
        self.totals["owed"] = self._broker.owed()
        async with self._published:
            self._published.notify_all()
        return types.PublishResponse.pb(types.PublishResponse(message_ids=ids))

    async def create_subscription(self, request: Any, context: Context) -> Any:
        if unknown := unsupported_option(request):
            await _refuse(
                context, grpc.StatusCode.UNIMPLEMENTED, f"This local broker does not do {unknown}. Google's does."
            )
        try:
            self._apply_and_record("subscription", request)
        except BadFilter as error:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, f"Invalid filter: {error}")
        except core.AlreadyExists:
            await _refuse(context, grpc.StatusCode.ALREADY_EXISTS, f"Subscription already exists: {request.name}")
        except core.NotFound as error:
            await _refuse(context, grpc.StatusCode.NOT_FOUND, f"Topic not found: {error}")
        return request

    async def get_subscription(self, request: Any, context: Context) -> Any:
        if request.subscription not in self._subscriptions:
            await _refuse(context, grpc.StatusCode.NOT_FOUND, f"Subscription not found: {request.subscription}")
        return self._subscriptions[request.subscription]

    async def delete_subscription(self, request: Any, context: Context) -> Any:
        await self._or_not_found(context, lambda: self._apply_and_record("no subscription", request))
        return empty_pb2.Empty()

    async def pull(self, request: Any, context: Context) -> Any:
        """Wait a little for a first message, then return what there is."""
        deadline = time.monotonic() + _PULL_SECONDS
        while True:
            deliveries = await self._or_not_found(
                context, lambda: self._broker.pull(request.subscription, request.max_messages or 100, time.time())
            )
            remaining = deadline - time.monotonic()
            if deliveries or remaining <= 0:
                break
            await self._wait_for_publish(min(remaining, 0.2))  # leases expire and back-offs end without a notification
        self.totals["pulled"] += len(deliveries)
        dead_letters = self._subscriptions[request.subscription].HasField("dead_letter_policy")
        response = types.PullResponse.pb()()
        for delivery in deliveries:
            received = response.received_messages.add(ack_id=delivery.ack_id)
            if dead_letters:
                received.delivery_attempt = delivery.attempt
            received.message.data = delivery.message.data
            received.message.message_id = delivery.message.message_id
            received.message.attributes.update(delivery.message.attributes)
            received.message.publish_time.FromNanoseconds(int(delivery.message.publish_time * 1e9))
        return response

    async def acknowledge(self, request: Any, context: Context) -> Any:
        await self._or_not_found(context, lambda: self._broker.acknowledge(request.subscription, list(request.ack_ids)))
        self.totals["acknowledged"] += len(request.ack_ids)
        self.totals["owed"] = self._broker.owed()
        return empty_pb2.Empty()

    async def modify_ack_deadline(self, request: Any, context: Context) -> Any:
        seconds = request.ack_deadline_seconds
        await self._or_not_found(
            context,
            lambda: self._broker.modify_ack_deadline(request.subscription, list(request.ack_ids), seconds, time.time()),
        )
        return empty_pb2.Empty()

    async def _or_not_found(self, context: Context, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except core.NotFound as error:
            return await _refuse(context, grpc.StatusCode.NOT_FOUND, f"Subscription not found: {error}")

    async def _wait_for_publish(self, seconds: float) -> None:
        async with self._published:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._published.wait(), seconds)


_REQUESTS: dict[str, Any] = {
    "schema": types.CreateSchemaRequest,
    "topic": types.Topic,
    "subscription": types.Subscription,
    "no subscription": types.DeleteSubscriptionRequest,
}


class _NotOffered(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Refuses every other call in words. gRPC's own answer, `Method not found!`, would not say what to do instead."""

    def service(self, details: Any) -> Any:
        name = details.method.rpartition("/")[2]
        instead = {"StreamingPull": "Use SubscriberClient.pull, or"}.get(name, "Use")

        async def refuse(requests: Any, context: Context) -> Any:
            words = f"This local broker does not do {name}. {instead} Google's emulator (gcloud beta emulators pubsub)."
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, words)
            yield  # a generator, as grpc wants it

        return grpc.stream_stream_rpc_method_handler(refuse)


def _handler(method: Callable[[Any, Context], Awaitable[Any]], request: Any) -> Any:
    return grpc.unary_unary_rpc_method_handler(
        method,
        request_deserializer=request.pb().FromString,
        response_serializer=lambda response: response.SerializeToString(),
    )


async def _refuse(context: Context, code: grpc.StatusCode, words: str) -> NoReturn:
    await context.abort(code, words)
    raise AssertionError("abort raises")


async def serve(
    host: str, port: int, journal: Journal, *, deliver_twice: bool = False, shuffle: bool = False
) -> tuple[grpc.aio.Server, int, Server]:
    """Start, and return the port that was taken (0 asks for any). Raises OSError if it is in use."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 20_000_000)])
    services = Server(core.Broker(deliver_twice=deliver_twice, shuffle=shuffle, journal=journal), journal)
    for handler in services.handlers():
        server.add_generic_rpc_handlers((handler,))
    try:
        bound_port = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise OSError(f"port {port} of {host} is in use or not allowed") from error
    await server.start()
    return server, bound_port, services


async def _main(arguments: argparse.Namespace) -> None:
    server, port, services = await serve(
        arguments.host,
        arguments.port,
        Journal(arguments.data),
        deliver_twice=arguments.deliver_twice,
        shuffle=arguments.shuffle,
    )
    log.event("ready", "pubsub", port=port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ticker = asyncio.create_task(log.tick("pubsub", services.totals))
    await stop.wait()
    ticker.cancel()
    # seen to hang with waiting pulls, even when cancelled; everything that was answered is in the journal
    end = threading.Timer(_STOP_SECONDS, os._exit, (0,))
    end.daemon = True
    end.start()
    await server.stop(grace=1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m local.emulators.pubsub.server", description="Pub/Sub on this machine."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8085)
    parser.add_argument(
        "--data", type=Path, metavar="FILE", help="keep what is owed there; without it an end forgets it"
    )
    parser.add_argument("--deliver-twice", action="store_true", help="deliver every message twice, as Pub/Sub may")
    parser.add_argument(
        "--shuffle", action="store_true", help="deliver out of order, as Pub/Sub may: up to two seconds late"
    )
    asyncio.run(_main(parser.parse_args()))
