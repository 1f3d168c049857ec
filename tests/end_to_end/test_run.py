"""The whole pipeline as a person runs it: `python -m local`, its counts, its mistakes, and what it leaves behind."""

import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from local import runs
from local.errors import UsageError
from tests.support import ROOT
from tests.support.brokers import needs_emulator
from tests.support.processes import descendants, is_alive, serving
from tests.support.waiting import eventually


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "local", *(() if "--results" in arguments else ("--no-report",)), *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    with started(*arguments, **environment) as process:
        out, err = process.communicate(timeout=110)
        return process.returncode, out, err


def result(*arguments: str) -> dict[str, Any]:
    code, out, err = run("--json", *arguments)
    assert code == 0, err
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def check_balance(found: dict[str, Any], posts: int) -> None:
    assert found["received"] == found["published"] == found["archived"] == posts
    assert found["loaded"] + found["filtered"] + found["rejected"] == posts
    assert found["distinct_posts"] == found["expected_posts"] > 0
    assert found["duplicates_in_view"] == 0


@pytest.mark.slow
def test_every_post_ends_somewhere_and_the_view_is_what_the_seed_says() -> None:
    found = result("--posts", "400", "--rate", "300", "--seed", "7")
    check_balance(found, 400)
    assert found["rows"] == found["loaded"]
    again = result("--posts", "400", "--rate", "300", "--seed", "7")
    assert {k: again[k] for k in ("loaded", "filtered", "distinct_posts")} == {
        k: found[k] for k in ("loaded", "filtered", "distinct_posts")
    }


@pytest.mark.slow
def test_every_message_delivered_twice_leaves_the_view_unchanged() -> None:
    once, twice = result("--posts", "300", "--rate", "300"), result("--posts", "300", "--rate", "300", "--twice")
    check_balance(twice, 300)
    assert twice["rows"] > twice["loaded"] == once["loaded"]
    assert twice["distinct_posts"] == once["distinct_posts"]


@pytest.mark.slow
@needs_emulator
def test_googles_emulator_can_take_the_brokers_place() -> None:
    check_balance(result("--posts", "300", "--rate", "300", "--pubsub", "emulator"), 300)


