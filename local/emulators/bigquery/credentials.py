"""Credentials that open nothing but the local emulators, and for which nothing is looked up anywhere.

A made-up service account would do too, but Google's library asks Google about each one that it meets, and signs a request for a token.
A user's token that is valid for ever is simply sent.
"""

import json
from pathlib import Path


def write(path: Path) -> None:
    """Write the file for GOOGLE_APPLICATION_CREDENTIALS."""
    user = {
        "type": "authorized_user",
        "client_id": "local",
        "client_secret": "local",
        "refresh_token": "local",
        "token": "local",
        "expiry": "9999-01-01T00:00:00Z",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(user))
