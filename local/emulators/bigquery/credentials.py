"""A throw-away service account, so that our parts run with the credentials code that they run with in the cloud."""

import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def write(path: Path, token_uri: str) -> None:
    """The file for GOOGLE_APPLICATION_CREDENTIALS; its key opens nothing but the local stand-ins."""
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
