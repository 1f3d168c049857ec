"""What the environment says, read once, at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from runtime import bearer_token, environment
from runtime.bearer_token import SecretSource


@dataclass(frozen=True, slots=True)
class Settings:
    """Fields are named like their variables, in lower case; infra/variables.tsv lists the same."""

    google_cloud_project: str
    pubsub_topic: str
    pubsub_dead_topic: str
    bigquery_dataset: str
    x_api_url: str
    secret: SecretSource  # X_BEARER_TOKEN, X_BEARER_TOKEN_SECRET, SECRET_MANAGER_ENDPOINT
    expand_authors: bool
    expand_referenced: bool
    max_posts_per_day: int  # UTC; 0: no limit
    max_posts_per_month: int
    refresh_after: tuple[timedelta, ...] = ()  # ages at which posts are read again; none: never
    refresh_share: float = 1.0
    refresh_max_per_day: int = 100  # UTC

    @property
    def topic_path(self) -> str:
        return f"projects/{self.google_cloud_project}/topics/{self.pubsub_topic}"

    @property
    def dead_topic_path(self) -> str:
        return f"projects/{self.google_cloud_project}/topics/{self.pubsub_dead_topic}"


def read(environ: Mapping[str, str], *, needs_x: bool = True) -> Settings:
    """Read the environment. Replays need no token. Raises ConfigurationError, which names the variable and what to set."""
    return Settings(
        google_cloud_project=environment.project(environ),
        pubsub_topic=environ.get("PUBSUB_TOPIC") or "tweets",
        pubsub_dead_topic=environ.get("PUBSUB_DEAD_TOPIC") or "tweets-dead",
        bigquery_dataset=environment.dataset(environ),
        x_api_url=environment.x_api_url(environ),
        secret=bearer_token.source(environ, required=needs_x),
        expand_authors=environment.boolean(environ, "EXPAND_AUTHORS", default=True),
        expand_referenced=environment.boolean(environ, "EXPAND_REFERENCED", default=True),
        max_posts_per_day=environment.count(environ, "MAX_POSTS_PER_DAY", 1_000),
        max_posts_per_month=environment.count(environ, "MAX_POSTS_PER_MONTH", 20_000),
        refresh_after=environment.ages(environ, "REFRESH_AFTER"),
        refresh_share=environment.share(environ, "REFRESH_SHARE"),
        refresh_max_per_day=environment.count(environ, "REFRESH_MAX_PER_DAY", 100),
    )
