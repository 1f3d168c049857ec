"""Pub/Sub on one machine: `broker.py` is the behaviour, `server.py` puts Google's gRPC in front of it.

Google's own emulator can take its place (`emulator.py`); one set of contract tests runs on both.
"""
