"""What deploy.sh applies, as data, and the small programs that fill it in, each by itself."""

import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.emulators.x.bill import price_list as x_price_list
from tests.support import ROOT

DEPLOY = ROOT / "infra" / "deploy"
ENVIRONMENT = {
    "GOOGLE_CLOUD_PROJECT": "p",
    "BIGQUERY_DATASET": "twitter",
    "BIGQUERY_LOCATION": "us-central1",
    "ARCHIVE_DAYS": "90",
    "PROJECT_NUMBER": "1",
    "PUBSUB_TOPIC": "tweets",
    "PUBSUB_DEAD_TOPIC": "tweets-dead",
    "MAX_POSTS_PER_DAY": "1000",
    "MAX_POSTS_PER_MONTH": "20000",
    "PROJECT_DOMAIN": "p",
    "X_PRICE_LIST": "http://127.0.0.1:9",
    "REGION": "us-central1",
    "APP": "twitter-data-stream",
    "PREFIX": "tds",
    "JOB": "ingester",
    "RUN_JOB": "ingester-run",
    "FUNCTION": "load-tweet",
    "REMOVAL": "remove-deleted",
    "STREAM": "tds-stream",
}


def python(script: str, *arguments: str, given: str = "") -> str:
    """Run as deploy.sh does: with any python3, and no packages."""
    run = [sys.executable, "-I", str(DEPLOY / script), *arguments]
    return subprocess.run(run, env=ENVIRONMENT, input=given, capture_output=True, text=True, check=True).stdout


def statements() -> list[str]:
    return python("ddl.py").strip().rstrip(";").split(";\n")


def test_each_table_is_made_with_every_column_and_given_those_that_are_new() -> None:
    made = {
        found[1]: sql
        for sql in statements()
        if (found := re.match(r"CREATE TABLE IF NOT EXISTS `p\.twitter\.(\w+)`", sql))
    }
    added = {found[1]: sql for sql in statements() if (found := re.match(r"ALTER TABLE `p\.twitter\.(\w+)`\n", sql))}
    for name, layout in json.loads((ROOT / "infra/bigquery/layout.json").read_text()).items():
        columns = [field["name"] for field in json.loads((ROOT / f"infra/bigquery/{name}.json").read_text())]
        assert re.findall(r"^  `(\w+)` ", made[name], re.MULTILINE) == columns
        assert re.findall(r"ADD COLUMN IF NOT EXISTS `(\w+)`", added[name]) == columns
        assert "NOT NULL" not in added[name]
        if "partition" in layout:
            assert f"PARTITION BY DATE(`{layout['partition']}`)" in made[name]
    assert python("ddl.py", "--names").split() == [
        *made,
        "tweets",
        "engagement",
        "stream_gaps",
        "receipt",
        "posts",
        "posts_by_hour",
        "health",
        "spending",
    ]


def test_nothing_is_dropped_and_every_grant_can_be_taken_back() -> None:
    sql = "\n".join(statements())
    assert not re.search(r"\b(DROP|TRUNCATE|DELETE)\b", sql)
    assert "max_time_travel_hours = 48" in sql
    assert "partition_expiration_days = 90" in sql
    grants = {
        line.replace("GRANT", "REVOKE", 1).replace(" TO ", " FROM ")
        for line in statements()
        if line.startswith("GRANT")
    }
    assert grants == set(
        python("ddl.py", "--revoke", *python("ddl.py", "--names").split()).strip().rstrip(";").split(";\n")
    )


def test_labels_of_others_on_the_dataset_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "labels"
    shown = {"location": "EU", "labels": {"team": "sales"}}
    assert python("dataset_labels.py", "read", str(file), given=json.dumps(shown)) == "~~EU~\n", "made by somebody else"
    marked = python("dataset_labels.py", "set", str(file), "config=abc", "adopted=true")
    labels = dict(re.findall(r'\("(\w+)", "([^"]*)"\)', marked))
    assert labels == {"app": "twitter-data-stream", "config": "abc", "adopted": "true", "team": "sales"}
    shown = {"location": "EU", "labels": labels | {"region": "us-central1"}}
    assert python("dataset_labels.py", "read", str(file), given=json.dumps(shown)) == "abc~us-central1~EU~true\n"
    assert (
        python("dataset_labels.py", "set", str(file))
        == 'ALTER SCHEMA `p.twitter` SET OPTIONS (labels = [("team", "sales")]);\n'
    )


def test_a_dataset_that_an_interrupted_up_has_made_is_ours() -> None:
    shown = {"location": "EU", "labels": {"app": "twitter-data-stream"}}
    assert python("dataset_labels.py", "read", "/dev/null", given=json.dumps(shown)) == "begun~~EU~\n"
    assert 'labels = [("app", "twitter-data-stream")]' in statements()[0]


