"""What the environment says, read once, at start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Settings:
    """One field an environment variable, named alike in lower case; infra/variables.tsv says the same."""

    google_cloud_project: str
    pubsub_topic: str
    pubsub_dead_topic: str
    bigquery_dataset: str
    x_api_url: str
    x_bearer_token: str = field(repr=False)
    x_bearer_token_secret: str
    secret_manager_endpoint: str
    expand_authors: bool
    expand_referenced: bool
    max_posts_per_day: int  # UTC; 0: no limit
    max_posts_per_month: int

    @property
    def topic_path(self) -> str:
        return f"projects/{self.google_cloud_project}/topics/{self.pubsub_topic}"

    @property
    def dead_topic_path(self) -> str:
        return f"projects/{self.google_cloud_project}/topics/{self.pubsub_dead_topic}"


def read(environ: Mapping[str, str], *, needs_x: bool = True) -> Settings:
    """Read the environment. Replays need no token. Raises ConfigurationError, which names the variable and what to set."""
    project = environ.get("GOOGLE_CLOUD_PROJECT", "")
    if not project:
        raise ConfigurationError(
            "GOOGLE_CLOUD_PROJECT is not set, so the topic cannot be named. Set it to your Google Cloud project's id."
        )
    token = environ.get("X_BEARER_TOKEN", "").strip()
    secret = environ.get("X_BEARER_TOKEN_SECRET", "").strip()
    if needs_x and not token and not secret:
        raise ConfigurationError(
            "There is no bearer token for X. Set X_BEARER_TOKEN_SECRET to a secret's name (projects/P/secrets/x-bearer-token), "
            "or X_BEARER_TOKEN to the token itself for a run on your own machine."
        )
    url = environ.get("X_API_URL") or "https://api.x.com"
    if not _is_safe(url):
        raise ConfigurationError(
            f"X_API_URL is '{url}', which would send the token unencrypted. Set it to https://api.x.com."
        )
    return Settings(
        google_cloud_project=project,
        pubsub_topic=environ.get("PUBSUB_TOPIC") or "tweets",
        pubsub_dead_topic=environ.get("PUBSUB_DEAD_TOPIC") or "tweets-dead",
        bigquery_dataset=environ.get("BIGQUERY_DATASET") or "twitter",
        x_api_url=url.rstrip("/"),
        x_bearer_token=token,
        x_bearer_token_secret=secret,
        secret_manager_endpoint=environ.get("SECRET_MANAGER_ENDPOINT", ""),
        expand_authors=_boolean(environ, "EXPAND_AUTHORS", default=True),
        expand_referenced=_boolean(environ, "EXPAND_REFERENCED", default=True),
        max_posts_per_day=_count(environ, "MAX_POSTS_PER_DAY", 1_000),
        max_posts_per_month=_count(environ, "MAX_POSTS_PER_MONTH", 20_000),
    )


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1") and "@" not in parts.netloc
    )


def _boolean(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = environ.get(name, "").strip().lower()
    if value in ("", "true", "false"):
        return value == "true" if value else default
    raise ConfigurationError(
        f"{name} is '{value}', and only true or false can be meant. Set {name}=true or {name}=false."
    )


def _count(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name, "").strip().replace("_", "").replace(",", "")
    if not value:
        return default
    if value.isascii() and value.isdigit():
        return int(value)
    raise ConfigurationError(f"{name} is '{value}', and a number of posts is meant. Set it to one; 0 is no limit.")
