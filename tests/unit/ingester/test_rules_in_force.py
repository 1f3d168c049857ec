"""What is known of the rules at X while the stream is held."""

import random
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from ingester import log
from ingester.ports import Reply, Secret, Token
from ingester.timeouts import Timeouts
from ingester.x.bearer import Tokens
from ingester.x.client import X
from ingester.x.rate_limit import XTime
from ingester.x.rules import Rule
from ingester.x.rules_in_force import RulesInForce
from tests.simulation import x as simulated
from tests.simulation.virtual_loop import VirtualLoop

RULES = "/2/tweets/search/stream/rules"
OURS = [Rule("music", "t")]


class World:
    """X in memory, and what is known of its rules."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self._x = simulated.X(self.loop, random.Random(1), rate=60.0)
        tokens = Tokens(cast(Secret, None), Token("t1", "1"))
        self.known = RulesInForce(X(self, tokens, self, Timeouts(), XTime(self)), OURS, self)

    def time(self) -> float:
        return self._x.now()

    def monotonic(self) -> float:
        return self.loop.time()

    async def call(self, method: str, path: str, parameters: Mapping[str, Any], body: Any, token: Token) -> Reply:
        return self._x.call(method, path, parameters, body, token=token.value)

    def add(self, value: str) -> None:
        self._x.call("POST", RULES, {}, {"add": [{"value": value}]}, token="t1")

    def look(self) -> bool:
        return self.loop.run_until_complete(self.known.look())


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
    world.loop.run_until_complete(world.known.install())
    told.clear()
    assert (world.look(), told) == (True, [])
    world.add("tax")
    assert [world.look() for _ in range(3)] == [True] * 3
    ((name, message),) = told
    assert name == "rules_differ"
    assert "1 that the file does not name" in message
    world.add("weather")
    world.look()
    assert "2 that the file does not name" in told[-1][1]


def test_rules_that_are_all_gone_are_no_rules(world: World) -> None:
    assert not world.look()
