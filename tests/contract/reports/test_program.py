"""python -m reports as a person runs it: what it writes, what it says of mistakes, and how soon it gives up."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import reports.cli as program
from reports import questions
from reports.query import Source
from tests.support import ROOT
from tests.support.fakes import bigquery as fake_bigquery

pytestmark = pytest.mark.process_per_case

PERIOD = ("--from", "2026-10-31T04:00:00Z", "--to", "2026-11-03T05:00:00Z")


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE", "BIGQUERY"))}
    return subprocess.run(
        [sys.executable, "-m", "reports", *arguments],
        cwd=ROOT,
        env={**variables, "COLUMNS": "120", **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def here(source: Source, bigquery_url: str, google_credentials: Path) -> dict[str, str]:
    return {
        "BIGQUERY_EMULATOR_HOST": bigquery_url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(google_credentials),
        "GOOGLE_CLOUD_PROJECT": "local",
        "BIGQUERY_DATASET": source.dataset,
    }


def test_a_report_is_printed_and_left_in_files(here: dict[str, str], tmp_path: Path) -> None:
    done = run(*PERIOD, "--minimum", "1", "--show", "totals,top_hashtags", "--results", str(tmp_path / "[/r]"), **here)
    assert done.returncode == 0, done.stderr
    assert "Posts and authors" in done.stdout
    assert "#music" in done.stdout
    assert "Where do posts come from" not in done.stdout
    assert "which bills nothing" in done.stderr
    assert len(list((tmp_path / "[/r]").glob("*.csv"))) == len(questions.names())
    assert (tmp_path / "[/r]" / "report.html").stat().st_size > 500_000
    assert str(tmp_path / "[/r]") in done.stderr.replace("\n", "")


def test_results_and_exports_are_accessible_to_their_owner_only(here: dict[str, str], tmp_path: Path) -> None:
    done = run(*PERIOD, "--only", "totals", "--results", str(tmp_path / "results"), **here)
    assert done.returncode == 0, done.stderr
    done = run(*PERIOD, "--export", str(tmp_path / "posts.csv"), **here)
    assert done.returncode == 0, done.stderr
    modes = {
        path.name: path.stat().st_mode & 0o777
        for path in (tmp_path / "results", tmp_path / "results/totals.csv", tmp_path / "posts.csv")
    }
    assert modes == {"results": 0o700, "totals.csv": 0o600, "posts.csv": 0o600}


def test_the_terminal_shows_the_overview_and_all_prints_the_tables(here: dict[str, str], tmp_path: Path) -> None:
    done = run(*PERIOD, "--results", str(tmp_path / "one"), **here)
    assert done.returncode == 0, done.stderr
    assert "Posts and authors: 6 posts by 4 authors, 4 excluding retweets." in done.stdout
    assert "There are only 6 posts." in done.stdout
    assert len(done.stdout.splitlines()) < 40
    assert str(tmp_path / "one" / "report.html") in done.stderr.replace("\n", "")
    every = run(*PERIOD, "--all", "--results", str(tmp_path / "two"), **here)
    assert every.returncode == 0, every.stderr
    for name in questions.names():
        assert questions.load(name).title in every.stdout


def test_filters_limit_every_question_and_a_comparison_is_added(here: dict[str, str], tmp_path: Path) -> None:
    limited = run(*PERIOD, "--language", "English", "--kind", "retweets", "--results", str(tmp_path / "one"), **here)
    assert limited.returncode == 0, limited.stderr
    assert "2 posts by 1 author" in limited.stdout
    page = (tmp_path / "one" / "report.html").read_text()
    assert "language: <b><bdi>en</bdi></b>" in page
    assert "kind: <b><bdi>retweet</bdi></b>" in page
    compared = run(
        *PERIOD, "--compare", "language", "--only", "compared_parts", "--results", str(tmp_path / "two"), **here
    )
    assert compared.returncode == 0, compared.stderr
    lines = (tmp_path / "two" / "compared_parts.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [["en", "4"], ["pt", "1"]]
    found = run(
        *PERIOD, "--search", "love -awful", "--only", "search,totals", "--results", str(tmp_path / "three"), **here
    )
    assert "1 post matches, not counting retweets." in found.stdout
    everything = run(
        "--from", "all", "--to", "2026-11-03T05:00:00Z", "--only", "totals", "--results", str(tmp_path / "four"), **here
    )
    assert "6 posts by 4 authors" in everything.stdout


def test_only_some_questions_are_asked(here: dict[str, str], tmp_path: Path) -> None:
    done = run(*PERIOD, "--only", "totals,gaps", "--results", str(tmp_path), **here)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"totals.csv", "gaps.csv", "report.html", "methods.txt"}


def test_the_queries_to_paste_need_no_bigquery(tmp_path: Path) -> None:
    done = run("--sql", "--only", "totals", "--from", "2026-11-01", "--to", "2026-11-02", "--project", "my-project")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("-- Posts and authors")
    assert "FROM `my-project.twitter.tweets` AS tweets" in done.stdout
    assert "DATETIME(TIMESTAMP '2026-11-01 00:00:00 UTC')" in done.stdout
    assert "@keyword" not in done.stdout


def test_posts_are_exported(here: dict[str, str], tmp_path: Path) -> None:
    done = run(*PERIOD, "--export", str(tmp_path / "ids.csv"), "--ids-only", **here)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "ids.csv").read_text().split()) == 7
    dry = run(*PERIOD, "--export", str(tmp_path / "dry.csv"), "--dry-run", **here)
    assert dry.returncode == 0, dry.stderr
    assert not (tmp_path / "dry.csv").exists()


MISTAKES = {
    "a question that is none": (["--only", "totals,moods"], "There is no question 'moods' here"),
    "a table that is not asked": (["--only", "totals", "--show", "gaps"], "There is no question 'gaps' here"),
    "a time that is none": (["--from", "\\[/soon]"], "is no time"),
    "a zone that is none": (["--timezone", "localtime"], "There is no time zone"),
    "a minimum of nothing": (["--minimum", "0"], "is not a positive number"),
    "no number of gigabytes": (["--max-gigabytes", "nan"], "is no number of gigabytes"),
    "a live page of topics": (["serve", "--topics", "auto"], "--topics cannot be said of it"),
    "a live page of a topic": (["serve", "--topic", "2"], "--topic cannot be said of it"),
    "topics of posts that are no sheet": (["--export", "x.csv", "--topics", "4"], "This export has no groups"),
    "topics of a network": (
        ["--export", "x.gexf", "--network", "mentions", "--topics", "4"],
        "This export has no groups",
    ),
    "topics of a table of samples": (
        ["--export", "x.parquet", "--sample", "9", "--topics", "4"],
        "This export has no groups",
    ),
    "coders of a table": (
        ["--export", "x.parquet", "--sample", "9", "--coders", "ann"],
        "--coders belongs to a coding sheet",
    ),
    "topics of a very large sheet": (
        ["--export", "x.csv", "--sample", "20001", "--topics", "4"],
        "at most 20,000 posts",
    ),
    "a live page of yesterday": (["serve", "--from", "1d"], "always of the last 24 hours"),
    "every address": (["serve", "--host", ""], "every address of this machine"),
    "a file of another kind": (["--export", "posts.xlsx"], "so its format is not known"),
    "a file that cannot be": (
        ["--export", "/etc/passwd/posts.csv"],
        "there is no folder /etc/passwd, so nothing was asked",
    ),
    "a network where no folder is": (
        ["--network", "mentions", "--export", "nowhere/x.gexf"],
        "there is no folder nowhere",
    ),
    "a file that is a folder": (["--export", "docs"], "it is a folder, so nothing was asked"),
    "nothing to search for": (["--search", " * "], "--search needs a word or several"),
    "a day that begins no week": (["--week-starts", "friday"], "invalid choice: 'friday'"),
    "a quotation mark alone": (["--search", 'new "album'], "a quotation mark without its other half"),
    "a language that X does not know": (["--language", "klingon"], "X knows no language 'klingon'"),
    "a comparison of nothing": (["--compare", "colour"], "what is compared is one of language, rule"),
    "a comparison of one": (["--compare", "language=de"], "name two to 6 of them"),
    "a comparison where there is one": (
        [*PERIOD, "--compare", "source", "--language", "pt", "--only", "compared_parts"],
        "nothing to compare",
    ),
    "coders without a sheet": (["--export", "x.csv", "--coders", "ann"], "--coders belongs to a coding sheet"),
    "a coder named as the file of topics": (
        ["--export", "x.csv", "--sample", "9", "--topics", "auto", "--coders", "ann,Topics"],
        "--coders topics: with --topics, the file of that name",
    ),
    "no number of topics": (["--topics", "many"], "many is neither auto nor a number from 2 to 40"),
    "coders of one name": (["--export", "x.csv", "--sample", "9", "--coders", "ann,ann"], "needs different names"),
    "two kinds of export": (
        ["--export", "x.csv", "--ids-only", "--sample", "9"],
        "are three kinds of export: name one",
    ),
    "ids in X's shape": (["--export", "x.jsonl", "--ids-only"], "are three kinds of export: name one"),
    "results that cannot be": (
        ["--only", "totals", "--results", "/etc/passwd/results"],
        "/etc/passwd is a file, so nothing was asked",
    ),
    "a network without a file": (["--network", "mentions"], "--network needs a file"),
    "a network for a spreadsheet": (
        ["--network", "mentions", "--export", "x.csv"],
        "ends in neither .gexf nor .graphml",
    ),
    "a kept run that is none": (["--data", ".runs/yesterday"], "There is no kept run in .runs/yesterday"),
    "a dataset that is none": (["--only", "totals", "--dataset", "nobody"], "nobody"),
}


class Here:
    """The program in this process, which spares each mistake the start of another one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        for name in os.environ:
            if name.startswith(("GOOGLE", "BIGQUERY")):
                monkeypatch.delenv(name)
        monkeypatch.setenv("COLUMNS", "120")
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Return the exit code, and what was said on stderr with single spaces."""
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)
        try:
            code: object = program.main([*arguments])
        except SystemExit as error:  # argparse
            code = error.code
        assert isinstance(code, int)
        return code, " ".join(self._capsys.readouterr().err.split())


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(monkeypatch, capsys)


@pytest.mark.parametrize(("arguments", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_in_words(here: dict[str, str], in_process: Here, arguments: list[str], words: str) -> None:
    code, said = in_process.run(*arguments, **here)
    assert (code, words in said) == (2, True), said


def test_a_mistake_is_told_by_the_program_as_it_is_typed(here: dict[str, str]) -> None:
    done = run("--only", "nosuch", **here)
    assert done.returncode == 2
    assert "There is no question 'nosuch' here" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_kept_tables_that_cannot_be_opened_are_told_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "bqemulator.duckdb"
    file.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    done = run("--data", str(tmp_path), "--only", "totals", "--results", str(tmp_path / "results"))
    said = " ".join(done.stderr.split())
    assert done.returncode == 1, said
    assert "The embedded BigQuery does not start: IOException" in said
    assert "Traceback" not in said
    assert file.read_bytes().startswith(b"not a database")


ADDRESSES = {
    "nobody there": ("", "Nothing answers at"),  # the fixture's address
    "no port": ("http://127.0.0.1:abc", "is no address"),
    "no scheme": ("localhost:9050", "is no address"),
    "brackets": ("http://[::1", "is no address"),
}


@pytest.mark.parametrize(("address", "words"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_an_embedded_engine_that_is_not_there_is_told_at_once(
    in_process: Here, nobody: str, address: str, words: str
) -> None:
    code, said = in_process.run(BIGQUERY_EMULATOR_HOST=address or nobody, GOOGLE_CLOUD_PROJECT="local")
    assert (code, words in said) == (2, True), said  # and not after Google's 600 s: a test has a limit of 120


def test_without_a_login_it_says_how_to_get_one(tmp_path: Path) -> None:
    done = run(HOME=str(tmp_path), CLOUDSDK_CONFIG=str(tmp_path), NO_GCE_CHECK="true", GCE_METADATA_HOST="127.0.0.1:1")
    assert done.returncode == 2
    assert "gcloud auth application-default login" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@contextmanager
def bigquery_that(scanned: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Run a server that answers dry runs as BigQuery does. Any other query fails the test."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body)
            tables = [
                {"projectId": "p", "datasetId": "d", "tableId": name}
                for name in ("tweet_versions", "deletions", "superseded")
            ]
            answer = {
                "jobReference": {"projectId": "p", "jobId": "1", "location": "US"},
                "status": {"state": "DONE"},
                "configuration": body["configuration"],
                "statistics": {"query": {"totalBytesProcessed": str(scanned), "referencedTables": tables}},
            }
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("scanned", "told"),
    [(2**40, "5 queries scan 5,497.56 GB: $31.2500"), (0, f"5 queries scan {15 * 10 * 2**20 / 1e9:,.2f} GB: $0.0009")],
    ids=["a tebibyte each", "the least that is billed"],
)
def test_the_price_is_said_before_anything_is_asked_and_a_limit_holds(
    tmp_path: Path, google_credentials: Path, scanned: int, told: str
) -> None:
    with bigquery_that(scanned) as (url, asked):
        # the client's own variable for another endpoint, which is not the embedded engine's
        program = (
            "import sys; from google.cloud import bigquery; import reports.query as query, reports.cli as main;"
            f"query.connect = lambda project: bigquery.Client(project='p', client_options={{'api_endpoint': {url!r}}});"
            "sys.exit(main.main(sys.argv[1:]))"
        )
        command = [sys.executable, "-c", program, "--only", "totals", "--results", str(tmp_path)]
        environment = {**os.environ, "GOOGLE_APPLICATION_CREDENTIALS": str(google_credentials), "COLUMNS": "200"}
        environment.pop("BIGQUERY_EMULATOR_HOST", None)
        dry = subprocess.run(
            [*command, "--dry-run"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert dry.returncode == 0, dry.stderr
        assert told in dry.stderr
        over = subprocess.run(
            [*command, "--max-gigabytes", "0"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert over.returncode == 2
        assert "more than --max-gigabytes 0, so nothing was asked" in " ".join(over.stderr.split())
    assert all(query["configuration"]["dryRun"] for query in asked)
    assert list(tmp_path.iterdir()) == []


def test_a_bigquery_that_hangs_is_not_waited_for_for_ever(
    fake: fake_bigquery.FakeBigQuery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes connections and never answers
        program = (
            "import sys, reports.query as query, reports.cli as main; query._CALL_SECONDS = query.EMBEDDED_SECONDS = 0.5; "
            "sys.exit(main.main(sys.argv[1:]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, "--only", "totals", "--results", str(tmp_path)],
            cwd=ROOT,
            env={
                **os.environ,
                "BIGQUERY_EMULATOR_HOST": f"http://127.0.0.1:{server.getsockname()[1]}",
                "COLUMNS": "200",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "BigQuery did not answer in time" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--export", "posts.csv"],
        ["--export", "posts.parquet"],
        ["--network", "hashtags", "--export", "n.gexf"],
        ["--network", "hashtags", "--export", "n.graphml"],
        ["--results", "."],
    ],
    ids=" ".join,
)
def test_a_full_disk_leaves_no_half_of_a_file(here: dict[str, str], tmp_path: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reports", *PERIOD, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), **here},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),  # no file may be longer
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert (done.returncode, "cannot be written" in done.stderr, "Traceback" in done.stderr) == (2, True, False)
    assert not list(tmp_path.glob("*part*"))
    assert not list(tmp_path.glob("[np]*.*[lv]"))


def test_ctrl_c_ends_it_without_a_traceback(here: dict[str, str], tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "reports", *PERIOD, "--results", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, **here},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert "queries of the embedded BigQuery" in first
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in out + err


def test_a_keyword_that_no_post_has_is_told_with_those_that_there_are(here: dict[str, str], tmp_path: Path) -> None:
    done = run(*PERIOD, "--only", "totals", "--keyword", "musick", "--results", str(tmp_path), **here)
    assert done.returncode == 0
    said = " ".join(done.stderr.split())
    assert "No post of this period matches --keyword musick. There are: " in said
    assert "music" in said.partition("There are: ")[2]


@pytest.mark.slow
def test_reports_without_a_results_option_do_not_overwrite_each_other(here: dict[str, str], tmp_path: Path) -> None:
    environment = {**os.environ, **here, "PYTHONPATH": str(ROOT)}
    whole = [sys.executable, "-m", "reports", *PERIOD]
    for command in (whole, [*whole, "--only", "totals"]):
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=110, check=False)
        assert done.returncode == 0
    first, second = sorted(path for path in (tmp_path / "results").iterdir() if not path.is_symlink())
    assert (tmp_path / "results" / "latest").resolve() == first, "a part of a report is not the latest one"
    assert (first / "report.html").is_file()
    assert (second / "totals.csv").is_file()


@pytest.mark.slow
def test_the_example_needs_no_cloud(tmp_path: Path) -> None:
    done = run("--demo", "--only", "totals,trend", "--results", str(tmp_path), TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "totals.csv").read_text(encoding="utf-8-sig").startswith("total_posts,")
    assert not list(tmp_path.glob("twitter-data-stream-*"))