MONITORING = sorted((ROOT / "infra" / "monitoring").rglob("*.json"))


@pytest.mark.parametrize("file", MONITORING, ids=lambda file: file.stem)
def test_monitoring_is_filled_in_whole(file: Path) -> None:
    filled = json.loads(python("filled.py", str(file), "userLabels.config=abc"))
    assert filled["userLabels"] == {"config": "abc"}
    assert not re.search(r"\$\{[A-Z]", json.dumps(filled))


def test_a_name_that_is_not_set_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": "${NOBODY_SETS_THIS}"}')
    with pytest.raises(subprocess.CalledProcessError):
        python("filled.py", str(tmp_path / "x.json"))


def test_metrics_read_fields_that_our_parts_write() -> None:
    written = "\n".join(
        file.read_text()
        for part in ("ingester", "functions/load_tweet", "functions/remove_deleted")
        for file in (ROOT / part).rglob("*.py")
    )
    for file in (ROOT / "infra" / "monitoring" / "metrics").iterdir():
        metric = json.loads(file.read_text())
        assert metric["name"] == f"${{PREFIX}}_{file.stem}"
        for name in re.findall(r"jsonPayload\.(\w+)", json.dumps(metric)):
            assert re.search(rf'\b{name}=|"{name}"', written), f"{file.stem}: nobody writes {name}"
        for event in re.findall(r'jsonPayload\.event=\(?((?:"\w+"(?: OR )?)+)', metric["filter"]):
            for name in re.findall(r'"(\w+)"', event):
                assert f'"{name}"' in written, f"{file.stem}: no event {name}"


def test_alerts_and_the_dashboard_ask_for_metrics_that_there_are() -> None:
    ours = {file.stem for file in (ROOT / "infra" / "monitoring" / "metrics").iterdir()}
    asked = set()
    for file in [*(ROOT / "infra/monitoring/alerts").iterdir(), ROOT / "infra/monitoring/dashboard.json"]:
        asked |= set(re.findall(r"user_\$\{PREFIX\}_(\w+?)(?:_sum|_count|_bucket)?\{", file.read_text()))
    assert asked <= ours
    assert ours - asked == set(), "a metric that nobody looks at"


def test_each_alert_has_its_place_in_the_docs() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text().lower()
    for file in (ROOT / "infra/monitoring/alerts").iterdir():
        title = json.loads(file.read_text())["displayName"].removeprefix("${APP}: ")
        assert f"### {title}".lower() in page


def estimate(*arguments: str) -> Any:
    return json.loads(python("estimate.py", "--json", *arguments))


IN_SHORT = {
    "stopped by both limits": (
        ["--posts-per-day", "2000"],
        r"At 2,000 posts a day your limits stop the stream after 166 to 1,000 posts of a day, and after 3,333 to 20,000 posts of a month, "
        r"by what comes with them; you pay at most \$14\d a month, \$100 to X and \$4\d to Google\.",
    ),
    "stopped by the month": (
        ["--posts-per-day", "800", "--no-authors", "--no-referenced"],
        r"At 800 posts a day your limits stop the stream after 20,000 posts of a month, .* \$14\d a month, \$100 to X and",
    ),
    "not stopped": (
        ["--posts-per-day", "100", "--no-authors", "--no-referenced"],
        r"At 100 posts a day you pay \$6\d a month; your limits do not stop the stream\.",
    ),
    "without limits": (
        ["--posts-per-day", "100", "--per-day", "0", "--per-month", "0"],
        r"At 100 posts a day you pay \$6\d to \$1[34]\d a month; no limit is set\.",
    ),
}


@pytest.mark.parametrize(("arguments", "words"), IN_SHORT.values(), ids=IN_SHORT.keys())
def test_the_estimate_leads_with_the_sentence_that_matters(arguments: list[str], words: str) -> None:
    first, *rest = python("estimate.py", *arguments).splitlines()
    assert re.match(words, first), first
    figures = {line.split()[0]: line for line in rest if re.match(r"  (X|Google|together) ", line)}
    amounts = {
        name: [float(found.replace(",", "")) for found in re.findall(r"[\d,]+\.\d\d", line)]
        for name, line in figures.items()
    }
    assert amounts["together"] == pytest.approx([one + amounts["Google"][0] for one in amounts["X"]], abs=0.011)


def test_the_estimate_of_nothing_is_what_holding_the_stream_costs() -> None:
    text = python("estimate.py", "--posts-per-day", "0")
    assert re.search(r"about \$4[5-9] a month is Google's price for a process that never sleeps", text)
    assert "$      0.00  " not in text, "zeros are named in one line"
    none = estimate("--posts-per-day", "0")
    assert 44 < none["floor"] < 50
    assert none["x"] == {"least": 0.0, "most": 0.0, "guard": 100.0}
    assert none["google"]["total"] == none["floor"]


