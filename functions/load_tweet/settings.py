"""What the environment says, read once, at start."""

from collections.abc import Mapping
from dataclasses import dataclass

from . import languages
from .errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Settings:
    """One field an environment variable, named alike in lower case; infra/variables.tsv says the same."""

    google_cloud_project: str
    bigquery_dataset: str
    languages: frozenset[str]  # codes as languages.py compares them; empty keeps all
    keep_retweets: bool


def read(environ: Mapping[str, str]) -> Settings:
    """Raises ConfigurationError, naming the variable and what to set."""
    project = environ.get("GOOGLE_CLOUD_PROJECT", "")
    if not project:
        raise ConfigurationError(
            "GOOGLE_CLOUD_PROJECT is not set, so the tables cannot be named. Set it to your Google Cloud project's id."
        )
    return Settings(
        google_cloud_project=project,
        bigquery_dataset=environ.get("BIGQUERY_DATASET") or "twitter",
        languages=_languages(environ.get("LANGUAGES", "")),
        keep_retweets=_boolean(environ, "KEEP_RETWEETS", default=True),
    )


def _languages(value: str) -> frozenset[str]:
    try:
        return languages.chosen(value)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _boolean(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = environ.get(name, "").strip().lower()
    if value in ("", "true", "false"):
        return value == "true" if value else default
    raise ConfigurationError(
        f"{name} is '{value}', and only true or false can be meant. Set {name}=true or {name}=false."
    )
