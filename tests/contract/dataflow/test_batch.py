"""Files and the archive into BigQuery: through the command's real entry point, Beam's DirectRunner and real load jobs."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from google.cloud import bigquery

from dataflow import cli, convert, staging
from local.processes import Process
from tests.support import ROOT, cloud_storage, old_formats, x_messages
from tests.support.waiting import eventually

pytestmark = [
    pytest.mark.process_per_case,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
]

SECONDS = 30


@dataclass(frozen=True)
class Place:
    """The command with one worker in this process, and the dataset that it loads into."""

    client: bigquery.Client
    dataset: str
    staging: Path

    def run(self, command: str, *arguments: str) -> int:
        return cli.main([command, *arguments, "--workers", "1", "--staging", str(self.staging)])

    def query(self, sql: str) -> list[dict[str, Any]]:
        config = bigquery.QueryJobConfig(default_dataset=f"local.{self.dataset}")
        return [dict(row) for row in self.client.query(sql, config, timeout=SECONDS).result(timeout=SECONDS)]


@pytest.fixture
def place(
    dataset: str, bigquery_process: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: bigquery.Client
) -> Place:
    for name, value in {
        "GOOGLE_CLOUD_PROJECT": "local",
        "BIGQUERY_DATASET": dataset,
        "BIGQUERY_STORAGE_EMULATOR_HOST": f"127.0.0.1:{bigquery_process.ready['grpc_port']}",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("LANGUAGES", "KEEP_RETWEETS", "COLUMNS"):  # COLUMNS would wrap what is said
        monkeypatch.delenv(name, raising=False)
    return Place(client, dataset, tmp_path / "staging")


def tell(bigquery_url: str, faults: str) -> None:
    request = urllib.request.Request(
        f"{bigquery_url}/stand-in/faults", data=faults.encode(), method="PUT", headers={"Content-Type": "text/plain"}
    )
    urllib.request.urlopen(request, timeout=SECONDS).close()


def streamed(number: int, text: str = "about music", **more: Any) -> bytes:
    return orjson.dumps(x_messages.message(x_messages.post(number, text, lang="en", **more)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Messages in two files, one of them compressed; two of the lines are no posts."""
    place = tmp_path / "posts"
    place.mkdir()
    shared = {"data": [x_messages.post(n, "a page") for n in (11, 12)], "includes": {}}
    lines = [streamed(1, new_field=1), b"", streamed(2, "kein Deutsch"), b'{"data":', orjson.dumps(shared)]
    (place / "a.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    (place / "b.jsonl.gz").write_bytes(gzip.compress(streamed(3) + b"\n" + b'{"data":{"id":"1","username":"a"}}\n'))
    return place


def test_files_command_loads_into_the_embedded_bigquery_and_skips_loaded_files(folder: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "dataflow",
        "files",
        f"{folder}/*",
        "--data",
        str(tmp_path / "data"),
        "--workers",
        "1",
        "--no-filter",
    ]
    command += ["--staging", str(tmp_path / "staging")]
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}  # it would wrap what is said
    said = [
        subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=55, check=True
        ).stderr
        for _ in range(2)
    ]
    staged = [tmp_path / "staging", *(tmp_path / "staging").rglob("*")]
    assert {oct(path.stat().st_mode & 0o777) for path in staged} == {"0o700", "0o600"}, "for nobody else"
    assert "tweet_versions: 5 rows loaded" in said[0]
    assert "Nothing is loaded twice" in said[1]
    for one in said:
        assert "read 7 = loaded 5 + filtered 0 + rejected 2 (rejected: no_post 1, rejected: not_json 1)" in one


