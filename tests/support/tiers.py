"""Which tests run in which tier, in what order, and how skips are reported.

`scripts/test` runs what is quick: neither slow nor in need of processes of its own. `scripts/test processes` runs those that need them,
`scripts/test all` everything. A slice is a marker, and takes its slow tests along.
"""

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support import ROOT

# a folder's tests belong to the slice of its name; `browser` is marked where a test opens one
SLICES = ("faults", "deploy", "fuzz")
# whole pipelines, deployments, builds: each test starts processes of its own
PROCESSES = ("faults", "deploy", "end_to_end")
# Long tests first: the short ones are left for the end, when one worker takes over the rest of the other's.
_ORDER = ("faults", "simulation", "end_to_end", "deploy", "fuzz", "contract", "unit")
_last_end: dict[str, float] = {}  # worker: monotonic seconds
# how the reason of a skip begins when a tool is missing
_NEEDS = "needs "


def needs(tool: str, present: bool, how: str) -> pytest.MarkDecorator:
    """Skip a test if a tool is missing. The reason begins with the tool, so that `--tools` can require it."""
    return pytest.mark.skipif(not present, reason=f"{_NEEDS}{tool}: {how}")


def mark(items: list[pytest.Item]) -> None:
    for item in items:
        room = _room(item)
        if room in SLICES:
            item.add_marker(room)
        has_processes = room in PROCESSES or item.get_closest_marker("process_per_case") is not None
        if has_processes and item.get_closest_marker("quick") is None:
            item.add_marker("processes")


def put_long_ones_first(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _ORDER.index(_room(item)))


def note_end(report: pytest.TestReport) -> None:
    """Remember when each worker finished its last test. Only the controlling process sees the workers' nodes."""
    node = getattr(report, "node", None)
    if node is not None:
        _last_end[node.gateway.id] = time.monotonic()


def tell_ends(reporter: pytest.TerminalReporter) -> None:
    if len(_last_end) > 1:
        apart = max(_last_end.values()) - min(_last_end.values())
        reporter.line(f"The {len(_last_end)} workers ended {apart:.0f} s apart.")


def tell_skips(reporter: pytest.TerminalReporter, insisted_on: str) -> None:
    """Print what was skipped and why, and which required tool was missing."""
    skipped = _skipped(reporter)
    if skipped:
        reporter.section("skipped")
        for reason, count in sorted(skipped.items()):
            reporter.line(f"{count} {'test' if count == 1 else 'tests'}: {reason}")
    if missing := _missing(skipped, insisted_on):
        reporter.line(
            f"FAILED: {', '.join(missing)} should be installed here, and the tests above were skipped for want of it.",
            red=True,
        )


def missing_tools(config: pytest.Config) -> list[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return _missing(_skipped(reporter), config.getoption("--tools")) if reporter else []


def _skipped(reporter: pytest.TerminalReporter) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for report in reporter.stats.get("skipped", []):
        _, _, words = report.longrepr
        reasons[words.removeprefix("Skipped: ")] += 1
    return reasons


def _missing(skipped: Counter[str], insisted_on: str) -> list[str]:
    tools = [name.strip() for name in insisted_on.split(",") if name.strip()]
    return [tool for tool in tools if any(reason.startswith(f"{_NEEDS}{tool}:") for reason in skipped)]


def _room(item: pytest.Item) -> str:
    return Path(item.path).relative_to(ROOT / "tests").parts[0]
