"""Whatever X does, afterwards every post is in BigQuery but the retweets that search does not return, and those are counted."""

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from tests.support.fakes import secrets
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
    "says that it will close, and does": (["disconnect@1"], "OperationalDisconnect"),
    "says that it will close, and does not": (["disconnect-open@1"], "OperationalDisconnect"),
    "answers 503 twice": (["503@1x2"], "HTTP 503"),
    "answers 500": (["500@1"], "HTTP 500"),
    "answers a web page": (["html@1"], "HTTP 502"),
    "answers not at all": (["refuse@1x2"], "refused, or cut"),
    "has had enough connects": (["429-rate@1"], "HTTP 429"),
    "counts a connection that nobody holds": (["429-connections@1"], "HTTP 429"),
    "has lost the rules": (["409@1"], "HTTP 409"),
    "has its rules taken away by somebody else": (["rules-gone@1", "close@2"], "HTTP 409"),
    "sends posts twice": (["duplicates@2"], None),
    "sends a kind of message that nobody knows": (["unknown@1"], None),
    "does many things": (["close@0.5", "503@1", "partial@2", "429-connections@3", "reset@4"], "HTTP 503"),
}


@pytest.mark.slow
def test_keep_alives_without_posts_are_a_stall(rest: Rest, tmp_path: Path) -> None:
    one = trial(rest, tmp_path, "stall@1.5", posts=800)
    try:
        one.keep_running()
    finally:
        one.stop()
    assert "keep-alives, and no post" in (tmp_path / "ingester0.log").read_text()
    one.check()


@pytest.mark.slow
def test_rules_that_somebody_took_away_are_missed_within_a_heartbeat(rest: Rest, tmp_path: Path) -> None:
    """X keeps such a connection, with keep-alives. Posts go on for longer than until the next look at the rules."""
    one = trial(rest, tmp_path, "rules-gone@1.5", posts=800)
    try:
        one.keep_running()
    finally:
        one.stop()
    log = (tmp_path / "ingester0.log").read_text().splitlines()
    first = next(line for line in log if '"event":"disconnected"' in line)
    assert "somebody took them away" in first  # before it is a stall
    one.check()


@pytest.mark.slow
def test_a_rule_that_somebody_adds_is_told_while_the_stream_is_held(rest: Rest, tmp_path: Path) -> None:
    """Its posts cost money too, and lie in the table."""
    one = trial(rest, tmp_path)
    try:
        one.start()
        assert one.sent(1)
        rules = f"{one.url}/2/tweets/search/stream/rules"
        body = {"add": [{"value": "tax", "tag": "somebody's"}]}
        requests.post(rules, json=body, headers={"Authorization": "Bearer local"}, timeout=10)
        one.keep_running()
        log = tmp_path / "ingester0.log"
        assert eventually(lambda: "1 that the file does not name" in log.read_text(), 20)
    finally:
        one.stop()
    assert log.read_text().count('"event":"rules_differ"') == 1
    one.check()


@pytest.mark.parametrize(
    ("faults", "word"),
    cases(
        PASSING,
        "closes cleanly",
        "resets the connection",
        "says nothing any more",
        "says that it will close, and does not",
        "answers 503 twice",
        several=True,
    ),
)
def test_what_passes_is_survived_by_one_process(
    rest: Rest, tmp_path: Path, faults: list[str], word: str | None
) -> None:
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


FATAL = {
    "402": ("402@1", "credits", "no credits left"),
    "402 of the other kind": ("402-credits@1", "credits", "no credits left"),
    "a cap": ("429-cap@1", "cap", "usage cap is reached (Monthly)"),
    "401": ("401@1", "token", "does not take the bearer token"),
    "403": ("403@1", "forbidden", "does not let this app"),
    "400": ("400@1", "parameters", "does not take a parameter"),
}


@pytest.mark.parametrize(("fault", "reason", "words"), cases(FATAL, "402", several=True))
def test_what_waiting_does_not_cure_stops_once_and_stays_stopped(
    rest: Rest, tmp_path: Path, fault: str, reason: str, words: str
) -> None:
    one = trial(rest, tmp_path, fault)
    try:
        first = one.start()
        assert eventually(lambda: first.exit_code is not None, 30), first.why()
        assert first.wait(5) == 3
        assert words in first.complaint
        second = one.start()
        assert eventually(lambda: second.exit_code is not None, 30), second.why()
        assert second.wait(5) == 0
        assert eventually(lambda: one.attempts == 2), "the first connect, and the one that X answered so"
        assert "A stop is in force" in (tmp_path / "ingester1.log").read_text()
        (row,) = rest.ask(
            "SELECT reason, retry_after, note FROM ingester_events WHERE event = 'stopped' AND reason != 'done' AND reason != 'Done'"
        )
        assert row["reason"] == reason
        assert words in row["note"]
        assert (row["retry_after"] is None) == (reason == "parameters")
    finally:
        one.stop()


