"""Makes the schema, the topics and the subscriptions with the settings that deploy.sh gives them in the cloud."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from google.api_core.exceptions import AlreadyExists
from google.protobuf.duration_pb2 import Duration
from google.pubsub_v1 import types

from . import client

INFRA = Path(__file__).parents[3] / "infra" / "pubsub"
SECONDS = 10.0  # deadline of each call

TOPIC = "tweets"
DEAD_TOPIC = "tweets-dead"
FUNCTION = "eventarc-load-tweet"  # in the cloud Eventarc chooses the name
ARCHIVE = "tweets-archive"
DEAD_REJECTED = "tweets-dead-rejected"
NO_REPLAYS = 'NOT attributes.source = "archive" AND NOT attributes.source = "rejected"'
MAX_DELIVERY_ATTEMPTS = 20


def create(host: str, project: str, *, first_backoff: float = 1.0, ack_scale: float = 1.0) -> None:
    """Make what does not exist yet. `first_backoff` is in seconds: 10 in the cloud, shorter here so that nobody waits.

    `ack_scale` shortens the ack deadlines, which Google keeps to whole seconds.
    """
    base = f"projects/{project}"
    definition = (INFRA / "tweet.avsc").read_text()
    schema = types.Schema(type_=types.Schema.Type.AVRO, definition=definition)
    schemas, publisher, subscriber = client.schemas(host), client.publisher(host), client.subscriber(host)
    settings = types.SchemaSettings(schema=f"{base}/schemas/tweet", encoding=types.Encoding.JSON)
    dead_letter = types.DeadLetterPolicy(
        dead_letter_topic=f"{base}/topics/{DEAD_TOPIC}", max_delivery_attempts=MAX_DELIVERY_ATTEMPTS
    )
    retry = types.RetryPolicy(minimum_backoff=_duration(first_backoff), maximum_backoff=_duration(600))

    def topic(name: str, **more: object) -> None:
        _once(
            lambda: publisher.create_topic(
                types.Topic(name=f"{base}/topics/{name}", **more), retry=None, timeout=SECONDS
            )
        )

    def subscription(name: str, topic: str, **more: object) -> None:
        request = types.Subscription(
            name=f"{base}/subscriptions/{name}", topic=f"{base}/topics/{topic}", retry_policy=retry, **more
        )
        _once(lambda: subscriber.create_subscription(request, retry=None, timeout=SECONDS))

    _once(lambda: schemas.create_schema(parent=base, schema=schema, schema_id="tweet", retry=None, timeout=SECONDS))
    topic(TOPIC, schema_settings=settings)
    topic(DEAD_TOPIC)
    subscription(FUNCTION, TOPIC, ack_deadline_seconds=round(120 * ack_scale), dead_letter_policy=dead_letter)
    subscription(
        ARCHIVE, TOPIC, ack_deadline_seconds=round(60 * ack_scale), filter=NO_REPLAYS, dead_letter_policy=dead_letter
    )
    subscription(DEAD_REJECTED, DEAD_TOPIC, ack_deadline_seconds=round(60 * ack_scale))


def _once(create_it: Callable[[], object]) -> None:
    with suppress(AlreadyExists):
        create_it()


def _duration(seconds: float) -> Duration:
    return Duration(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))
