"""Clients for whichever Pub/Sub runs here: our broker or Google's emulator, both without TLS and without credentials."""

import grpc
from google.pubsub_v1 import PublisherClient, SchemaServiceClient, SubscriberAsyncClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.schema_service.transports import SchemaServiceGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcAsyncIOTransport, SubscriberGrpcTransport

_OPTIONS = [("grpc.max_receive_message_length", 20_000_000)]


def publisher(host: str) -> PublisherClient:
    """Google's plain client: one call a publish, no batching."""
    return PublisherClient(transport=PublisherGrpcTransport(channel=grpc.insecure_channel(host, _OPTIONS)))


def subscriber(host: str) -> SubscriberClient:
    return SubscriberClient(transport=SubscriberGrpcTransport(channel=grpc.insecure_channel(host, _OPTIONS)))


def schemas(host: str) -> SchemaServiceClient:
    return SchemaServiceClient(transport=SchemaServiceGrpcTransport(channel=grpc.insecure_channel(host, _OPTIONS)))


def async_subscriber(host: str) -> SubscriberAsyncClient:
    """Must be made inside a running event loop."""
    return SubscriberAsyncClient(
        transport=SubscriberGrpcAsyncIOTransport(channel=grpc.aio.insecure_channel(host, _OPTIONS))
    )
