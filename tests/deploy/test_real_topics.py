"""Two topics in one project, with the real gcloud and bq: each command sees and touches its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.deploy.cloud import Ran, cloud, copy_of_tree, missing_tools
from tests.support.tiers import needs

pytestmark = [
    needs("gcloud", missing_tools() is None, f"{missing_tools()}, and deploy.sh cannot be run for real"),
    pytest.mark.slow,
    pytest.mark.timeout(900),
]
CLIMATE: dict[str, Any] = {"APP_NAME": "climate", "ALERT_CHANNELS": "b@example.com", "LABELS": "team=music"}


def of_others(ran: Ran) -> list[str]:
    """Return the requests that deleted something without the name climate in it; alerts and channels have only numbers."""
    return [
        r["path"]
        for r in ran.writes
        if r["method"] == "DELETE" and r["api"] != "monitoring" and "climate" not in r["path"]
    ]


def test_two_topics_stand_side_by_side(tmp_path: Path) -> None:
    tree = copy_of_tree(tmp_path / "tree")
    with cloud(tmp_path) as google:
        first = google.deploy("up", "--yes", tree=tree)
        assert first.code == 0, first.said
        second = google.deploy("up", "--yes", tree=tree, **CLIMATE)
        assert second.code == 0, second.said
        for api in ("pubsub", "run", "cloudfunctions", "storage", "artifactregistry", "secretmanager", "bigquery"):
            carried = [r for r in second.of(api) if "music" in json.dumps(r["body"])]
            assert carried, f"{api}: labels of one's own"
        for settings in (dict[str, Any](), CLIMATE):
            plan = google.deploy("plan", tree=tree, **settings)
            assert "0 to make, 0 to change" in plan.said, plan.said
            assert plan.writes == []
        assert google.ask("SELECT COUNT(*) AS n FROM climate.tweets") == [{"n": "0"}]
        gone = google.deploy("destroy", "--all", "--yes", tree=tree, **CLIMATE)
        assert gone.code == 0, gone.said
        assert of_others(gone) == []
        assert "Nothing is left." in gone.said
        alerts = [r["path"] for r in gone.writes if r["method"] == "DELETE" and "alertPolicies" in r["path"]]
        own = [r for r in second.of("monitoring", "POST", path="alertPolicies") if r["status"] == 200]
        assert len(alerts) == len(own) == 8
        assert {json.dumps(r["body"]).count('"app": "climate"') for r in own} == {1}
        plan = google.deploy("plan", tree=tree)
        assert "0 to make, 0 to change" in plan.said, plan.said