@pytest.mark.slow
def test_kept_tables_can_be_queried_afterwards_as_the_readme_says(tmp_path: Path) -> None:
    found = result("--posts", "200", "--rate", "300", "--keep")
    data = Path(found["data"])
    try:
        with serving("bigquery", "local.emulators.bigquery", tmp_path, "--data", str(data / "bigquery")) as process:
            options = {"api_endpoint": f"http://localhost:{process.port}"}
            with bigquery.Client("local", credentials=AnonymousCredentials(), client_options=options) as client:
                rows = list(client.query("SELECT COUNT(*) AS posts FROM twitter.tweets").result())
        assert rows[0].posts == found["distinct_posts"]
        command = [
            sys.executable,
            "-m",
            "reports",
            "--data",
            str(data),
            "--only",
            "totals",
            "--from",
            "7d",
            "--results",
            str(tmp_path),
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        assert f"\n{found['distinct_posts']}," in (tmp_path / "totals.csv").read_text().replace("\r", "")
    finally:
        (data / "KEPT").unlink()
        runs.remove(data)


@pytest.mark.slow
def test_a_topic_of_one_s_own_is_rehearsed_and_what_drops_all_of_it_is_said(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("- tag: climate\n  value: '(climate OR #ClimateAction) -is:retweet'\n")
    code, out, _ = run("--posts", "60", "--rate", "60", "--rules", str(rules), "--no-report", LANGUAGES="nl")
    assert code == 0
    assert "synthetic posts, made of the words of your rules" in " ".join(out.split())
    assert "Nothing was stored: functions/load_tweet/keywords.txt" in " ".join(out.split())


@pytest.mark.slow
def test_posts_from_a_file_are_rehearsed_and_nothing_calls_them_synthetic(tmp_path: Path) -> None:
    posts = [
        {"id": str(1860000000000000000 + n), "text": f"Klima {n}", "created_at": f"2026-11-{n + 10}T12:00:00.000Z"}
        for n in range(3)
    ]
    file = tmp_path / "posts.jsonl"
    file.write_text("".join(json.dumps(post) + "\n" for post in posts))
    code, out, _ = run("--posts", str(file), "--results", str(tmp_path))
    assert code == 0, out
    assert "Balanced: received 3 = published 3 = loaded 3" in " ".join(out.split())
    assert "2026-11-12" in (tmp_path / "posts_to_read.csv").read_text()
    assert "Synthetic posts" not in (tmp_path / "report.html").read_text()


def test_a_person_without_a_terminal_sees_counts_and_answers_and_has_a_report(tmp_path: Path) -> None:
    code, out, err = run("--posts", "150", "--rate", "100", "--results", str(tmp_path))
    assert (code, err) == (0, "")
    for words in (
        "received",
        "total posts",
        "no retweets",
        "Posts per hour\nThe busiest hour was ",
        "Posts per country and region\nOf the posts whose country is known (",
        "Hashtags\n#",
        "The report, charts and all:",
        "Balanced:",
    ):
        assert words in out
    assert "\x1b" not in out
    with (tmp_path / "totals.csv").open(newline="", encoding="utf-8-sig") as file:
        totals = next(csv.DictReader(file))
    assert re.search(rf"total posts +{totals['total_posts']}\b", out)
    with (tmp_path / "cost_by_day.csv").open(newline="", encoding="utf-8-sig") as file:
        dollars = sum(float(row["dollars"]) for row in csv.DictReader(file))
    assert dollars > 150 * 0.005
    assert f"X would charge ${dollars:,.2f}" in out, "the terminal and the report name one amount"
    assert (tmp_path / "report.html").stat().st_size > 500_000
    page = (tmp_path / "report.html").read_text()
    assert "Rule <bdi>artist-music</bdi>" in page, "the ledger knows what was in force"
    assert "Synthetic posts: a program made them" in page


@pytest.mark.slow
def test_a_run_can_be_watched_until_ctrl_c(tmp_path: Path) -> None:
    with started("--posts", "150", "--rate", "100", "--watch", "--results", str(tmp_path)) as process:
        assert process.stdout is not None
        said = ""
        while "The live page stays" not in said:
            line = process.stdout.readline()
            assert line, process.stderr and process.stderr.read()
            said += line
        address = re.search(r"http://localhost:\d+", said)
        assert address
        with urllib.request.urlopen(f"{address.group(0)}/now.json", timeout=20) as answer:
            now = json.load(answer)
        assert now["error"] is None
        assert now["received"] == 150
        assert now["loaded"] + now["filtered"] == 150
        parts = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Balanced:" in out
        assert f"X would charge ${now['dollars_today']:,.2f}" in out
        assert err == ""
        assert eventually(lambda: not any(map(is_alive, parts)))


@pytest.mark.slow
def test_the_result_in_json_stays_the_last_line_beside_a_report(tmp_path: Path) -> None:
    found = result("--posts", "150", "--rate", "150", "--results", str(tmp_path))
    check_balance(found, 150)
    assert (tmp_path / "report.html").is_file()


MISTAKES: dict[str, tuple[list[str], dict[str, str], int, str]] = {
    "no posts": (["--posts", "0"], {}, 2, "not a positive number"),
    "no such rules file": (["--rules", "/nowhere.yaml"], {}, 2, "There is no rules file /nowhere.yaml"),
    "the real X without a token": (["--real"], {"X_BEARER_TOKEN": ""}, 2, "set X_BEARER_TOKEN"),
    "the real X without a yes": (["--real", "--posts", "100"], {"X_BEARER_TOKEN": "t"}, 2, "Nothing was asked of X"),
    "no java": (["--pubsub", "emulator"], {"PATH": "/nowhere"}, 2, "no 'java' on the PATH"),
}


@pytest.mark.parametrize(("arguments", "environment", "code", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_a_sentence_and_the_right_exit_code(
    arguments: list[str], environment: dict[str, str], code: int, words: str
) -> None:
    found, out, err = run(*arguments, **environment)
    said = " ".join((out + err).split())
    assert (found, words in said, "Traceback" in said) == (code, True, False), said


@pytest.mark.slow
def test_a_bad_rules_file_is_told_in_the_ingesters_words(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("- tag: x\n")
    code, out, err = run("--posts", "10", "--rules", str(rules))
    said = " ".join((out + err).split())
    assert (code, "rule 1: there is no value" in said) == (2, True), said


def test_no_process_of_a_run_asks_for_anything_beyond_this_machine(tmp_path: Path) -> None:
    seen = tmp_path / "network"
    watch = {"PYTHONPATH": str(ROOT / "tests" / "support" / "watch_network"), "WATCH_NETWORK_FILE": str(seen)}
    results = tmp_path / "results"
    code, out, err = run("--posts", "60", "--rate", "200", "--results", str(results), **watch)
    assert code == 0, out + err
    assert (results / "report.html").is_file()
    assert "original, after about a day" in (results / "engagement_by_age.csv").read_text(), "posts were read again"
    assert not seen.exists(), seen.read_text()
    subprocess.run(
        [sys.executable, "-c", "import socket; socket.getaddrinfo('example.invalid', 80)"],
        env={**os.environ, **watch},
        capture_output=True,
        check=False,
    )
    assert "example.invalid" in seen.read_text(), "the watch sees such a thing"


@pytest.mark.parametrize(
    "rate", [pytest.param(3, marks=pytest.mark.slow), pytest.param(30, marks=pytest.mark.slow), 250]
)
def test_with_the_real_x_no_more_is_spent_than_was_agreed(tmp_path: Path, rate: int) -> None:
    """X goes on for ever, and the run ends by itself after so many posts."""
    options = ("--posts", "100000", "--rate", str(rate))
    with serving("x", "local.emulators.x.server", tmp_path, *options, X_BEARER_TOKEN="local") as x:
        url = f"http://127.0.0.1:{x.port}"
        code, out, err = run("--real", "--yes", "--posts", "20", "--json", X_BEARER_TOKEN="local", X_API_URL=url)
        assert code == 0, err
        assert eventually(lambda: x.totals["sent"] >= 20)
    words = " ".join(err.split())
    agreed, overshoot = re.search(r"at most \$([0-9.]+) with .* at most \$([0-9.]+),", words).groups()  # type: ignore[union-attr]
    assert agreed == "0.60"
    assert x.totals["mills"] <= 1_000 * (float(agreed) + float(overshoot))
    found = json.loads(out.splitlines()[-1])
    assert 20 <= found["received"] == found["loaded"] == x.totals["sent"] <= 20 + 250


@pytest.mark.slow
def test_the_real_x_out_of_reach_is_a_sentence(nobody: str) -> None:
    code, out, err = run("--real", "--yes", "--posts", "10", X_BEARER_TOKEN="t", X_API_URL=nobody)
    said = " ".join((out + err).split())
    assert (code, "The connection to X ended: refused" in said, "Traceback" in said) == (1, True, False), said


def test_a_port_in_use_is_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = run("--posts", "10", "--bigquery-port", str(port))
    said = " ".join((out + err).split())
    assert (code, f"Port {port} is in use by another program" in said) == (2, True), said


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["while the parts start", "while posts flow"])
@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["Ctrl-C", "SIGTERM", "kill -9"]
)
def test_stopped_at_any_moment_it_leaves_no_process_behind(moment: str, number: signal.Signals) -> None:
    wanted = 2 if moment == "while the parts start" else 8  # seven parts, and the worker that gunicorn forks
    with started("--posts", "100000", "--rate", "50") as process:
        assert eventually(lambda: len(descendants(process.pid)) >= wanted, 60)
        parts = descendants(process.pid)
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
        parts |= {pid for part in parts for pid in descendants(part)}
        assert eventually(lambda: not any(is_alive(pid) for pid in parts), 30)


def test_without_room_on_the_disk_it_says_what_can_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = runs.make(tmp_path)
    runs.keep(kept)
    monkeypatch.setattr(runs, "_NEEDED", 10**18)
    with pytest.raises(UsageError, match=rf"MB are free.*remove those you need no more \({kept.name}\)"):
        runs.make(tmp_path)


def test_runs_of_the_same_second_have_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: runs.make(tmp_path), range(8)))
        list(pool.map(runs.keep, folders))
    assert len(set(folders)) == 8
    assert (tmp_path / "latest").resolve() in folders


def test_what_a_killed_run_left_goes_at_the_next_start_and_kept_ones_stay(tmp_path: Path) -> None:
    kept, dead = runs.make(tmp_path), runs.make(tmp_path)
    runs.keep(kept)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (dead / "pid").write_text(str(gone.pid))
    alive = runs.make(tmp_path)
    folders = [path for path in tmp_path.iterdir() if not path.is_symlink()]
    assert sorted(folders) == sorted([kept, alive])
    assert (tmp_path / "latest").resolve() == kept
