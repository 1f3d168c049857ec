"""X's API v2 on one machine: `posts.py` writes posts, `server.py` serves rules and the filtered stream over real HTTP."""