@pytest.mark.slow
def test_killed_and_started_again_the_gap_is_filled(rest: Rest, tmp_path: Path) -> None:
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
def test_a_second_one_leaves_the_first_alone(rest: Rest, tmp_path: Path) -> None:
    """Locally and in a worker pool it waits until it knows that the first lives; as a job it goes at once."""
    one = trial(rest, tmp_path)
    try:
        first = one.start()
        assert eventually(lambda: "connected" in first.events)
        for job in ({}, {"CLOUD_RUN_JOB": "ingester", "CLOUD_RUN_EXECUTION": "ingester-x2"}):
            second = one.start(**job)
            assert eventually(lambda: second.exit_code is not None, 40), second.why()  # noqa: B023
            assert second.wait(5) == 0
            assert "holds the stream" in second.log.read_text()
            assert "connected" not in second.events
        one.ingester = first
        one.keep_running()
    finally:
        one.stop()
    assert one.exits == [0]
    one.check()


@pytest.mark.slow
def test_the_next_attempt_of_a_killed_job_takes_over_at_once(rest: Rest, tmp_path: Path) -> None:
    one = trial(rest, tmp_path)
    job = {"CLOUD_RUN_JOB": "ingester", "CLOUD_RUN_EXECUTION": "ingester-x1"}
    try:
        first = one.start(**job)
        assert eventually(lambda: one.x.totals.get("sent", 0) > 60)
        first.signal(signal.SIGKILL)
        first.wait(5)
        second = one.start(**job, CLOUD_RUN_TASK_ATTEMPT="1")
        one.keep_running()
        assert second.exit_code is None
    finally:
        one.stop()
    one.check()


@pytest.mark.slow
def test_the_budget_stops_the_stream_cleanly_and_the_gap_is_left_to_the_user(rest: Rest, tmp_path: Path) -> None:
    one = trial(rest, tmp_path)
    limited = {"MAX_POSTS_PER_DAY": "100", "EXPAND_AUTHORS": "false"}
    try:
        first = one.start(**limited)
        assert eventually(lambda: first.exit_code is not None, 30), first.why()
        assert first.wait(5) == 0
        assert "MAX_POSTS_PER_DAY is reached" in first.log.read_text()
        second = one.start(**limited)
        assert eventually(lambda: second.exit_code is not None, 30), second.why()
        assert "A stop is in force until" in second.log.read_text()
        third = one.start(MAX_POSTS_PER_DAY="0")
        assert eventually(lambda: "connected" in third.events, 30), "a raised limit ends the stop"
    finally:
        one.stop()
    (stop,) = rest.ask(
        "SELECT reason, retry_after, delivered_today FROM ingester_events WHERE event = 'stopped' AND reason = 'budget'"
    )
    assert stop["retry_after"].hour == 0
    assert 100 <= stop["delivered_today"] < 400  # the posts came with their authors, who are billed where they come


@pytest.mark.slow
def test_a_rotated_token_is_read_again_without_a_new_deployment(rest: Rest, tmp_path: Path) -> None:
    with secrets.serve("local") as secret:
        one = trial(rest, tmp_path, "rotate@1")
        try:
            ingester = one.start(
                X_BEARER_TOKEN="",
                X_BEARER_TOKEN_SECRET="projects/p/secrets/x-bearer-token",
                SECRET_MANAGER_ENDPOINT=secret.url,
            )
            assert eventually(lambda: "connected" in ingester.events, 30), ingester.why()
            secret.add("local-rotated")
            one.keep_running()
        finally:
            one.stop()
    assert one.exits == [0]
    assert "version 2 is used from now on" in (tmp_path / "ingester0.log").read_text()
    assert "local-rotated" not in (tmp_path / "ingester0.log").read_text()
    one.check()


@pytest.mark.slow
def test_search_by_hand_says_what_it_costs_and_fetches_what_the_stream_did_not(rest: Rest, tmp_path: Path) -> None:
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


SEARCHES = {
    "is away": ["search-503@0.5x2"],
    "answers half a page": ["search-garbled@0.5x2"],
    "gives an empty page with more behind it": ["search-empty@0.5x2"],
    "has had enough calls": ["search-429@0.5"],
    "is out of credits while the stream goes on": ["search-402@0.5"],
}


@pytest.mark.parametrize("faults", cases(SEARCHES))
def test_a_gap_is_filled_in_the_end_when_search(rest: Rest, tmp_path: Path, faults: list[str]) -> None:
    one = trial(rest, tmp_path, "close@1", *faults)
    try:
        one.keep_running()
    finally:
        one.stop()
    assert one.exits == [0]
    one.check()


@pytest.mark.slow
def test_a_long_gap_is_filled_in_slices(rest: Rest, tmp_path: Path) -> None:
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
    """The buffer of 10,000 posts is full after some seconds; then X throws the slow reader out."""
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
