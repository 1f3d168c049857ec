"""What the environment says of the reports, read once; BigQuery's client reads Google's own variables itself."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

_PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION: str = _PROJECT["version"]


@dataclass(frozen=True, slots=True)
class Settings:
    """One field an environment variable, named alike in lower case."""

    google_cloud_project: str  # '' where it is not set: the client may know it from the login
    bigquery_dataset: str


def read() -> Settings:
    return Settings(os.environ.get("GOOGLE_CLOUD_PROJECT", ""), os.environ.get("BIGQUERY_DATASET") or "twitter")
