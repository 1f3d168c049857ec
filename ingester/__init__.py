"""Cloud Run job: holds X's filtered stream and publishes every post to Pub/Sub, byte for byte.

    python -m ingester stream

`stream.py` is the whole way of a post; `policy.py` says what follows when a connection ends.
"""
