"""A throw-away service account, so that our parts use the same credentials code as in the cloud."""

import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def write(path: Path, token_uri: str) -> None:
    """Write the file for GOOGLE_APPLICATION_CREDENTIALS. Its key opens nothing but the local emulators."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    account = {
        "type": "service_account",
        "project_id": "local",
        "private_key_id": "local",
        "private_key": pem.decode(),
        "client_email": "local@local.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(account))
