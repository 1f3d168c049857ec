"""What follows when a connection has ended: every answer of X's, as a table."""

from typing import Any

import pytest

from ingester.policy import Action, Ended, InstallRules, Stop, Wait, decide, is_good

PROBLEMS = "https://api.x.com/2/problems/"


def http(status: int, reset_in: float | None = None, **problem: Any) -> Ended:
    return Ended("http", status=status, problem=problem, reset_in=reset_in)


TABLE: dict[str, tuple[Ended, int, Action]] = {
    "a good connection that X closed: at once": (Ended("closed", held=3600), 0, Wait(0)),
    "a first close: at once": (Ended("closed", held=1), 0, Wait(0)),
    "then slower": (Ended("closed", held=1), 1, Wait(0.25)),
    "and slower": (Ended("closed", held=1), 4, Wait(2)),
    "up to 16 s": (Ended("network"), 50, Wait(16)),
    "told by X": (Ended("told", held=1), 2, Wait(0.5)),
    "503 first": (http(503), 0, Wait(5)),
    "503 later": (http(503), 3, Wait(40)),
    "503 at the most": (http(503), 9, Wait(320)),
    "429 with a time": (http(429, 12.0, title="Too Many Requests", type="about:blank"), 0, Wait(13)),
    "429 without": (http(429), 0, Wait(60)),
    "429 because of another connection": (http(429, 900.0, connection_issue="TooManyConnections"), 1, Wait(10)),
    "no rules": (http(409, title="ConnectionException", connection_issue="RuleConfigurationIssue"), 0, InstallRules()),
}
FATAL: dict[str, tuple[Ended, str]] = {
    "401": (http(401, title="Unauthorized"), "Is the token right"),
    "403": (http(403, title="Client Forbidden"), "may its app use the filtered stream"),
    "402 credits": (http(402, title="CreditsDepleted", type=f"{PROBLEMS}credits"), "no credits left"),
    "402 of the other kind": (
        http(402, title="Payment Required", type=f"{PROBLEMS}credits-depleted"),
        "no credits left",
    ),
    "a cap that looks like a rate limit": (
        http(429, 900.0, title="UsageCapExceeded", period="Monthly"),
        "usage cap is reached (Monthly)",
    ),
    "the same by its type, on the old host": (
        http(429, type="https://api.twitter.com/2/problems/usage-capped"),
        "usage cap",
    ),
    "400": (http(400, detail="backfill_minutes"), "backfill_minutes"),
}


@pytest.mark.parametrize(("ended", "failures", "action"), TABLE.values(), ids=TABLE.keys())
def test_what_follows(ended: Ended, failures: int, action: Action) -> None:
    assert decide(ended, failures) == action


@pytest.mark.parametrize(("ended", "words"), FATAL.values(), ids=FATAL.keys())
def test_what_waiting_does_not_cure_stops_with_words(ended: Ended, words: str) -> None:
    action = decide(ended, 0)
    assert isinstance(action, Stop)
    assert words in action.message


def test_only_a_connection_that_was_held_earns_a_new_start() -> None:
    assert [is_good(e) for e in (Ended("closed", held=61), Ended("closed", held=59), http(503))] == [True, False, False]
