"""X's API v2 on one machine: `writer.py` writes posts, `server.py` serves rules, stream and searches over real HTTP."""
