"""Pages that people write agree with the code. Tables in docs/reference are generated; `scripts/docs check` finds a stale one."""

import ast
import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from functions.remove_deleted import settings as removal_settings
from ingester import settings as ingester_settings
from posts.errors import REJECTED
from posts.filter import DROPPED
from reports.params import Params
from runtime.version import AGENT
from tests.simulation.faults import FAULTS
from tests.support import ROOT
from warehouse import settings as function_settings

README = (ROOT / "README.md").read_text()
MINOR = {  # faults that are another row's in a different dress
    "test_search_by_hand_says_what_it_costs_and_fetches_what_the_stream_did_not",
    "test_a_pub_sub_that_is_killed_and_comes_back_has_lost_nothing",
    "test_what_x_drops_because_pub_sub_does_not_take_it_is_fetched_by_search",
    "test_killed_every_five_seconds_for_two_minutes",
    "test_each_part_in_turn_in_one_run",
    "test_there_are_twenty_kinds_of_poison",
}


class _Recording(dict[str, str]):
    """An environment that remembers which variables were read."""

    def __init__(self, **variables: str) -> None:
        super().__init__(variables)
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def test_the_table_of_variables_is_what_the_settings_read() -> None:
    rows = [line.split("\t") for line in (ROOT / "infra" / "variables.tsv").read_text().splitlines()[1:]]

    def read_by(part: str) -> set[str]:
        return {name for name, who, _, _ in rows if {part, "all"} & set(who.split(", "))}

    for part, settings in {
        "ingester": ingester_settings,
        "load_tweet": function_settings,
        "remove_deleted": removal_settings,
    }.items():
        environment = _Recording(GOOGLE_CLOUD_PROJECT="p", X_BEARER_TOKEN="token")
        settings.read(environment)
        assert read_by(part) == environment.names, part


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    assert len(README.splitlines()) < 200
    targets = [target for target in re.findall(r"\]\(([^)#]+)", README) if "://" not in target]
    assert len(targets) > 20
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_version_is_one() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert AGENT.partition("/")[2] == version
    for program in (["-m", "ingester"], ["-m", "local"], ["-m", "reports"], ["-m", "dataflow"]):
        ran = subprocess.run(
            [sys.executable, *program, "--version"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == version
    assert (
        subprocess.run(
            ["./deploy.sh", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        == version
    )
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text().replace("## Unreleased", ""), re.MULTILINE)
    assert newest
    assert newest[1] == version


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_commands_of_the_tutorial_run_as_they_are_written(tmp_path: Path) -> None:
    """In a fresh clone with nothing installed."""
    tree = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tree)], check=True)
    for file in ("docs", "scripts", "local", "reports", "dataflow"):  # as they are now, committed or not
        shutil.copytree(ROOT / file, tree / file, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    page = (tree / "docs" / "tutorial.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 5
    for block in blocks:
        ran = subprocess.run(
            ["bash", "-e", "-c", block], cwd=tree, capture_output=True, text=True, timeout=600, check=False
        )
        assert ran.returncode == 0, f"{block}\n{ran.stdout[-2_000:]}\n{ran.stderr[-2_000:]}"


def test_the_table_of_tests_is_what_scripts_test_takes_and_pytest_knows() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    rows = set(re.findall(r"^\| `scripts/test ?(\w*)` \|", guide, re.MULTILINE))
    script = (ROOT / "scripts" / "test").read_text()
    (slices,) = re.findall(r"^\t(\w+(?: \| \w+)+)\)", script, re.MULTILINE)
    assert rows == {"", "all", "processes", "simulate", "coverage", *slices.split(" | ")}
    assert "\tsimulate) " in script
    assert "\tprocesses) " in script
    markers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["markers"]
    assert rows - {"", "all", "simulate", "coverage"} == {marker.split(":")[0] for marker in markers} - {
        "slow",
        "quick",
        "process_per_case",
    }


def test_the_rooms_of_the_tests_are_those_of_their_readme() -> None:
    table = (ROOT / "tests" / "README.md").read_text()
    there = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert set(re.findall(r"^\| `(\w+)/` \|", table, re.MULTILINE)) == there


def test_the_supported_pythons_are_those_that_ci_runs_and_the_scripts_take() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
    versions = workflow["jobs"]["quick"]["strategy"]["matrix"]["python"]
    assert versions == ["3.11", "3.12", "3.13"]
    assert "Python 3.11, 3.12 or 3.13" in README
    lib = (ROOT / "scripts" / "lib.sh").read_text()
    assert "(3, 11) <= sys.version_info < (3, 14)" in lib
    assert all(f"python{version}" in lib for version in versions)
    run_by = {
        name: {step["run"].split()[0] for step in job["steps"] if "run" in step}
        for name, job in workflow["jobs"].items()
    }
    assert ".ci/run" in run_by["quick"] & run_by["all"]
    assert run_by["macos"] >= {"scripts/run", "scripts/test"}, "what the README tells a user to run"


def test_each_failure_names_a_test_that_there_is() -> None:
    page = (ROOT / "docs" / "failures.md").read_text()
    rows = [
        line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| what fails", "| ---"))
    ]
    assert len(rows) > 30
    for row in rows:
        assert len(row.split(" | ")) == 5, row
        if row.endswith(" in [simulated time](simulation.md) |"):
            simulated = re.findall(r"`(\w+)`", row.split(" | ")[-1])
            assert simulated, row
            assert set(simulated) <= set(FAULTS), row
            continue
        file, name = re.findall(r"`(tests/[\w/]+\.py)::(\w+)` \|$", row)[0]
        assert f"def {name}(" in (ROOT / file).read_text(), row
    named = set(re.findall(r"`(tests/faults/\w+\.py)::(\w+)`", page))
    there = {
        (f"tests/faults/{path.name}", name)
        for path in (ROOT / "tests" / "faults").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE)
    }
    assert {name for _, name in there} >= MINOR
    assert {(file, name) for file, name in there - named if name not in MINOR} == set(), "in no row"


def test_the_page_on_the_local_bigquery_has_each_comparison() -> None:
    page = (ROOT / "docs" / "local-bigquery.md").read_text().splitlines()
    compared = yaml.safe_load((ROOT / "tests" / "contract" / "local" / "sql.yaml").read_text())
    rows = [
        f"| {kind} | {_code(one['sql'] + (' FROM ' + one['from'] if 'from' in one else ''))} | {_code(one['bigquery'])} | "
        f"{_code(one['here']) if 'here' in one else 'the same'} |"
        for kind, listed in compared.items()
        for one in listed
    ]
    assert [line for line in page if line.startswith("| ") and not line.startswith(("| about", "| ---"))] == rows


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def test_the_picture_book_names_what_is_there() -> None:
    page = (ROOT / "docs" / "reports.md").read_text()
    # dark/ and phone/ have the same again
    pictures = {f"pictures/{path.name}" for path in (ROOT / "docs" / "pictures").glob("*.png")}
    assert set(re.findall(r"pictures/\w+\.png", page)) == pictures
    parameters = set(re.findall(r"@\w+", page))
    assert parameters
    for parameter in parameters:
        assert parameter[1:] in Params.__dataclass_fields__ or parameter in ("@from", "@to")


def test_every_dependency_has_a_line_that_says_what_it_is_for() -> None:
    page = (ROOT / "docs" / "explanation" / "dependencies.md").read_text().lower()
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    wanted = {
        re.split(r"[=\[;]", package)[0]
        for group in ("ingester", "load-tweet", "remove-deleted", "dataflow", "reports", "run")
        for package in groups[group]
        if isinstance(package, str)
    }
    assert len(wanted) > 20
    assert {name for name in wanted if name not in page} == set()


@pytest.mark.parametrize(("column", "named"), [("filtered", DROPPED), ("rejected", REJECTED)])
def test_every_reason_that_the_code_gives_has_a_meaning(column: str, named: dict[str, str]) -> None:
    given: set[str] = set()
    for file in [
        path for part in ("posts", "functions/load_tweet", "dataflow") for path in (ROOT / part).rglob("*.py")
    ]:
        for node in ast.walk(ast.parse(file.read_text())):
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if called == {"filtered": "FilterDecision", "rejected": "BadMessage"}[column]:
                assert isinstance(node, ast.Call)
                first = node.args[0]
                given |= {first.value} if isinstance(first, ast.Constant) and isinstance(first.value, str) else set()
    assert given == set(named)


def test_the_pictures_are_those_of_the_pages_as_they_are_made_now() -> None:
    sources = re.search(
        r"^SOURCES = \((.*?)\)$", (ROOT / "docs/pictures/take.py").read_text(), re.MULTILINE | re.DOTALL
    )
    assert sources
    files = sorted(file for pattern in re.findall(r'"([^"]+)"', sources[1]) for file in ROOT.glob(pattern))
    made_from = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    recorded = (ROOT / "docs/pictures/made_from.txt").read_text().strip()
    assert recorded == made_from, (
        "The pictures are old: .venv/bin/python docs/pictures/take.py takes them anew (it needs Chromium)."
    )


def test_the_citation_has_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == version
    assert {"cff-version", "message", "title", "authors", "license"} <= set(citation)
