"""The whole pipeline as real processes, with a fault, and what must hold once all is calm again:

the view shows X's posts, less the retweets inside gaps, whose number is in the ledger; `archive` has the same; each message has ended
somewhere, once; and every post that the stream did not carry lies in a gap of the ledger.
"""

import json
import signal
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingester.x.search import created_at
from local.emulators.bigquery.create import view_sql
from local.pipeline import DATASET, PROJECT
from local.processes import Process, wait_until_ready
from posts import languages
from posts.prices import DOLLARS
from tests.support.pipeline import LANGUAGES, Rest, put
from tests.support.waiting import eventually

SCALE = 0.05  # of the policy's times: a minute is three seconds
RATE = 60.0
KEEP_ALIVE = 0.3  # seconds; X's 20 s, scaled, would be 1
_CALM = 1.0  # seconds: a process that has just woken looks first at what it finds in its buffers
_COUNTED = 15.0  # seconds that the ledger may need to have the last count


def cases(table: dict[str, Any], *quick: str, several: bool = False) -> list[Any]:
    """Return parameters by name, for parametrize: one each, or with `several` more.

    Those named in `quick` run in scripts/test. The others are variants of these and run in scripts/test all and faults.
    """
    assert set(quick) <= set(table), set(quick) - set(table)
    return [
        pytest.param(*(value if several else (value,)), id=name, marks=[] if name in quick else [pytest.mark.slow])
        for name, value in table.items()
    ]


