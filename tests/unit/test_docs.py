"""What the README, the docs and --help say, and what the code does, are held to each other."""

import dataclasses
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from functions.load_tweet import settings as function_settings
from functions.remove_deleted import settings as removal_settings
from ingester import errors as ingester_errors
from ingester import settings as ingester_settings
from reports.params import Params
from tests.simulation.faults import FAULTS
from tests.support import ROOT

README = (ROOT / "README.md").read_text()
MINOR = {  # faults that are another row's in a different dress
    "test_search_by_hand_says_what_it_costs_and_fetches_what_the_stream_did_not",
    "test_a_pub_sub_that_is_killed_and_comes_back_has_lost_nothing",
    "test_what_x_drops_because_pub_sub_does_not_take_it_is_fetched_by_search",
    "test_killed_every_five_seconds_for_two_minutes",
    "test_each_part_in_turn_in_one_run",
    "test_there_are_twenty_kinds_of_poison",
}


def test_the_table_of_variables_is_what_the_settings_read() -> None:
    table = README.split("## Environment")[1].split("##")[0]
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([\w, ]+) \|", table, re.MULTILINE))

    def read_by(part: str) -> set[str]:
        return {name for name, who in rows.items() if part in who.split(", ") or who == "all"}

    function = {field.name.upper() for field in dataclasses.fields(function_settings.Settings)}
    ingester = {field.name.upper() for field in dataclasses.fields(ingester_settings.Settings)}
    removal = {field.name.upper() for field in dataclasses.fields(removal_settings.Settings)}
    assert read_by("load_tweet") == function
    assert read_by("remove_deleted") == removal
    assert read_by("ingester") == ingester


def test_the_table_of_options_is_what_help_says() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "local", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    table = README.split("| option of `scripts/run`")[1].split("Exit codes")[0]
    assert set(re.findall(r"--[a-z][a-z-]+", table)) == set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help"}


def test_the_table_of_options_of_the_reports_is_what_help_says() -> None:
    run = [sys.executable, "-m", "reports", "--help"]
    shown = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    table = README.split("| option of `scripts/reports`")[1].split("\n\n")[0]
    rows = "".join(line.split(" | ")[0] for line in table.splitlines())
    assert set(re.findall(r"--[a-z][a-z-]+", rows)) == set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help"}


def test_the_section_on_deletion_has_the_options_of_its_command() -> None:
    run = [sys.executable, "-m", "functions.remove_deleted", "--help"]
    shown = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    section = README.split("## What was deleted on X")[1].split("\n## ")[0]
    assert set(re.findall(r"--[a-z][a-z-]+", section)) == set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help"}


def test_the_table_of_tests_is_what_scripts_test_takes_and_pytest_knows() -> None:
    section = README.split("## Work on it")[1].split("\n## ")[0]
    rows = set(re.findall(r"^\| `scripts/test ?(\w*)` \|", section, re.MULTILINE))
    script = (ROOT / "scripts" / "test").read_text()
    (slices,) = re.findall(r"^\t(\w+(?: \| \w+)+)\)", script, re.MULTILINE)
    assert rows == {"", "all", "simulate", *slices.split(" | ")}
    assert "\tsimulate) " in script
    markers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["markers"]
    assert rows - {"", "all", "simulate"} == {marker.split(":")[0] for marker in markers} - {"slow"}


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
    for job in workflow["jobs"].values():
        assert ".ci/run" in [step["run"].split()[0] for step in job["steps"] if "run" in step]


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
    pictures = {
        f"pictures/{path.name}" for path in (ROOT / "docs" / "pictures").glob("*.png")
    }  # dark/ and phone/ have the same again
    assert set(re.findall(r"pictures/\w+\.png", page)) == pictures
    parameters = set(re.findall(r"@\w+", page))
    assert parameters
    for parameter in parameters:
        assert parameter[1:] in Params.__dataclass_fields__ or parameter in ("@from", "@to")


def test_the_reports_name_every_package_that_they_need() -> None:
    wanted = {
        line.split("==")[0] for line in (ROOT / "reports" / "requirements.txt").read_text().splitlines() if "==" in line
    }
    assert len(wanted) > 5
    named = README.split("What runs in the cloud depends on")[1].lower()
    assert not {name for name in wanted if name not in named}


def test_the_table_of_commands_is_what_the_ingesters_help_says() -> None:
    def asked(*command: str) -> str:
        run = [sys.executable, "-m", "ingester", *command, "--help"]
        return subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    section = README.split("## The ingester")[1].split("**Gaps.**")[0]
    rows = re.findall(r"^\| `([a-z ]+)[^`]*` \| (.*) \|$", section, re.MULTILINE)
    named = {name.split(" --")[0].strip() for name, _ in rows} - {"python"}
    found = set(re.findall(r"^    ([a-z]+)  ", asked(), re.MULTILINE)) - {"rules"}
    assert named == found | {
        f"rules {action}" for action in re.findall(r"^    ([a-z]+)  ", asked("rules"), re.MULTILINE)
    }
    options = {option for name in named for option in re.findall(r"--[a-z][a-z-]+", asked(*name.split()))}
    options |= set(re.findall(r"--[a-z][a-z-]+", asked()))
    assert set(re.findall(r"--[a-z][a-z-]+", section)) == options - {"--help"}


def test_the_table_of_exit_codes_is_what_the_errors_say() -> None:
    table = README.split("| exit code |")[1].split("\n\n")[0]
    named = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert named == {error.exit_code for error in ingester_errors.IngesterError.__subclasses__()} | {1, 130}


def test_the_ratios_are_those_of_the_measured_page() -> None:
    page = (ROOT / "docs" / "benchmarks" / "function.md").read_text()
    shown = README.split("## What it carries")[1].split("##")[0]
    rows = re.findall(r"^\| \d.*\|$", shown, re.MULTILINE)
    assert len(rows) == 4
    assert all(row in page for row in rows)
    numbers = ["".join(found) for found in re.findall(r"(\d,\d+) a second at|(\d,\d+) at 400", shown)]
    assert len(numbers) == 2
    assert all(f"| {number} |" in page for number in numbers)


def test_every_relation_of_the_dataset_is_named() -> None:
    relations = {path.stem for path in (ROOT / "infra" / "bigquery").rglob("*") if path.suffix in (".json", ".sql")} - {
        "layout"
    }
    table = README.split("## What is in BigQuery")[1].split("##")[0]
    assert relations == set(re.findall(r"`([a-z_]+)`", table)) - {"twitter", "balance"}


@pytest.mark.parametrize("column", ["filtered", "rejected"])
def test_every_reason_that_the_code_gives_is_named(column: str) -> None:
    source = "".join(
        (ROOT / "functions" / "load_tweet" / name).read_text()
        for name in ("filter/__init__.py", "post.py", "dialect.py", "message.py", "main.py", "transform.py")
    )
    pattern = r'Verdict\("(\w+)"|else Verdict\("(\w+)"' if column == "filtered" else r'BadMessage\("(\w+)"'
    given = {
        word
        for groups in re.findall(pattern, source)
        for word in ([groups] if isinstance(groups, str) else groups)
        if word
    }
    section = (
        README.split("## Reasons")[1].split("## ")[0].split(f"`{column}.reason`:")[1].split("`rejected.reason`")[0]
    )
    assert given
    assert given == set(re.findall(r"`([a-z_]+)`", section))
