"""Whatever X does, afterwards every post is in BigQuery but the retweets that search does not return, and those are counted."""

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.pipeline import Rest
from tests.support.trial import Trial, cases
from tests.support.waiting import eventually, let_last


def trial(rest: Rest, folder: Path, *faults: str, **more: object) -> Trial:
    return Trial(rest, folder, faults=faults, **more)  # type: ignore[arg-type]


# what X does: (faults, the word that the log has for it)
PASSING = {
    "closes cleanly": (["close@1", "close@2"], "X closed the connection"),
    "resets the connection": (["reset@1.5"], "refused, or cut"),
    "cuts a line and closes": (["partial@1.5"], "X closed the connection"),
    "says nothing any more": (["silence@1"], "no byte for"),
    "answers a web page": (["html@1"], "HTTP 502"),
    "answers not at all": (["refuse@1x2"], "refused, or cut"),
    "sends posts twice": (["duplicates@2"], None),
    "sends a kind of message that nobody knows": (["unknown@1"], None),
    "does many things": (["close@0.5", "503@1", "partial@2", "429-connections@3", "reset@4"], "HTTP 503"),
}


@pytest.mark.parametrize(
    ("faults", "word"),
    cases(
        PASSING,
        "says nothing any more",
        several=True,
    ),
)
def test_the_ingester_survives_transient_faults_of_x_without_a_restart(
    rest: Rest, tmp_path: Path, faults: list[str], word: str | None
) -> None:
    """Real sockets: each way of ending looks different to tweepy, requests and the kernel."""
    one = trial(rest, tmp_path, *faults)
    try:
        one.keep_running()
    finally:
        one.stop()
    assert one.exits == [0]
    log = (tmp_path / "ingester0.log").read_text()
    assert word is None or word in log
    one.check()
    if word is not None:
        assert one.gaps()


def test_a_field_of_posts_that_x_refuses_is_left_out(rest: Rest, tmp_path: Path) -> None:
    """Real HTTP: tweepy's answer to a 400 at the connect, and search asks without the field too."""
    one = trial(rest, tmp_path, "400-fields@1")
    try:
        one.keep_running()
    finally:
        one.stop()
    assert one.exits == [0]
    log = (tmp_path / "ingester0.log").read_text()
    assert log.count('"event":"fields_refused"') == 1
    assert "X does not take the post fields paid_partnership" in log
    one.check()


@pytest.mark.parametrize("dollars", [25.0, None], ids=["X says it", "X answers an empty 404"])
def test_what_is_left_of_the_credits_is_in_the_ledger_and_the_log(
    rest: Rest, tmp_path: Path, dollars: float | None
) -> None:
    """Real HTTP and a real table: an empty 404, and the columns that the row has."""
    one = Trial(rest, tmp_path, credits=dollars)
    try:
        one.start()
        assert eventually(lambda: one.ingester is not None and one.ingester.totals.get("received", 0) > 50)
        assert eventually(
            lambda: bool(rest.ask("SELECT 1 FROM ingester_events WHERE event = 'alive' AND cap_posts = 3000000"))
        )
    finally:
        one.stop()
    (row,) = rest.ask("SELECT MAX(credit_dollars) AS dollars FROM ingester_events WHERE event = 'alive'")
    assert row["dollars"] == dollars
    assert one.ingester is not None
    assert one.ingester.totals.get("credit_cents") == (None if dollars is None else 2_500)
    assert one.ingester.totals["cap_left"] == 3_000_000
    assert ("X does not say what is left" in (tmp_path / "ingester0.log").read_text()) == (dollars is None)


def test_what_waiting_does_not_cure_stops_once_and_stays_stopped(rest: Rest, tmp_path: Path) -> None:
    """Real exit codes, and a second process that reads the stop from a real table."""
    one = trial(rest, tmp_path, "402@1")
    try:
        first = one.start()
        assert eventually(lambda: first.exit_code is not None, 30), first.why()
        assert first.wait(5) == 3
        assert "no credits left" in first.complaint
        second = one.start()
        assert eventually(lambda: second.exit_code is not None, 30), second.why()
        assert second.wait(5) == 0
        assert eventually(lambda: one.attempts == 2), "the first connect, and the one that X answered so"
        assert "A stop is in force" in (tmp_path / "ingester1.log").read_text()
        (row,) = rest.ask(
            "SELECT reason, retry_after, note FROM ingester_events WHERE event = 'stopped' AND reason != 'done' AND reason != 'Done'"
        )
        assert row["reason"] == "credits"
        assert "no credits left" in row["note"]
        assert row["retry_after"] is not None
    finally:
        one.stop()


@pytest.mark.slow
def test_killed_and_started_again_the_gap_is_filled(rest: Rest, tmp_path: Path) -> None:
    """Real signals: SIGKILL, and what sockets and buffers held is gone."""
    one = trial(rest, tmp_path)
    try:
        ingester = one.start()
        assert eventually(lambda: one.x.totals.get("sent", 0) > 60)
        ingester.signal(signal.SIGKILL)
        one.keep_running()
    finally:
        one.stop()
    assert one.exits == [-9, 0]
    one.check()
    assert one.gaps()[0]["reason"] == "killed"


