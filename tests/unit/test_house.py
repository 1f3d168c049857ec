"""The rules of this project that no tool checks: what may read a clock, and how tests are written."""

import ast
import re
import sys
from pathlib import Path

import grimp
import networkx as nx
import pytest

from tests.support import ROOT

FUNCTIONS = ["functions/load_tweet", "functions/remove_deleted"]  # whose files stand at the root of what is uploaded
# of the ingester, what may look at a clock; scripts/check holds the other edges (import-linter, pyproject.toml)
EDGES = {
    "__main__.py",
    "backfill/replay.py",
    "budget.py",
    "commands/fetch.py",
    "commands/republish.py",
    "commands/sync_rules.py",
    "ledger/store.py",
    "queued_log.py",
    "pubsub/publisher.py",
    "run.py",
    "threads.py",
    "x/stream.py",
}
PACKAGES = [
    "posts",
    "runtime",
    "warehouse",
    "ingester",
    "functions",
    "dataflow",
    "reports",
    "demo",
    "local",
    "benchmarks",
]
TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))


def imports(file: Path) -> set[str]:
    """Return full names of the modules that a file imports; relative imports as dots."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level or node.module or "")
            if node.module and not node.level:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def packages(file: Path) -> set[str]:
    return {name.split(".")[0] if not name.startswith(".") else name for name in imports(file)}


@pytest.mark.parametrize(
    "package",
    PACKAGES,
)
def test_no_two_modules_import_each_other(package: str) -> None:
    """Python would import the one or the other first, and fail or not."""
    built = grimp.build_graph(package, cache_dir=None)
    edges = ((one, other) for one in built.modules for other in built.find_modules_directly_imported_by(one))
    assert [sorted(circle) for circle in nx.strongly_connected_components(nx.DiGraph(edges)) if len(circle) > 1] == []


def files_of(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    return found


def test_what_decides_takes_time_and_chance_from_outside() -> None:
    """So that a simulated day takes milliseconds, and the same seed gives the same day."""
    clocks = re.compile(
        r"\btime\.(time|sleep|monotonic)\(|\bdatetime\.(now|utcnow)\(|\brandom\.(random|uniform|choice)\b"
    )
    deciding = [file for file in files_of("ingester") if file.relative_to(ROOT / "ingester").as_posix() not in EDGES]
    deciding += files_of("posts")
    assert [file.name for file in deciding if clocks.search(file.read_text()) or "random" in packages(file)] == []
    assert {"connection_loop.py", "startup.py", "stall.py", "gaps.py", "worker.py", "backfill.py", "lease.py"} <= {
        f.name for f in deciding
    }


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_no_module_of_an_upload_has_the_name_of_one_of_pythons(folder: str) -> None:
    """A build runs `python3 -m ...` in the upload's root, which then comes first on sys.path."""
    names = {"posts", "runtime", "warehouse"} | {
        path.stem for path in (ROOT / folder).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert len(names) > 5
    assert not names & sys.stdlib_module_names


def test_no_client_is_patched() -> None:
    words = ("Magic" + "Mock", "mock" + ".patch")
    assert not [file for file in TEST_FILES if any(word in file.read_text() for word in words)]


def test_nothing_is_imported_from_a_test_module() -> None:
    taken = {
        name
        for file in [*TEST_FILES, *files_of("benchmarks")]
        for name in imports(file)
        if re.search(r"^tests\..*\b(test_\w+|conftest)\b", name)
    }
    assert taken == set()


def test_tests_wait_for_conditions_and_do_not_sleep() -> None:
    """Fakes may be slow on purpose. Waiting is in one module."""
    asleep = [
        file.relative_to(ROOT / "tests").as_posix()
        for file in TEST_FILES
        if re.search(r"\btime\.sleep\(", file.read_text())
    ]
    assert [name for name in asleep if not name.startswith("support/fakes/")] == ["support/waiting.py"]


def test_each_fault_says_what_only_real_processes_can_show() -> None:
    """What the ingester decides is tested in simulated time, a thousand times."""
    silent = [
        node.name
        for file in sorted((ROOT / "tests" / "faults").glob("test_*.py"))
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not re.match(r"(Real|A real) ", ast.get_docstring(node) or "")
    ]
    assert silent == []


def test_no_test_is_skipped_in_words_that_ci_cannot_insist_on() -> None:
    """Every skip names the missing tool, through `needs`."""
    other = re.compile(r"pytest\.(skip|xfail|importorskip)\(|mark\.(skip|xfail)")
    assert [file.name for file in TEST_FILES if other.search(file.read_text())] == ["tiers.py"]


@pytest.mark.parametrize("report", sorted((ROOT / "reports/questions").glob("*.sql")), ids=lambda path: path.stem)
def test_a_report_begins_with_its_title_which_says_what_it_shows(report: Path) -> None:
    first = report.read_text().splitlines()[0]
    assert re.fullmatch(r"-- title: [A-Z][^?]{4,120}", first), first