def test_deleted_posts_of_a_stream_grab_are_shown_by_no_view(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    messages = [x_messages.message(x_messages.post(number, f"post {number}", lang="en")) for number in range(1, 4)]
    statuses = [old_formats.as_v1(message) for message in messages]
    gone, other = statuses[1]["id_str"], messages[2]["data"]["id"]
    notices = [{"delete": {"status": {"id_str": one, "user_id_str": "1"}}} for one in (gone, other)]
    (tmp_path / "early.jsonl").write_bytes(orjson.dumps(messages[2]) + b"\n")
    lines = [*statuses[:2], *notices]
    (tmp_path / "grab.json").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    assert place.run("files", str(tmp_path / "early.jsonl"), "--no-filter") == 0
    assert place.run("files", str(tmp_path / "grab.json"), "--no-filter") == 0
    assert "read 4 = loaded 2 + filtered 0 + rejected 0 + deletions 2" in capsys.readouterr().err
    assert [row["id"] for row in place.query("SELECT id FROM tweets")] == [statuses[0]["id_str"]]
    deletions = place.query("SELECT id, reason, event FROM deletions ORDER BY id")
    assert deletions == [{"id": one, "reason": "deleted", "event": "import"} for one in sorted((gone, other))]
    asked = place.query("SELECT event, ids, answers FROM compliance_jobs ORDER BY event, ids")
    assert asked == [
        {"event": "imported", "ids": 1, "answers": None},
        {"event": "imported", "ids": 2, "answers": None},
        {"event": "requested", "ids": None, "answers": 2},
    ]


def test_a_file_of_which_nothing_becomes_a_row_ends_with_1(place: Place, tmp_path: Path) -> None:
    (tmp_path / "users.jsonl").write_bytes(b'{"data":{"id":"1","username":"a"}}\n')
    assert place.run("files", str(tmp_path / "users.jsonl")) == 1


def test_ctrl_c_while_one_worker_converts_shows_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_bytes(b"\n".join(streamed(number) for number in range(50_000)))
    command = [
        sys.executable,
        "-m",
        "dataflow",
        "files",
        "many.jsonl",
        "--data",
        "data",
        "--workers",
        "1",
        "--no-filter",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert eventually(lambda: any(tmp_path.glob(".dataflow/*/shards/*")), 60)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert (process.returncode, "Traceback" in said) == (130, False)
    assert "Run the same command to continue" in said


def test_posts_in_files_become_rows_and_other_lines_are_rejected_with_file_and_line(
    place: Place, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.run("files", f"{folder}/*", "--tag", "history") == 0
    said = capsys.readouterr().err
    assert "read 7 = loaded 5 + filtered 0 + rejected 2 (rejected: no_post 1, rejected: not_json 1)" in said
    assert "Fields that have no column, and stay in payload: data.new_field (1)." in said
    found = place.query(
        "SELECT id, text, rules, source, JSON_VALUE(payload, '$.data.text') AS raw FROM tweets ORDER BY id",
    )
    assert [row["text"] for row in found] == ["about music", "kein Deutsch", "about music", "a page", "a page"]
    assert all(row["raw"] == row["text"] and row["source"] == "import" for row in found)
    assert [row["rules"] for row in found] == [["rule"], ["rule"], ["rule"], ["history"], ["history"]]
    rejected = place.query("SELECT data, reason, attributes, subscription_name FROM rejected ORDER BY reason")
    assert [(row["data"], row["reason"], row["attributes"], row["subscription_name"]) for row in rejected] == [
        (
            b'{"data":{"id":"1","username":"a"},"matching_rules":[{"id":"","tag":"history"}]}',
            "no_post",
            {"file": f"{folder}/b.jsonl.gz", "line": "2", "message": "1"},
            "import",
        ),
        (b'{"data":\n', "not_json", {"file": f"{folder}/a.jsonl", "line": "4", "message": "1"}, "import"),
    ]
    told = place.query("SELECT event, ids FROM compliance_jobs")
    assert told == [{"event": "imported", "ids": 5}]


def test_the_same_files_are_loaded_once_unless_they_are_asked_for_again(
    place: Place, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.run("files", f"{folder}/*") == 0
    assert place.run("files", f"{folder}/*") == 0
    assert "Nothing is loaded twice" in capsys.readouterr().err
    count = "SELECT (SELECT COUNT(*) FROM tweet_versions) AS stored, (SELECT COUNT(*) FROM tweets) AS seen"
    assert place.query(count) == [{"stored": 5, "seen": 5}]
    assert not list(place.staging.rglob("shards"))
    shutil.rmtree(place.staging)  # BigQuery remembers its load jobs
    assert place.run("files", f"{folder}/*") == 0
    assert place.query(count) == [{"stored": 5, "seen": 5}]
    assert place.run("files", f"{folder}/*", "--again") == 0
    assert place.query(count) == [{"stored": 10, "seen": 5}]


def test_a_file_that_was_only_touched_or_renamed_is_not_loaded_again(
    place: Place, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.run("files", f"{folder}/a.jsonl") == 0
    os.utime(folder / "a.jsonl", (1, 1))
    assert place.run("files", f"{folder}/a.jsonl") == 0
    assert "Already loaded, on" in capsys.readouterr().err
    (folder / "a.jsonl").rename(folder / "renamed.jsonl")
    assert place.run("files", f"{folder}/renamed.jsonl") == 0
    assert "Already loaded, on" in capsys.readouterr().err
    text = (folder / "renamed.jsonl").read_bytes()
    (folder / "renamed.jsonl").write_bytes(text.replace(b"about music", b"about noise"))
    os.utime(folder / "renamed.jsonl", (1, 1))
    assert place.run("files", f"{folder}/renamed.jsonl") == 0
    assert "Already loaded" not in capsys.readouterr().err


@pytest.fixture
def broken_off(place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Break an import off before it loads, and return its files of rows. Its input changes, so that nobody goes on with it."""
    with monkeypatch.context() as patched:
        patched.setattr(cli, "_load", lambda *arguments: 1)
        assert place.run("files", f"{folder}/a.jsonl") == 1
    (folder / "a.jsonl").write_bytes(streamed(1))
    left = [path for path in place.staging.rglob("shards/*") if path.is_file()]
    assert left
    return left


def long_ago(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (1, 1))


def test_leftovers_of_an_interrupted_import_are_reported_and_removed_after_a_day(
    place: Place, folder: Path, broken_off: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that X asks to remove is looked for there."""
    run = broken_off[0].parents[1]
    assert place.run("files", f"{folder}/a.jsonl") == 0
    assert "was broken off, or still runs: its files with posts are in" in capsys.readouterr().err
    long_ago(*broken_off)
    assert place.run("files", f"{folder}/a.jsonl") == 0
    assert all(path.exists() for path in broken_off), "it has shown within a day that it runs"
    long_ago(run / "running")
    assert place.run("files", f"{folder}/a.jsonl", "--dry-run") == 0
    assert all(path.exists() for path in broken_off), "--dry-run removes nothing"
    assert "Removed" not in capsys.readouterr().err
    assert place.run("files", f"{folder}/a.jsonl") == 0
    said = capsys.readouterr().err
    assert f"Removed what an import of 1970-01-01 00:00 UTC had left, which was broken off: {run}" in said
    assert "Already loaded" in said
    assert not run.exists()


def test_leftovers_in_cloud_storage_are_removed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beam deletes a folder there only if its name ends in a slash, and says nothing otherwise."""
    old, run = "2026-01-01T00:00:00.000Z", "staging/0123456789abcdef"
    objects = dict.fromkeys([f"{run}/shards/a", f"{run}/parts/1.json", f"{run}/running", "staging/mine/shards/b"], old)
    with cloud_storage.serving(objects) as address:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "local")
        FileSystems.set_options(PipelineOptions([]))
        (leftover,) = staging.find_unfinished_imports("gs://bucket/staging", "another")
        assert leftover == (f"gs://bucket/{run}", 1_767_225_600.0)
        assert staging.remove(leftover)
    assert list(objects) == ["staging/mine/shards/b"]


def test_a_staging_folder_that_cannot_be_made_is_named(
    place: Place, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place.staging.write_bytes(b"a file")
    assert place.run("files", f"{folder}/a.jsonl") == 1
    said = capsys.readouterr().err
    assert f"Nothing can be written to {place.staging}" in said
    assert "Name another place with --staging" in said


def test_folders_of_others_beside_the_runs_are_left_alone(place: Place, folder: Path) -> None:
    model = place.staging / "llama-7b" / "shards" / "model-00001.safetensors"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"weights")
    long_ago(model)
    assert place.run("files", f"{folder}/a.jsonl") == 0
    assert model.read_bytes() == b"weights"


def test_what_was_loaded_is_remembered_although_files_of_rows_were_left(
    place: Place, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command was killed while it removed them."""
    assert place.run("files", f"{folder}/a.jsonl") == 0
    (loaded,) = place.staging.glob("*/loaded.json")
    left = loaded.parent / "shards" / "000000-left.tweet_versions"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"{}")
    long_ago(left)
    assert place.run("files", f"{folder}/b.jsonl.gz") == 0
    assert (left.exists(), loaded.exists()) == (False, True)
    capsys.readouterr()
    assert place.run("files", f"{folder}/a.jsonl") == 0
    assert "Already loaded" in capsys.readouterr().err


def test_a_part_whose_rows_were_removed_is_converted_again(
    place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(cli, "_load", lambda *arguments: 1)
        assert place.run("files", f"{folder}/a.jsonl") == 1
    for path in place.staging.rglob("shards/*"):
        path.unlink()
    assert place.run("files", f"{folder}/a.jsonl") == 0
    assert place.query("SELECT COUNT(*) AS n FROM tweets") == [{"n": 4}]


def test_changing_the_filter_loads_the_same_file_again(
    place: Place, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.run("files", f"{folder}/a.jsonl", "--languages", "de") == 0
    assert (
        "read 5 = loaded 0 + filtered 4 + rejected 1 (filtered: language 4, rejected: not_json 1)"
        in capsys.readouterr().err
    )
    assert place.run("files", f"{folder}/a.jsonl", "--no-filter") == 0
    assert place.query("SELECT COUNT(*) AS n FROM tweets") == [{"n": 4}]


def test_what_was_converted_before_a_kill_is_not_converted_again(
    place: Place,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = convert.convert

    def once(found: Any, options: Any, staging: Any, part: str, scorer: Any) -> Any:
        if staging.parts_done():
            raise OSError("told to")
        return whole(found, options, staging, part, scorer)

    with monkeypatch.context() as patched:
        patched.setattr(convert, "convert", once)
        assert place.run("files", f"{folder}/*") == 1
        assert "The same command goes on." in capsys.readouterr().err
    assert place.run("files", f"{folder}/*") == 0
    assert place.query("SELECT COUNT(*) AS n FROM tweet_versions") == [{"n": 5}]


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        pytest.param("unfinished@tweet_versions", 0, id="a job that fails for BigQuery's own reasons is made again"),
        pytest.param("refusedx9@tweet_versions", 0, id="what a job refuses is inserted row by row"),
        pytest.param("unfinishedx99@tweet_versions", 1, id="after five it is told, and the same command goes on"),
    ],
)
def test_failed_load_jobs_lose_no_rows(faults: str, code: int, place: Place, folder: Path, bigquery_url: str) -> None:
    tell(bigquery_url, faults)
    try:
        assert place.run("files", f"{folder}/*") == code
    finally:
        tell(bigquery_url, "")
    if code:
        assert place.query("SELECT COUNT(*) AS n FROM tweets") == [{"n": 0}]
        assert place.run("files", f"{folder}/*") == 0
    assert place.query("SELECT COUNT(*) AS n FROM tweets") == [{"n": 5}]


def test_a_row_that_bigquery_refuses_goes_to_rejected_and_the_counts_balance(
    place: Place,
    tmp_path: Path,
    bigquery_url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "posts.jsonl"
    old = b'{"data":{"id":"5","text":"of another age","created_at":"2009-01-01T00:00:00.000Z"}}'
    path.write_bytes(streamed(1) + b"\n" + old + b"\n")
    tell(bigquery_url, "refusedx9@tweet_versions")
    try:
        assert place.run("files", str(path)) == 0
    finally:
        tell(bigquery_url, "")
    assert "read 2 = loaded 1 + filtered 0 + rejected 1 (rejected: refused_by_bigquery 1)" in capsys.readouterr().err
    (rejected,) = place.query("SELECT reason, data FROM rejected")
    assert rejected["reason"] == "refused_by_bigquery"
    assert json.loads(rejected["data"]) == json.loads(old)


def test_rows_that_exceed_one_insert_request_in_total_are_all_inserted(
    place: Place, tmp_path: Path, bigquery_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A load job refuses a file because of one row; the others are inserted, 12 MB in all."""
    path = tmp_path / "posts.jsonl"
    old = b'{"data":{"id":"5","text":"of another age","created_at":"2009-01-01T00:00:00.000Z"}}'
    path.write_bytes(b"\n".join([*(streamed(n, text='"' * 100_000) for n in range(10, 50)), old]))
    tell(bigquery_url, "refusedx9@tweet_versions")
    try:
        assert place.run("files", str(path)) == 0
    finally:
        tell(bigquery_url, "")
    assert "read 41 = loaded 40 + filtered 0 + rejected 1" in capsys.readouterr().err


def test_the_archive_is_read_once_more_without_replays_and_canaries(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {
            "id": str(number),
            "payload": streamed(number).decode(),
            "received_at": f"2026-11-01T{number % 24:02}:00:00Z",
            "source": source,
            "message_id": str(number),
            "subscription_name": "s",
            "publish_time": "2026-11-01T00:00:00Z",
            "attributes": "{}",
        }
        for number, source in enumerate(["stream", "search", "archive", "doctor", "stream"])
    ]
    rows[4]["received_at"] = "2026-11-02T00:00:00Z"
    assert place.client.insert_rows_json(f"local.{place.dataset}.archive", rows) == []
    between = ("--from", "2026-11-01", "--to", "2026-11-02")
    assert place.run("archive", *between, "--dry-run") == 0
    assert "2 messages of archive" in capsys.readouterr().err
    assert place.run("archive", *between) == 0
    assert "read 2 = loaded 2 + filtered 0 + rejected 0" in capsys.readouterr().err
    found = place.query("SELECT source, FORMAT_TIMESTAMP('%H', received_at) AS hour FROM tweets ORDER BY 2")
    assert found == [{"source": "archive", "hour": "00"}, {"source": "archive", "hour": "01"}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["files", "/no/such/file"], "There is no file /no/such/file", id="no file"),
        pytest.param(["archive", "--from", "2026-02-01", "--to", "2026-01-01"], "is not before --to", id="no time"),
        pytest.param(["files", "{file}", "--runner", "DataflowRunner"], "Add --staging gs://", id="no shared staging"),
        pytest.param(
            ["files", "{file}", "--dataset", "nowhere"], "there is no table nowhere.tweet_versions", id="no tables"
        ),
        pytest.param(["files", "{file}", "--languages", "xx!"], "LANGUAGES", id="no language"),
    ],
)
def test_a_usage_error_exits_with_2_and_a_message_without_a_traceback(
    arguments: list[str], said: str, place: Place, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.run(*[one.format(file=f"{folder}/a.jsonl") for one in arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
