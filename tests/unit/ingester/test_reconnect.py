"""What follows the end of a connection: every answer of X's, as a table, and the limits that always hold."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ingester.timeouts import Timeouts
from ingester.waits import jittered
from ingester.x.disconnect import Disconnect, DisconnectKind
from ingester.x.rate_limit import RateLimiter
from ingester.x.reconnect import Action, InstallRules, ReadToken, Stop, TerminateStale, Wait, decide, is_good

PROBLEMS = "https://api.x.com/2/problems/"
TIMES = Timeouts()


def http(status: int, reset_in: float | None = None, **problem: Any) -> Disconnect:
    return Disconnect(DisconnectKind.HTTP, status=status, problem=problem, reset_in=reset_in)


GHOST = http(429, None, connection_issue="TooManyConnections")
NO_RULES = http(409, title="ConnectionException", connection_issue="RuleConfigurationIssue")

TABLE: dict[str, tuple[Disconnect, int, Action]] = {
    "a good connection that X closed: at once": (Disconnect(DisconnectKind.CLOSED, seconds=3600), 0, Wait(0)),
    "a first close: at once": (Disconnect(DisconnectKind.CLOSED, seconds=1), 0, Wait(0)),
    "then slower": (Disconnect(DisconnectKind.CLOSED, seconds=1), 1, Wait(0.25)),
    "and slower": (Disconnect(DisconnectKind.CLOSED, seconds=1), 4, Wait(2)),
    "up to 16 s": (Disconnect(DisconnectKind.NETWORK), 50, Wait(16)),
    "told by X": (Disconnect(DisconnectKind.ANNOUNCED, seconds=1), 2, Wait(0.5)),
    "each brought posts: at once, the connects that X allows set the pace": (
        Disconnect(DisconnectKind.CLOSED, seconds=35, posts=9),
        7,
        Wait(0),
    ),
    "a certificate that is not valid, at first": (Disconnect(DisconnectKind.CERTIFICATE), 2, Wait(0.5)),
    "silent": (Disconnect(DisconnectKind.SILENT, seconds=100), 0, Wait(0)),
    "stalled": (Disconnect(DisconnectKind.STALLED, seconds=100), 3, Wait(0)),
    "without our rules": (Disconnect(DisconnectKind.RULES_LOST, seconds=100), 0, InstallRules(0.0)),
    "without our rules again and again": (Disconnect(DisconnectKind.RULES_LOST, seconds=100), 3, InstallRules(8.0)),
    "503 first": (http(503), 0, Wait(5)),
    "503 later": (http(503), 3, Wait(40)),
    "503 at the most": (http(503), 9, Wait(320)),
    "503 with Retry-After": (http(503, 120.0), 0, Wait(120, is_required=True)),
    "503 with a Retry-After below our own back-off": (http(503, 1.0), 3, Wait(40)),
    "500": (http(500), 1, Wait(10)),
    "a proxy's page": (http(502), 0, Wait(5)),
    "404": (http(404), 0, Wait(5)),
    "429 with a time": (http(429, 13.0, title="Too Many Requests", type="about:blank"), 0, Wait(13, is_required=True)),
    "429 with a moment that has passed counts as none": (http(429, None), 1, Wait(120)),
    "429 with a second, again and again": (http(429, 1.0), 6, Wait(64)),
    "429 without": (http(429), 0, Wait(60)),
    "429 without, again": (http(429), 2, Wait(240)),
    "429 in the old words": (http(429, errors=[{"code": 88}]), 9, Wait(320)),
    "another connection, at first: it often goes by itself": (GHOST, 0, Wait(5)),
    "another connection, still": (GHOST, 1, TerminateStale(10)),
    "no rules": (NO_RULES, 0, InstallRules(0)),
    "no rules, still: X needs up to 20 s": (NO_RULES, 9, InstallRules(20)),
}
FATAL: dict[str, tuple[Disconnect, str, str, float | None]] = {
    "403": (http(403, title="Client Forbidden"), "forbidden", "does not let this app", 3600),
    "403 of a spending cap": (
        http(403, title="SpendCapReached", type=f"{PROBLEMS}credits", reset_date="2026-12-01"),
        "spend_cap",
        "until 2026-12-01",
        86_400,
    ),
    "402 credits": (http(402, title="CreditsDepleted", type=f"{PROBLEMS}credits"), "credits", "no credits left", 3600),
    "402 of the other kind": (
        http(402, title="Payment Required", type=f"{PROBLEMS}credits-depleted"),
        "credits",
        "no credits left",
        3600,
    ),
    "a cap that looks like a rate limit": (
        http(429, 900.0, title="UsageCapExceeded", period="Monthly"),
        "cap",
        "usage cap is reached (Monthly)",
        3600,
    ),
    "the same by its type, on the old host": (
        http(429, type="https://api.twitter.com/2/problems/usage-capped"),
        "cap",
        "usage cap",
        3600,
    ),
    "a wait of a day": (http(429, 86_400.0), "limited", "24.0 hours", 3600),
    "a wait of a thousand years": (http(503, 99_999_999_999.0), "limited", "not to be called", 3600),
    "400": (http(400, detail="backfill_minutes"), "parameters", "backfill_minutes", None),
}


@pytest.mark.parametrize(("ended", "failures", "action"), TABLE.values(), ids=TABLE.keys())
def test_each_kind_of_disconnect_leads_to_its_action(ended: Disconnect, failures: int, action: Action) -> None:
    assert decide(ended, failures, TIMES) == action


@pytest.mark.parametrize(("ended", "reason", "words", "retry"), FATAL.values(), ids=FATAL.keys())
def test_what_waiting_does_not_cure_stops_with_words(
    ended: Disconnect, reason: str, words: str, retry: float | None
) -> None:
    action = decide(ended, 0, TIMES)
    assert isinstance(action, Stop)
    assert (action.reason, action.retry_after) == (reason, retry)
    assert words in action.message


def test_a_token_that_x_does_not_take_is_read_again_before_it_is_a_reason_to_stop() -> None:
    action = decide(http(401, title="Unauthorized"), 0, TIMES)
    assert isinstance(action, ReadToken)
    assert action.wait == Wait(5)
    assert action.otherwise.reason == "token"


def test_a_certificate_that_stays_invalid_stops_with_words() -> None:
    action = decide(Disconnect(DisconnectKind.CERTIFICATE, reason="the certificate is not valid: expired"), 5, TIMES)
    assert isinstance(action, Stop)
    assert (action.reason, action.retry_after) == ("certificate", 3600)
    assert "expired" in action.message


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T06:00:00-05:00", datetime(2026, 12, 1, 11, tzinfo=UTC)),
        ("soon", None),
        ("9" * 5_000, None),
        (None, None),
        (20261201, datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_the_date_at_which_a_spending_cap_ends_is_read(said: object, until: datetime | None) -> None:
    action = decide(http(403, title="SpendCapReached", reset_date=said), 0, TIMES)
    assert isinstance(action, Stop)
    assert (action.reason, action.until) == ("spend_cap", until)


def test_only_a_connection_that_brought_a_post_or_was_held_earns_a_new_start() -> None:
    assert is_good(Disconnect(DisconnectKind.CLOSED, seconds=1, posts=1), TIMES)
    assert is_good(Disconnect(DisconnectKind.CLOSED, seconds=61), TIMES)
    assert not is_good(Disconnect(DisconnectKind.CLOSED, seconds=59), TIMES)
    assert not is_good(http(503), TIMES)


def test_all_times_shrink_together() -> None:
    tenth = TIMES.scaled(0.1)
    assert decide(http(503), 0, tenth) == Wait(0.5)
    assert tenth.fresh == pytest.approx(9)


def test_jitter_never_comes_early() -> None:
    assert (jittered(10, 0.0), jittered(10, 1.0)) == (10, 12)


def test_what_x_asks_for_is_lengthened_by_a_second_at_the_most() -> None:
    assert jittered(900, 1.0, is_required=True) == 901
    assert jittered(2, 1.0, is_required=True) == pytest.approx(2.4)


def test_the_bucket_lets_no_more_through_than_the_limit_in_any_window() -> None:
    bucket, now, taken = RateLimiter(40, 900), 0.0, []
    for _ in range(500):
        now += bucket.wait(now) + 0.001
        bucket.acquire(now)
        taken.append(now)
    assert all(taken[i + 40] - taken[i] >= 900 for i in range(len(taken) - 40))


def waits(every: float) -> list[float]:
    """Return how long each of 200 connects waits, if each connection lasts so long."""
    bucket, now, found = RateLimiter(40, 900), 0.0, []
    for _ in range(200):
        found.append(bucket.delay(now))
        now += found[-1]
        bucket.acquire(now)
        now += every
    return found


def test_connections_that_end_at_once_get_half_of_the_bucket_and_then_an_even_share() -> None:
    assert waits(1.0)[:20] == [0.0] * 20
    assert max(waits(1.0)) < 50, "and never until the whole window is over"


def test_a_hundred_disconnects_an_hour_are_within_what_x_allows_and_wait_for_nothing() -> None:
    assert max(waits(35.0)) == 0.0


def test_the_bucket_remembers_what_was_before_a_restart() -> None:
    bucket = RateLimiter(40, 900, past=[1_000.0] * 40)
    assert bucket.wait(1_100.0) == 800.0
    assert bucket.wait(1_901.0) == 0.0
