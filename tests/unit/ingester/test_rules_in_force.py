"""What is known of the rules at X while the stream is held."""

import asyncio
import random
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from ingester.ports import Reply
from ingester.timeouts import Timeouts
from ingester.x.client import X
from ingester.x.rate_limit import ServerClock
from ingester.x.rules import Rule
from ingester.x.rules_in_force import RulesInForce
from ingester.x.tokens import Tokens, TokenSource
from runtime import log
from runtime.bearer_token import Token
from tests.simulation import x as simulated
from tests.simulation.virtual_loop import VirtualLoop

RULES = "/2/tweets/search/stream/rules"
OURS = [Rule("music", "t")]


class World:
    """X in memory, and what is known of its rules."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.hidden = False  # X lists nothing
        self.refused = False  # X takes nothing
        self.rename: dict[str, str] = {}  # how X lists a rule's value
        self._x = simulated.X(self.loop, random.Random(1), rate=60.0)
        tokens = Tokens(cast(TokenSource, None), Token("t1", "1"))
        self.known = RulesInForce(X(self, tokens, self, Timeouts(), ServerClock(self)), OURS, self)

    def time(self) -> float:
        return self._x.now()

    def monotonic(self) -> float:
        return self.loop.time()

    async def call(self, method: str, path: str, parameters: Mapping[str, Any], body: Any, token: Token) -> Reply:
        if self.refused and method == "POST":
            return Reply(503, {}, {"title": "Service Unavailable"})
        reply = self._x.call(method, path, parameters, body, token=token.value)
        listed = [
            rule | {"value": self.rename.get(rule["value"], rule["value"])}
            for rule in (reply.body or {}).get("data", [])
        ]
        body = (reply.body or {}) | ({"data": listed} if listed else {})
        return Reply(reply.status, reply.headers, {"meta": {}} if self.hidden else body)

    def remove_all(self) -> None:
        self._x.rules = []

    def add(self, value: str) -> None:
        self._x.call("POST", RULES, {}, {"add": [{"value": value}]}, token="t1")

    def refresh(self) -> bool:
        return self.loop.run_until_complete(self.known.refresh())


@pytest.fixture
def world() -> Iterator[World]:
    one = World()
    yield one
    one.loop.close()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(log, "event", lambda name, *_, **fields: found.append((name, fields.get("message", ""))))
    return found


def test_a_rule_that_somebody_adds_is_told_once(world: World, told: list[tuple[str, str]]) -> None:
    """Its posts cost money too, and are in the table."""
    world.loop.run_until_complete(world.known.add_file_rules())
    told.clear()
    assert (world.refresh(), told) == (True, [])
    world.add("tax")
    assert [world.refresh() for _ in range(3)] == [True] * 3
    ((name, message),) = told
    assert name == "rules_differ"
    assert "1 that the file does not name" in message
    world.add("weather")
    world.refresh()
    assert "2 that the file does not name" in told[-1][1]


def test_x_without_our_rules_is_told_and_they_are_what_a_gap_is_filled_by(
    world: World, told: list[tuple[str, str]]
) -> None:
    """Another app's rules, or none: the stream goes on, and our posts do not come."""
    assert not world.refresh()
    world.loop.run_until_complete(world.known.add_file_rules())
    installed = world.known.listed
    seen_at = world.known.seen_at
    world.remove_all()
    world.add("another app's")
    told.clear()
    assert not world.refresh()
    assert world.known.listed == installed, "what was in force before"
    assert world.known.seen_at == seen_at
    ((name, message),) = told
    assert name == "rules_missing"
    assert "1 of the file's 1 rules. Somebody has taken them away" in message
    world.loop.run_until_complete(world.known.add_file_rules())
    assert world.refresh()
    assert [rule.value for rule in world.known.listed] == ["another app's", "music"]


def test_a_rule_that_x_lists_in_other_words_is_known_by_its_id(world: World) -> None:
    world.rename = {"music": "Music"}
    assert not world.refresh()
    world.loop.run_until_complete(world.known.add_file_rules())
    assert world.refresh()
    world.remove_all()
    world.add("Music")
    assert not world.refresh(), "somebody else's, with another id"


def test_rules_that_x_takes_and_never_lists_do_not_end_the_stream_for_ever(
    world: World, told: list[tuple[str, str]]
) -> None:
    world.hidden = True
    for _ in range(3):
        assert not world.refresh()
        world.loop.run_until_complete(world.known.add_file_rules())
    assert told[-1][0] == "rules_unlisted"
    assert world.refresh()
    world.hidden = False
    assert world.refresh()
    world.remove_all()
    assert not world.refresh(), "once X lists them, they can be missing again"


def test_while_x_takes_no_rules_the_stream_goes_on_with_those_that_it_has(world: World) -> None:
    world.loop.run_until_complete(world.known.add_file_rules())
    world.remove_all()
    assert not world.refresh()
    world.refused = True
    world.loop.run_until_complete(world.known.add_file_rules())
    assert world.refresh(), "to end the stream would not bring them back"
    world.refused = False
    world.loop.run_until_complete(asyncio.sleep(120.0))
    assert not world.refresh()
    world.loop.run_until_complete(world.known.add_file_rules())
    assert world.refresh()