def test_the_estimate_is_posts_times_price() -> None:
    some = estimate("--posts-per-day", "1000")
    assert some["x"]["least"] == pytest.approx(1_000 * 365 / 12 * 0.005, abs=0.01)
    assert some["x"]["most"] == pytest.approx(6 * some["x"]["least"], abs=0.05)
    assert estimate("--posts-per-day", "1000", "--no-referenced")["x"]["most"] == pytest.approx(
        3 * some["x"]["least"], abs=0.05
    )
    assert estimate("--posts-per-day", "1000", "--no-authors", "--no-referenced")["x"]["most"] == some["x"]["least"]
    assert some["google"]["total"] == pytest.approx(sum(some["google"]["lines"].values()), abs=0.01)
    many = estimate("--posts-per-day", str(100 * 86_400))
    looking = many["google"]["lines"]["BigQuery, looking for what was deleted"]
    assert looking < 0.002 * many["x"]["least"], "nothing, beside what X charges for the same posts"
    assert 150 < many["google"]["total"] - looking < 500, "at 100 posts a second: the facts' table says about 290"


@pytest.mark.parametrize(
    ("per_day", "per_month", "guard"), [(1_000, 20_000, 100.0), (100, 20_000, 15.5), (0, 0, None), (0, 10, 0.05)]
)
def test_the_worst_case_is_what_the_money_guard_allows(per_day: int, per_month: int, guard: float | None) -> None:
    answer = estimate("--posts-per-day", "5", "--per-day", str(per_day), "--per-month", str(per_month))
    assert answer["x"]["guard"] == guard


PRICE_LISTS: dict[str, tuple[int, Any, list[str]]] = {
    "the same": (200, x_price_list(), []),
    "a post is dearer": (
        200,
        x_price_list() | {"eventTypePricing": {"Post": 0.006, "User": 0.01}},
        ["a post, in data or includes, once a UTC day: $0.005 here, $0.006 in X's list (Post)"],
    ),
    "one is missing": (
        200,
        x_price_list() | {"eventTypePricing": {"Post": 0.005}},
        ["a user, as an author, once a UTC day: $0.010 here, and X's list does not have it (User)"],
    ),
    "another form": (200, {"prices": []}, ["the answer has another form than before"]),
    "refused": (403, {}, ["X's price list was not read (HTTPError: HTTP Error 403: Forbidden)"]),
}


