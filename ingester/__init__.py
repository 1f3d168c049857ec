"""Cloud Run job: holds X's filtered stream and publishes every post to Pub/Sub, byte for byte.

    python -m ingester stream

`wire.py` builds the parts, and `run.py` gives them the real world. `startup.py` and `connection_loop.py` decide: connect, hold, account
for the gap, try again. Each part of the outside world has a folder: `x/` (X's API), `ledger/` (the table ingester_events), `backfill/`
(search and replays), `pubsub/`.
"""
