"""The command that scores stored posts again, on the real engine."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from dataflow import cli

NOW = datetime.now(UTC)
DAY = (NOW - timedelta(days=3)).replace(hour=12, minute=0, second=0, microsecond=0)
SECONDS = 30


def row(number: int, text: str | None, lang: str | None, **more: Any) -> dict[str, Any]:
    at = DAY + timedelta(hours=number)
    common = {"id": str(number), "text": text, "lang": lang, "source": "stream", "payload": f'{{"n": {number}}}'}
    times = {
        "created_at": f"{at:%Y-%m-%dT%H:%M:%S}",
        "received_at": at.isoformat(),
        "loaded_at": (at + timedelta(seconds=5)).isoformat(),
    }
    return {**common, **times, **more}


ROWS = [
    row(1, "I love this wonderful song", "en", sentiment=0.9, retweet_count=7),  # as earlier versions stored it
    row(2, "Ich hasse dieses furchtbare Lied", "de"),
    row(3, "मुझे यह पसंद है", "hi"),
    row(4, "2024 🎉", "en"),
    row(30, "What an awful show, terrible", "en", sentiment=-0.7, sentiment_model="vader-3.3.2"),
    row(5, "Was für ein wunderbares Lied", "de"),
    row(5, "Was für ein wunderbares Lied", None, source="import"),  # another version, whose file names no language
]
# in the streaming buffer: BigQuery refuses a statement that would change one of them
FRESH = [
    row(31, "Too fresh to be changed, awful", "en", loaded_at=NOW.isoformat()),
    row(1, "I love this wonderful song", "en", loaded_at=NOW.isoformat(), source="refresh"),
]
MODEL = "use3-vader-1"


@pytest.fixture
def place(client: bigquery.Client, dataset: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "local")
    monkeypatch.setenv("BIGQUERY_DATASET", dataset)
    monkeypatch.delenv("COLUMNS", raising=False)
    table = f"local.{dataset}.tweet_versions"
    client.load_table_from_json(ROWS, table, timeout=SECONDS).result(timeout=SECONDS)
    assert client.insert_rows_json(table, FRESH, timeout=SECONDS) == []
    return dataset


def stored(client: bigquery.Client, dataset: str) -> dict[str, dict[str, Any]]:
    rows = client.query(f"SELECT * EXCEPT (payload) FROM `local.{dataset}.tweet_versions`", timeout=SECONDS).result(
        timeout=SECONDS
    )
    return {f"{one['id']} {one['source']}": dict(one) for one in rows}


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataflow.scores._AT_ONCE", 2)


def run(*arguments: str) -> int:
    return cli.main(["scores", "--from", f"{DAY:%Y-%m-%dT%H:%M}", *arguments, "--sentiment", "multilingual", "--yes"])


def test_posts_are_scored_by_the_wanted_model_and_nothing_else_is_changed(
    client: bigquery.Client, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stored(client, place)
    assert run() == 0
    after = stored(client, place)
    scores = {name.removesuffix(" stream"): (one["sentiment"], one["sentiment_model"]) for name, one in after.items()}
    assert scores["1"][0] > 0.3 > -0.05 > scores["2"][0]
    assert -0.05 > scores["30"][0] != -0.7
    assert [scores[name][1] for name in ("1", "2", "30")] == [MODEL] * 3
    assert scores["3"] == (None, None), "a language that the model does not know"
    assert scores["4"] == (None, MODEL), "no word"
    assert scores["31"] == scores["1 refresh"] == (None, None), "in the streaming buffer"
    assert scores["5"][0] > 0.05
    assert scores["5 import"] == (None, None), "no language"
    for name, one in after.items():
        same = {column: value for column, value in one.items() if not column.startswith("sentiment")}
        assert same == {column: value for column, value in before[name].items() if not column.startswith("sentiment")}
    assert "5 posts on 2 days are to be scored by use3-vader-1" in capsys.readouterr().err
    assert run() == 0
    assert "Nothing to score" in capsys.readouterr().err


def test_a_dry_run_and_a_range_change_no_more_than_they_say(
    client: bigquery.Client, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--dry-run") == 0
    assert "CPU minute" in capsys.readouterr().err
    assert stored(client, place)["2 stream"]["sentiment_model"] is None
    assert run("--to", f"{DAY + timedelta(hours=10):%Y-%m-%dT%H:%M}") == 0
    scored = stored(client, place)
    assert scored["2 stream"]["sentiment_model"] == MODEL
    assert scored["30 stream"]["sentiment_model"] == "vader-3.3.2"


def test_off_takes_the_scores_away(client: bigquery.Client, place: str) -> None:
    assert run() == 0
    assert cli.main(["scores", "--from", f"{DAY:%Y-%m-%d}", "--sentiment", "off", "--yes"]) == 0
    left = {(one["sentiment"], one["sentiment_model"]) for one in stored(client, place).values()}
    assert left == {(None, None)}


def test_no_table_of_scores_is_left_behind(client: bigquery.Client, place: str) -> None:
    assert run() == 0
    assert not [
        one.table_id for one in client.list_tables(f"local.{place}", timeout=SECONDS) if "scores" in one.table_id
    ]


def test_a_mistyped_option_is_refused_before_anything_is_written(
    client: bigquery.Client, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--untill", "2026-01-02") == 2
    assert "--untill" in capsys.readouterr().err
    assert stored(client, place)["2 stream"]["sentiment_model"] is None


def test_an_empty_range_is_named(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--to", "2020-01-01") == 2
    assert "is not before --to" in capsys.readouterr().err
