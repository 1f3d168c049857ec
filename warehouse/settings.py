"""Which tables are filled, and with which posts: what the environment says, read once, at start."""

from collections.abc import Mapping
from dataclasses import dataclass

from posts import languages
from posts.filter import Filter
from posts.keywords import Keywords
from posts.sentiment import CHOICES
from runtime import environment
from runtime.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Settings:
    """One field an environment variable, named alike in lower case; infra/variables.tsv says the same."""

    google_cloud_project: str
    bigquery_dataset: str
    languages: frozenset[str]  # codes as posts/languages.py compares them; empty keeps all
    keep_retweets: bool
    sentiment: str = CHOICES[0]

    def filter(self, keywords: Keywords) -> Filter:
        """Return the filter that these settings and a keywords file make."""
        return Filter(keywords, self.languages, self.keep_retweets)


def read(environ: Mapping[str, str]) -> Settings:
    """Raises ConfigurationError, naming the variable and what to set."""
    try:
        codes = languages.chosen(environ.get("LANGUAGES", ""))
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    return Settings(
        google_cloud_project=environment.project(environ),
        bigquery_dataset=environment.dataset(environ),
        languages=codes,
        keep_retweets=environment.boolean(environ, "KEEP_RETWEETS", default=True),
        sentiment=environment.choice(environ, "SENTIMENT", CHOICES),
    )
