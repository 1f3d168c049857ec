"""python -m functions.load_tweet.filter, as a person runs it."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.cloud import bigquery

from functions.load_tweet.filter.what_if import compare
from posts.filter import Filter
from posts.keywords import parse_keywords
from tests.support import ROOT
from warehouse.settings import Settings

pytestmark = pytest.mark.process_per_case

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SETTINGS = Settings("p", "d", frozenset(), keep_retweets=True)


MUSIC = ROOT / "functions" / "load_tweet" / "keywords.music.txt"


def run(*arguments: str | Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "functions.load_tweet.filter", *("--keywords", MUSIC), *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def explain(stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "functions.load_tweet.filter", "--explain", "--json"]
    return subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, timeout=60, check=False)


def test_a_byte_order_mark_is_no_part_of_the_first_post() -> None:
    told = explain(b'\xef\xbb\xbf{"id": "1", "text": "music"}\n')
    assert json.loads(told.stdout)["id"] == "1"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_input_is_refused_with_a_hint_to_save_it_as_utf_8(encoding: str) -> None:
    told = explain('{"id": "1", "text": "music"}\n'.encode(encoding))
    assert told.returncode == 2
    assert told.stderr.decode() == "The input is UTF-16 and not UTF-8, so no post can be read. Save it as UTF-8.\n"


def message(post_id: int, text: str, author: int = 1) -> str:
    return json.dumps(
        {
            "data": {"id": str(post_id), "text": text, "author_id": str(author)},
            "includes": {"users": [{"id": str(author), "username": f"user{author}"}]},
        }
    )


FORMS = {
    "X's message": message(1, "Great Music"),
    "X's post": '{"id": "1", "text": "Great Music"}',
    "a message of the topic": json.dumps({"id": "1", "payload": message(1, "Great Music"), "source": "stream"}),
    "a row with the payload as JSON": json.dumps({"id": "1", "payload": json.loads(message(1, "Great Music"))}),
    "a text": "Great Music",
}


@pytest.mark.parametrize("line", FORMS.values(), ids=FORMS.keys())
def test_each_form_of_a_post_is_explained(line: str) -> None:
    told = run("--explain", "--json", stdin=line + "\n")
    assert told.returncode == 0, told.stderr
    explained = json.loads(told.stdout)
    assert (explained["kept"], explained["keywords"], explained["reason"]) == (True, ["music"], None)
    assert "1 kept, 0 dropped, 0 unreadable" in told.stderr


def test_each_post_is_told_which_keyword_decided(tmp_path: Path) -> None:
    (tmp_path / "k.txt").write_text('music\n-"cover band"\n')
    posts = "\n".join([message(1, "music!"), message(2, "weather"), message(3, "music by a cover band")])
    told = run("--explain", "--keywords", tmp_path / "k.txt", stdin=posts)
    assert [line.split("  ")[0] for line in told.stdout.splitlines()] == [
        "kept by music",
        "dropped: no_keyword",
        'dropped: excluded by -"cover band"',
    ]


def test_explain_applies_the_language_setting() -> None:
    told = run("--explain", "--json", stdin='{"id": "1", "text": "music", "lang": "de"}\n', LANGUAGES="en")
    assert json.loads(told.stdout)["reason"] == "language"


def test_explain_prints_no_control_characters_from_a_post() -> None:
    told = run("--explain", stdin=json.dumps({"id": "1", "text": "music \x1b[2J\x07\u202egnp.exe"}) + "\n")
    assert not set("\x1b\x07\u202e") & set(told.stdout)


def test_a_line_that_holds_no_post_is_named_and_the_rest_goes_on() -> None:
    told = run("--explain", stdin="{broken\nmusic\n")
    assert told.returncode == 1
    assert "kept by music" in told.stdout
    assert "The line begins like JSON and is none" in told.stderr
    assert "Traceback" not in told.stderr


MISTAKES = {
    "no such file": (["--what-if", "nowhere.txt"], "There is no file nowhere.txt"),
    "neither": ([], "one of the arguments --explain --what-if is required"),
    "no project": (["--what-if", "functions/load_tweet/keywords.txt"], "GOOGLE_CLOUD_PROJECT is not set"),
}


@pytest.mark.parametrize(("arguments", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_an_error_is_explained_without_a_traceback(arguments: list[str], words: str) -> None:
    told = run(*arguments, GOOGLE_CLOUD_PROJECT="")
    assert told.returncode == 2
    assert words in told.stderr
    assert "Traceback" not in told.stderr


def test_what_if_counts_posts_and_dollars() -> None:
    posts = [
        (message(1, "music", author=1), NOW),
        (message(2, "song", author=1), NOW),
        (message(3, "song", author=2), NOW + timedelta(days=1)),
        (message(4, "weather", author=3), NOW),
        ('{"errors": []}', NOW),
    ]
    found = compare(posts, Filter(parse_keywords("music\nsong")), Filter(parse_keywords("music\nweather")))
    assert (found.posts, found.unreadable, found.now.kept, found.then.kept) == (4, 1, 3, 2)
    assert (found.lost, found.won) == (2, 1)
    assert found.then.alone == {"music": 1, "weather": 1}
    assert found.saved_dollars() == (2 * 0.005, 1 * 0.010)  # the author of post 3 wrote nothing that is kept that day


def test_what_if_over_the_archive(client: bigquery.Client, dataset: str, tmp_path: Path) -> None:
    received = datetime.now(UTC) - timedelta(hours=1)
    rows = [
        {"id": str(n), "payload": message(n, text), "received_at": received.isoformat(), "source": source}
        for n, text, source in [
            (1, "music", "stream"),
            (1, "music", "stream"),
            (2, "weather", "search"),
            (3, "music", "doctor"),
        ]
    ]
    assert client.insert_rows_json(f"local.{dataset}.archive", rows) == []
    (tmp_path / "new.txt").write_text("weather\n")
    told = run("--what-if", tmp_path / "new.txt", GOOGLE_CLOUD_PROJECT="local", BIGQUERY_DATASET=dataset)
    assert told.returncode == 0, told.stderr
    assert "X delivered 2 posts ($0.01, without authors)" in told.stdout
    assert "Kept now and no longer: 1. Kept only then: 1." in told.stdout
    assert "  (weather)" in told.stdout


@pytest.mark.slow
def test_what_if_without_bigquery_says_what_to_look_at(google_credentials: Path) -> None:
    nobody = {"BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:9", "GOOGLE_CLOUD_PROJECT": "local"}
    told = run(
        "--what-if",
        "functions/load_tweet/keywords.txt",
        **nobody,
        GOOGLE_APPLICATION_CREDENTIALS=str(google_credentials),
    )
    assert told.returncode == 1
    assert "BigQuery did not give the archive" in told.stderr
    assert "Traceback" not in told.stderr