@dataclass
class Trial:
    """One X and one ingester, which is started again when it ends, as Cloud Run and Scheduler do."""

    rest: Rest
    folder: Path
    posts: int = 300
    rate: float = RATE
    faults: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    lag: float = 0.3
    credits: float | None = None  # dollars; None: X does not say
    module: tuple[str, ...] = ("ingester",)
    exits: list[int | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.truth_file = self.folder / "truth.jsonl"
        command = [
            sys.executable,
            "-m",
            "local.emulators.x.server",
            "--port",
            "0",
            "--posts",
            str(self.posts),
            "--rate",
            str(self.rate),
            "--keep-alive",
            str(KEEP_ALIVE),
            "--search-lag",
            str(self.lag),
            "--truth",
            str(self.truth_file),
            *(part for fault in self.faults for part in ("--fault", fault)),
            *(("--credits", str(self.credits)) if self.credits is not None else ()),
        ]
        environment = {**self.rest.pipeline.environment, "X_BEARER_TOKEN": "local"}
        self.x = Process("x", command, environment, self.folder / "x.log")
        self.port = wait_until_ready(self.x)
        self.ingester: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def variables(self) -> dict[str, str]:
        ours = {
            "X_API_URL": self.url,
            "X_BEARER_TOKEN": "local",
            "MAX_POSTS_PER_DAY": "0",
            "MAX_POSTS_PER_MONTH": "0",
        }
        return {**self.rest.pipeline.environment, **ours, **self.environment}

    def start(self, **more: str) -> Process:
        command = [sys.executable, "-m", *self.module, "--time-scale", str(SCALE), "stream"]
        number = len(list(self.folder.glob("ingester*.log")))
        self.ingester = Process("ingester", command, self.variables() | more, self.folder / f"ingester{number}.log")
        return self.ingester

    def keep_running(self, seconds: float = 60.0, **more: str) -> None:
        """Run until X has made all its posts and no gap is open. An ingester that ends is started again."""
        ingester = self.ingester or self.start(**more)

        def calm() -> bool:
            nonlocal ingester
            if ingester.exit_code is not None:
                self.exits.append(ingester.wait(1))
                ingester = self.start(**more)
            totals = ingester.totals  # one line's counts belong together
            held = totals.get("connections", 0) > 0
            return "all_sent" in self.x.events and held and totals["open_gaps"] == 0

        assert eventually(calm, seconds, steady=_CALM), f"{ingester.totals}: {ingester.why()}"
        if '"rules-gone"' in (self.folder / "x.log").read_text():
            # seen with a heartbeat, and with the next one if it is too late for this
            beats = self._beats()
            assert eventually(lambda: self._beats() > beats + 1, seconds)
            assert eventually(calm, seconds, steady=_CALM), f"{ingester.totals}: {ingester.why()}"
        assert eventually(self._ledger_is_level, seconds, every=0.5), f"{ingester.totals}: {ingester.why()}"
        # where BigQuery took no events, the count is in the ledger with a later one; check() says whether it is right
        eventually(lambda: self.guarded >= self.x.totals["mills"], _COUNTED, every=0.5)

    def _beats(self) -> int:
        return sum(path.read_text().count('"event":"alive"') for path in self.folder.glob("ingester*.log"))

    def _ledger_is_level(self) -> bool:
        """Return whether no gap from before the last post is open.

        An ingester that must stop while BigQuery takes nothing leaves writing a gap's end to the next one.
        """
        log = [json.loads(line) for line in (self.folder / "x.log").read_text().splitlines() if '"all_sent"' in line]
        # what opens then is the silence after it
        last = datetime.fromisoformat(log[-1]["time"]) - timedelta(seconds=0.5)
        return not [gap for gap in self.gaps() if gap["status"] == "open" and gap["since"] < last]

    def go_wrong(self, fault: str) -> None:
        """Make a fault of X's happen now (local/emulators/x/faults.py)."""
        put(f"{self.url}/stand-in/fault", fault)

    def process(self, name: str) -> Process:
        assert self.ingester is not None
        return {**self.rest.pipeline.processes, "ingester": self.ingester, "x": self.x}[name]

    def bring_back(self, name: str) -> None:
        """Start a part again once it has ended; the ingester as Cloud Run does."""
        code = self.process(name).wait(20)
        if code is None and name == "bigquery":  # the real one does not end for whoever is connected
            self.process(name).signal(signal.SIGKILL)
            code = self.process(name).wait(5)
        assert code is not None, f"{name} does not end"
        if name == "ingester":
            self.exits.append(code)
            self.start()
        else:
            self.rest.pipeline.restart(name)

    def sent(self, posts: int) -> bool:
        """Wait until X's stream has carried so many posts."""
        return eventually(lambda: self.x.totals.get("sent", 0) >= posts, 60)

    def stop(self) -> None:
        if self.ingester is not None:
            self.exits.append(self.ingester.stop())
        self.x.stop()

    @property
    def attempts(self) -> int:
        return self.x.totals["attempts"]

    @property
    def guarded(self) -> int:
        """Return the money guard's count, in tenths of a cent as X's bill."""
        (row,) = self.rest.ask(
            "SELECT SUM(units) AS units FROM (SELECT MAX_BY(own_units + reserved_units, sequence) AS units FROM ingester_events "
            "WHERE own_units IS NOT NULL GROUP BY holder)"
        )
        return int(row["units"] or 0) * round(DOLLARS * 1_000)

    def truth(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.truth_file.read_text().splitlines()]

    def gaps(self) -> list[dict[str, Any]]:
        return self.rest.ask("SELECT * FROM stream_gaps ORDER BY since")

    def check(self, seconds: float = 30.0) -> set[str]:
        """Check that the view shows X's posts less the missing retweets, whose number is in the ledger. Returns these."""
        truth = self.truth()
        assert len(truth) == self.posts
        ids = {post["id"] for post in truth}
        ended = "SELECT id FROM tweet_versions UNION DISTINCT SELECT id FROM filtered"
        archived: set[str] = set()
        stored: set[str] = set()

        def settled() -> bool:
            archived.update(ids & {row["id"] for row in self.rest.ask("SELECT DISTINCT id FROM archive")})
            stored.update(ids & {row["id"] for row in self.rest.ask(ended)})
            return archived == stored and self.rest.pipeline.count("pubsub", "owed") == 0

        # the engine has one thread, which the function needs as well
        assert eventually(settled, seconds, every=0.5), (
            f"what is archived has ended as a row, or filtered: {len(archived)} archived, {len(stored)} stored, "
            f"{len(archived - stored)} not stored, {len(stored - archived)} not archived"
        )
        missing = {post["id"] for post in truth} - archived
        lost = sorted(missing - {post["id"] for post in truth if post["retweet"]}, key=int)
        assert not lost, (
            f"search gives back all but retweets: {len(lost)} are lost, from {created_at(lost[0])} to {created_at(lost[-1])}"
        )
        replaced = {old for post in truth if post["id"] not in missing for old in post["replaces"]}
        shown = [row["id"] for row in self.rest.ask("SELECT id FROM tweets") if row["id"] in ids]
        assert len(shown) == len(set(shown))
        kept = {languages.language_code(name) for name in LANGUAGES}
        expected = {post["id"] for post in truth if languages.language_code(post["lang"]) in kept} - replaced - missing
        assert set(shown) == expected
        assert not [row for row in self.rest.ask(_receipt()) if row["balance"]], "each message has ended somewhere"
        self._explained(truth)
        last = max(created_at(post["id"]) for post in truth)
        # X had no more to say: what the silence after that was taken for, when the trial ended, is nothing
        gaps = [gap for gap in self.gaps() if gap["status"] != "open" or gap["since"] < last]
        assert {gap["status"] for gap in gaps} <= {"filled", "partial"}, gaps
        assert sum(gap["posts_expected"] - gap["posts_recovered"] for gap in gaps) == len(missing), gaps
        assert self.attempts <= 50
        assert self.guarded >= self.x.totals["mills"], (
            f"the money guard's count, {self.guarded}, is below X's bill of {self.x.totals['mills']}"
        )
        self.rest.settled = True
        return missing

    def _explained(self, truth: list[dict[str, Any]]) -> None:
        """Check that the stream missed posts only during gaps of the ledger."""
        edge = timedelta(seconds=SCALE * 60)  # of a gap, searched as well; and X's stand-in takes a moment to notice
        gaps = [(gap["since"] - edge, (gap["until"] or datetime.now(UTC)) + edge) for gap in self.gaps()]
        (first,) = self.rest.ask("SELECT MIN(`at`) AS at_ FROM ingester_events WHERE event = 'connected'")
        for post in truth:
            moment = created_at(post["id"])
            if not post["sent"] and moment > first["at_"]:
                assert any(since <= moment <= until for since, until in gaps), (
                    f"{post['id']} at {moment} is in no gap: {gaps}"
                )


def _receipt() -> str:
    """Return the view, including the newest five minutes."""
    return view_sql("receipt", PROJECT, DATASET).replace("INTERVAL 5 MINUTE", "INTERVAL 0 SECOND")
