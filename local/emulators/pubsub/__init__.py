"""Pub/Sub on one machine: `broker.py` has the behaviour, `server.py` is Google's gRPC in front of it.

Google's own emulator can take its place (`emulator.py`). The same contract tests run on both.
"""