@pytest.mark.parametrize(("status", "answer", "said"), PRICE_LISTS.values(), ids=PRICE_LISTS.keys())
def test_x_s_own_price_list_is_compared_with_ours(
    status: int, answer: Any, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with one_answer(status, answer) as url:
        monkeypatch.setitem(ENVIRONMENT, "X_PRICE_LIST", url)
        run = subprocess.run(
            [sys.executable, "-I", str(DEPLOY / "price_list.py")],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        estimated = python("estimate.py", "--posts-per-day", "5")
    lines = run.stdout.splitlines() or [run.stderr.strip()] if said or run.returncode else []
    assert [words in line for words, line in zip(said, lines, strict=True)] == [True] * len(said)
    assert run.returncode == (3 if run.stderr else 0)
    assert all(words in estimated for words in said or ["X's own price list, read just now, has the same prices."])


@contextmanager
def one_answer(status: int, answer: Any) -> Iterator[str]:
    """Serve one answer to whoever asks."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_price_list_out_of_reach_is_a_note() -> None:
    assert "Note: X's price list was not read (URLError" in python("estimate.py", "--posts-per-day", "5")


def test_every_price_names_its_source_and_day() -> None:
    for name, entry in json.loads((DEPLOY / "prices.json").read_text()).items():
        assert entry["source"].startswith("https://"), name
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", entry["read"]), name
        assert entry["dollars"] > 0, name


WELL = {
    "holders": "1",
    "stopped": None,
    "open_gaps": "0",
    "gap_seconds": "0",
    "today": "10",
    "unended": "0",
    "rejected": "0",
    "row_age": "5",
}
BAD = {
    "nobody holds": ({"holders": "0", "stopped": "2026-11-23T00:00:00 no credits left"}, "no credits left"),
    "two hold": ({"holders": "2"}, "X lets one hold it"),
    "an old gap": ({"open_gaps": "1", "gap_seconds": "901"}, "After 7 days X forgets"),
    "the budget": ({"today": "1000"}, "raise MAX_POSTS_PER_DAY"),
    "unended": ({"unended": "3"}, "run archive"),
    "a filter that keeps nothing": ({"kept": "0", "dropped": "25"}, "Empty functions/load_tweet/keywords.txt"),
    "rejected": ({"rejected": "3"}, "run rejected"),
    "credits for two days": ({"credit_dollars": "12.4", "credit_days": "2.5"}, "When the credits run out"),
    "no credits": ({"credit_dollars": "0.0"}, "Buy credits"),
    "the cap in two days": ({"cap_posts": "3000000", "cap_days": "2.0"}, "until its next period"),
    "no row": ({"row_age": None}, "rules plan --price"),
}


@pytest.mark.parametrize(("change", "remedy"), BAD.values(), ids=BAD.keys())
def test_the_doctor_reports_each_problem_with_a_remedy(change: dict[str, Any], remedy: str) -> None:
    lines = python("verdicts.py", given=json.dumps([WELL | change])).splitlines()
    (bad,) = [line for line in lines if line.startswith("bad\t")]
    assert remedy in bad
    assert len(bad.split("\t")) == 3


def test_the_doctor_reports_no_problem_in_a_healthy_pipeline() -> None:
    for change in (
        {},
        {"credit_dollars": "12.4"},
        {"credit_dollars": "12.4", "credit_days": "30"},
        {"cap_posts": "3000000"},
        {"kept": "1", "dropped": "900"},
        {"kept": "0", "dropped": "19"},
    ):
        lines = python("verdicts.py", given=json.dumps([WELL | change])).splitlines()
        assert all(line.startswith("ok\t") for line in lines)


DOCKERFILE = (ROOT / "ingester" / "Dockerfile").read_text()


def test_the_image_is_slim_pinned_and_runs_as_nobody_in_particular() -> None:
    lines = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
    words = [line.split()[0] for line in lines]
    assert words == ["FROM", "RUN", "WORKDIR", "COPY", "RUN", *["COPY"] * 4, "ENV", "USER", "ENTRYPOINT", "CMD"]
    version = (ROOT / "infra" / "python-version").read_text().strip()
    assert re.fullmatch(r"3\.11\.\d+", version)
    assert re.search(
        rf"^FROM python:{re.escape(version)}-slim-bookworm@sha256:[0-9a-f]{{64}}$", DOCKERFILE, re.MULTILINE
    )
    assert words.index("USER") > max(i for i, word in enumerate(words) if word in ("RUN", "COPY"))
    assert not re.search(r"apt-get|curl|wget|ADD |:latest|--privileged|X_BEARER_TOKEN", DOCKERFILE)


def test_actions_are_pinned_by_commit() -> None:
    used = [
        line.strip()
        for file in (ROOT / ".github/workflows").glob("*.yml")
        for line in file.read_text().splitlines()
        if "uses:" in line
    ]
    assert used
    assert all(re.fullmatch(r"- uses: [\w/-]+@[0-9a-f]{40} # v[\d.]+", line) for line in used), used


def test_the_scripts_look_for_the_deployed_python_first() -> None:
    named = ".".join((ROOT / "infra" / "python-version").read_text().split(".")[:2])
    (candidates,) = re.findall(r'for candidate in "\$\{PYTHON:-\}" (.+); do', (ROOT / "scripts" / "lib.sh").read_text())
    assert candidates.split()[0] == f"python{named}"


def test_who_deploys_may_enable_and_set_up_all_that_is_deployed() -> None:
    rows = [line.split("\t") for line in (ROOT / "infra/deployer-roles.tsv").read_text().splitlines()]
    (apis,) = re.findall(r"readonly APIS=\(([^)]*)\)", (DEPLOY / "apis.sh").read_text())
    assert {api for _, api, _, _ in rows} == set(apis.split())
    sets_policies_of = {kind for _, _, kinds, _ in rows for kind in kinds.split()}
    granted_on = {line.split("\t")[2].partition(":")[0] for line in (ROOT / "infra/roles.tsv").read_text().splitlines()}
    assert sets_policies_of - {"–"} == granted_on


def test_the_workflow_to_copy_uses_commands_and_variables_that_there_are() -> None:
    workflow = (ROOT / "docs/samples/deploy-from-ci.yml").read_text()
    help_text = (ROOT / "deploy.sh").read_text()
    for command, option in re.findall(r"\./deploy\.sh (\w+)(?: (--\w+))?", workflow):
        assert f"            {command} " in help_text or f"./deploy.sh {command} " in help_text
        assert option in help_text
    settings = yaml.safe_load(workflow)["env"]
    known = {line.split("\t")[0] for line in (ROOT / "infra/variables.tsv").read_text().splitlines()}
    assert set(settings) <= known
