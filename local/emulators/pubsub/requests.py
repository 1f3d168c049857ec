"""Reads what the requests of Pub/Sub's clients ask for, and says what is wrong with it. Pure."""

from typing import Any

import fastavro
import orjson

from . import broker as core
from .filters import parse

_ATTRIBUTE_BYTES = 1_024  # of a value; 256 of a key: https://cloud.google.com/pubsub/quotas#resource_limits


def unsupported_option(request: Any) -> str:
    """Return what a subscription asks for and this broker would only pretend to do; '' if nothing."""
    unsupported = {
        "ordered delivery (enable_message_ordering)": request.enable_message_ordering,
        "exactly-once delivery (enable_exactly_once_delivery)": request.enable_exactly_once_delivery,
        "push subscriptions (push_config)": request.HasField("push_config") and request.push_config.push_endpoint,
        "BigQuery subscriptions (bigquery_config)": request.HasField("bigquery_config"),
        "Cloud Storage subscriptions (cloud_storage_config)": request.HasField("cloud_storage_config"),
        "keeping acknowledged messages (retain_acked_messages)": request.retain_acked_messages,
    }
    return next((what for what, is_set in unsupported.items() if is_set), "")


def fault(data: bytes, attributes: dict[str, str], schema: Any) -> str | None:
    if not data and not attributes:
        return "A message needs data or at least one attribute"
    if any(len(k.encode()) > 256 or len(v.encode()) > _ATTRIBUTE_BYTES for k, v in attributes.items()):
        return "An attribute's key may have 256 bytes and its value 1024"
    if schema is None:
        return None
    try:
        fastavro.validation.validate(orjson.loads(data), schema, strict=False)
    except (orjson.JSONDecodeError, fastavro.validation.ValidationError) as error:
        return f"Invalid data in message: Message failed schema validation: {error}"
    return None


def parsed_schema(request: Any) -> Any:
    return fastavro.parse_schema(orjson.loads(request.schema.definition))


def subscription(request: Any) -> core.Subscription:
    dead = request.dead_letter_policy
    retry = request.retry_policy
    return core.Subscription(
        name=request.name,
        topic=request.topic,
        lets_through=parse(request.filter),
        ack_deadline=request.ack_deadline_seconds or 10,
        backoff=(_seconds(retry.minimum_backoff), _seconds(retry.maximum_backoff))
        if request.HasField("retry_policy")
        else (0.0, 0.0),
        dead_letter=core.DeadLetter(dead.dead_letter_topic, dead.max_delivery_attempts or 5)
        if dead.dead_letter_topic
        else None,
    )


def _seconds(duration: Any) -> float:
    return float(duration.seconds + duration.nanos / 1e9)
