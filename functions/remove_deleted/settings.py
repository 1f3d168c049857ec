"""What the environment says, read once, at start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Settings:
    """One field an environment variable, named alike in lower case; infra/variables.tsv says the same."""

    google_cloud_project: str
    bigquery_dataset: str
    x_api_url: str
    x_bearer_token: str = field(repr=False)
    x_bearer_token_secret: str
    secret_manager_endpoint: str


def read(environ: Mapping[str, str], *, needs_x: bool = True) -> Settings:
    """Raises ConfigurationError, naming the variable and what to set. A person's own request needs no X, and so no token."""
    project = environ.get("GOOGLE_CLOUD_PROJECT", "")
    if not project:
        raise ConfigurationError(
            "GOOGLE_CLOUD_PROJECT is not set, so the tables cannot be named. Set it to your Google Cloud project's id."
        )
    token = environ.get("X_BEARER_TOKEN", "").strip()
    secret = environ.get("X_BEARER_TOKEN_SECRET", "").strip()
    if needs_x and not token and not secret:
        raise ConfigurationError(
            "There is no bearer token for X, so it cannot be asked what was deleted. Set X_BEARER_TOKEN_SECRET to a secret's name "
            "(projects/P/secrets/x-bearer-token), or X_BEARER_TOKEN to the token itself for a run on your own machine."
        )
    url = (environ.get("X_API_URL") or "https://api.x.com").rstrip("/")
    if not is_safe(url):
        raise ConfigurationError(
            f"X_API_URL is '{url}', which would send the token unencrypted. Set it to https://api.x.com."
        )
    return Settings(
        google_cloud_project=project,
        bigquery_dataset=environ.get("BIGQUERY_DATASET") or "twitter",
        x_api_url=url,
        x_bearer_token=token,
        x_bearer_token_secret=secret,
        secret_manager_endpoint=environ.get("SECRET_MANAGER_ENDPOINT", ""),
    )


def is_safe(url: str) -> bool:
    """Return whether requests to the address are encrypted or stay on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1") and "@" not in parts.netloc
    )
