"""The dataset's labels: which are deploy.sh's own, and the statement that sets them and keeps everybody else's.

python3 infra/deploy/dataset_labels.py read FILE < what `bq show` prints     "config~region~location~adopted"; FILE gets all labels
python3 infra/deploy/dataset_labels.py set FILE [config=C] [region=R] [adopted=true]     the statement; without config own are taken off

APP, LABELS, GOOGLE_CLOUD_PROJECT and BIGQUERY_DATASET come from the environment. Standard library only: it runs on whatever Python the
deployer's machine has.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

OWN = ("app", "config", "region", "adopted")


def read(shown: Mapping[str, Any], app: str) -> tuple[str, str, str, str]:
    """Return config, region, location and adopted. Without our `app`, somebody else made the dataset: config and region are empty."""
    labels, location = shown.get("labels") or {}, str(shown.get("location", ""))
    if labels.get("app") != app:
        return "", "", location, ""
    # `up` marks the dataset with config at its end, and with app when it makes it: without config it was interrupted
    return labels.get("config") or "begun", labels.get("region", ""), location, labels.get("adopted", "")


def statement(environ: Mapping[str, str], current: Mapping[str, str], own: Mapping[str, str]) -> str:
    """Set `own` and LABELS, and keep what others have put there: the statement replaces all labels of a dataset."""
    kept = {name: value for name, value in current.items() if name not in OWN}
    if own:
        own_labels = environ.get("LABELS", "").replace(",", " ").split()
        kept = {"app": environ["APP"], **own} | kept | dict(pair.split("=", 1) for pair in own_labels)
    pairs = ", ".join(f"({json.dumps(name)}, {json.dumps(value)})" for name, value in kept.items())
    where = f"{environ['GOOGLE_CLOUD_PROJECT']}.{environ['BIGQUERY_DATASET']}"
    return f"ALTER SCHEMA `{where}` SET OPTIONS (labels = [{pairs}]);"


def main(command: str, file: Path, pairs: Sequence[str]) -> None:
    if command == "read":
        shown = json.load(sys.stdin)
        file.write_text(json.dumps(shown.get("labels") or {}), encoding="utf-8")
        print("~".join(read(shown, os.environ["APP"])))
    else:
        current = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        print(statement(os.environ, current, dict(pair.split("=", 1) for pair in pairs)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