@pytest.mark.slow
def test_told_to_stop_and_started_again_the_gap_is_filled(rest: Rest, tmp_path: Path) -> None:
    """Real signals: SIGTERM while tweepy reads in its thread."""
    one = trial(rest, tmp_path)
    try:
        ingester = one.start()
        assert eventually(lambda: one.x.totals.get("sent", 0) > 60)
        assert ingester.stop() == 0
        one.keep_running()
    finally:
        one.stop()
    one.check()
    assert one.gaps()[0]["reason"] == "told"


@pytest.mark.slow
def test_search_by_hand_says_what_it_costs_and_fetches_what_the_stream_did_not(rest: Rest, tmp_path: Path) -> None:
    """A real command line: what it prints, and its exit code."""
    one = trial(rest, tmp_path)
    began = datetime.now(UTC)
    try:
        ingester = one.start()
        assert eventually(lambda: one.x.totals.get("sent", 0) > 60)
        ingester.signal(signal.SIGKILL)
        ingester.wait(5)
        assert eventually(lambda: "all_sent" in one.x.events)
        let_last(4)  # X's counts know a post some seconds after it was made
        command = [sys.executable, "-m", "ingester", "--time-scale", "0.01", "search", "--from", began.isoformat()]
        asked = subprocess.run(
            [*command, "--dry-run"], env=one.variables(), capture_output=True, text=True, timeout=60, check=False
        )
        assert asked.returncode == 0, asked.stderr
        assert "300 posts from" in asked.stderr.replace("\n", " ")
        assert "$1.50 to $9.00" in asked.stderr.replace("\n", " ")
        done = subprocess.run(
            [*command, "--yes"], env=one.variables(), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
    finally:
        one.stop()
    one.check()


@pytest.mark.slow
def test_a_long_gap_is_filled_in_slices(rest: Rest, tmp_path: Path) -> None:
    """Real pages of search: more posts than one slice may hold in memory."""
    one = trial(rest, tmp_path, posts=2_500, rate=500.0)
    try:
        ingester = one.start()
        assert eventually(lambda: one.x.totals.get("sent", 0) > 60)
        ingester.signal(signal.SIGKILL)
        assert eventually(lambda: "all_sent" in one.x.events)
        one.keep_running()
    finally:
        one.stop()
    assert len(one.check()) > 300
    assert one.x.totals["counts"] == 1, "one question for the whole gap, which is too much for one slice"


@pytest.mark.parametrize("number", cases({"killed": signal.SIGKILL, "told to stop": signal.SIGTERM}))
def test_what_pub_sub_had_not_taken_when_the_ingester_ended_is_fetched_again(
    rest: Rest, tmp_path: Path, number: signal.Signals
) -> None:
    """Real signals: a frozen Pub/Sub behind Google's own client, and the 10 s after SIGTERM."""
    pubsub = rest.pipeline.processes["pubsub"]
    one = trial(rest, tmp_path, posts=1_200)
    try:
        ingester = one.start()
        assert eventually(lambda: one.x.totals.get("sent", 0) > 60)
        pubsub.signal(signal.SIGSTOP)
        let_last(12)  # four heartbeats
        ingester.signal(number)
        assert ingester.wait(12) == (-9 if number == signal.SIGKILL else 4)
        pubsub.signal(signal.SIGCONT)
        one.keep_running()
    finally:
        pubsub.signal(signal.SIGCONT)
        one.stop()
    one.check()


@pytest.mark.slow
def test_a_pub_sub_that_is_killed_and_comes_back_has_lost_nothing(rest: Rest, tmp_path: Path) -> None:
    """Real sockets: Google's own client finds a new Pub/Sub at the old address."""
    one = trial(rest, tmp_path, posts=1_200)
    try:
        one.start()
        assert eventually(lambda: one.x.totals.get("sent", 0) > 300)
        pubsub = rest.pipeline.processes["pubsub"]
        pubsub.signal(signal.SIGKILL)
        assert pubsub.wait(10) == -signal.SIGKILL
        rest.pipeline.restart("pubsub")
        one.keep_running()
    finally:
        one.stop()
    assert one.exits == [0]
    one.check()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_x_drops_because_pub_sub_does_not_take_it_is_fetched_by_search(rest: Rest, tmp_path: Path) -> None:
    """Real memory and sockets: the buffer of 10,000 posts is full after some seconds; then X throws the slow reader out."""
    pubsub = rest.pipeline.processes["pubsub"]
    one = trial(rest, tmp_path, posts=18_000, rate=1_500.0)
    try:
        ingester = one.start()
        assert eventually(lambda: one.x.totals.get("sent", 0) > 500)
        pubsub.signal(signal.SIGSTOP)
        assert eventually(lambda: "slow_reader" in one.x.events, 60)
        pubsub.signal(signal.SIGCONT)
        assert eventually(lambda: "gap_filled" in ingester.events, 120)
        one.keep_running(240)
        assert "blocked" in ingester.events
    finally:
        pubsub.signal(signal.SIGCONT)
        one.stop()
    assert one.exits == [0]
    assert one.x.totals["missed"] > 100
    one.check(120)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_killed_every_five_seconds_for_two_minutes(rest: Rest, tmp_path: Path) -> None:
    """Real signals: twenty-four kills, and a real engine behind the ledger."""
    one = trial(rest, tmp_path, posts=12_000, rate=100.0)
    try:
        ingester = one.start()
        for _ in range(24):
            let_last(5)
            ingester.signal(signal.SIGKILL)
            ingester.wait(5)
            ingester = one.start()
        one.keep_running(120)
    finally:
        one.stop()
    one.check()
