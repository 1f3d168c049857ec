"""What the environment says, read once, at start."""

from collections.abc import Mapping
from dataclasses import dataclass

from runtime import bearer_token, environment
from runtime.bearer_token import SecretSource


@dataclass(frozen=True, slots=True)
class Settings:
    """Fields are named like their variables, in lower case; infra/variables.tsv lists the same."""

    google_cloud_project: str
    bigquery_dataset: str
    x_api_url: str
    secret: SecretSource  # X_BEARER_TOKEN, X_BEARER_TOKEN_SECRET, SECRET_MANAGER_ENDPOINT


def read(environ: Mapping[str, str], *, needs_x: bool = True) -> Settings:
    """Raises ConfigurationError, naming the variable and what to set. A person's own request needs no X, and so no token."""
    return Settings(
        google_cloud_project=environment.project(environ),
        bigquery_dataset=environment.dataset(environ),
        x_api_url=environment.x_api_url(environ),
        secret=bearer_token.source(environ, required=needs_x),
    )
