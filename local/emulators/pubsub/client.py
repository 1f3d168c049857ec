"""Clients for the Pub/Sub that runs here, our broker or Google's emulator. Both use neither TLS nor credentials."""

import grpc
from google.pubsub_v1 import PublisherClient, SchemaServiceClient, SubscriberAsyncClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.schema_service.transports import SchemaServiceGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcAsyncIOTransport, SubscriberGrpcTransport

_OPTIONS = [("grpc.max_receive_message_length", 20_000_000)]


def publisher(host: str) -> PublisherClient:
    """Return Google's low-level client: one call a publish, no batching."""
    return PublisherClient(transport=PublisherGrpcTransport(channel=grpc.insecure_channel(host, _OPTIONS)))


def subscriber(host: str) -> SubscriberClient:
    return SubscriberClient(transport=SubscriberGrpcTransport(channel=grpc.insecure_channel(host, _OPTIONS)))


def schemas(host: str) -> SchemaServiceClient:
    return SchemaServiceClient(transport=SchemaServiceGrpcTransport(channel=grpc.insecure_channel(host, _OPTIONS)))


def async_subscriber(host: str) -> SubscriberAsyncClient:
    """Return a subscriber. Call this inside a running event loop."""
    return SubscriberAsyncClient(
        transport=SubscriberGrpcAsyncIOTransport(channel=grpc.aio.insecure_channel(host, _OPTIONS))
    )
