"""The whole cycle with the real gcloud and bq: up, up again, up with a change, doctor, destroy; judged by the requests to Google."""

import base64
import json
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.emulators.bigquery import credentials
from local.processes import wait_until_ready
from tests.support import ROOT
from tests.support.deploy.cloud import PROJECT, TOKEN, Cloud, Ran, cloud, copy_of_tree, missing_tools
from tests.support.deploy.roles import listed_roles, place
from tests.support.deploy.uploads import to_upload
from tests.support.fakes.google.things import NUMBER
from tests.support.processes import running
from tests.support.tiers import needs

pytestmark = [
    needs("gcloud", missing_tools() is None, f"{missing_tools()}, and deploy.sh cannot be run for real"),
    pytest.mark.slow,
    pytest.mark.timeout(600),
]
CREATED = {  # per API, how many things the first `up` makes; a second one makes none
    "iam": 6,
    "secretmanager": 2,
    "artifactregistry": 1,
    "cloudscheduler": 2,
    "logging": 10,
    "monitoring": 10,
}


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("google")) as one:
        yield one


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def first(google: Cloud, tree: Path) -> Ran:
    stop, seen = threading.Event(), set[str]()
    watcher = threading.Thread(target=_watch_processes, args=(stop, seen), daemon=True)
    watcher.start()
    ran = google.deploy("up", "--yes", tree=tree)
    stop.set()
    watcher.join()
    google.arguments = seen
    assert ran.code == 0, ran.said
    return ran


def _watch_processes(stop: threading.Event, seen: set[str]) -> None:
    """Collect the arguments of all processes, and the environment of all but the shell that was given the token."""
    while not stop.wait(0.05):
        for process in Path("/proc").glob("[0-9]*"):
            try:
                arguments = (process / "cmdline").read_text()
                name = (process / "exe").readlink().name
                environment = "" if name == "bash" else (process / "environ").read_text()
            except (OSError, UnicodeDecodeError):
                continue  # the process has ended meanwhile
            if name.startswith(("gcloud", "python", "bq")) and "pytest" not in arguments:
                seen |= {arguments, environment}


def test_the_first_up_makes_everything_without_asking_or_failing(first: Ran) -> None:
    assert "-----> Done: " in first.said
    assert "https://lookerstudio.google.com/reporting/create" in first.said
    assert "At the worst X bills $100.00 a month" in first.said
    assert not [r for r in first.requests if r["status"] == 409]
    unknown = {r["host"] for r in first.requests if not r["host"].endswith(".googleapis.com")}
    assert not unknown
    for api, count in CREATED.items():
        made = [r for r in first.of(api, "POST") if r["status"] == 200 and ":" not in r["path"].rsplit("/", 1)[-1]]
        made += first.of(api, "POST", path=":addVersion")
        assert len(made) == count, api


def test_the_token_is_in_the_secrets_own_request_and_nowhere_else(google: Cloud, first: Ran) -> None:
    encoded = base64.b64encode(TOKEN.encode()).decode()
    holding = [r for r in first.requests if TOKEN in json.dumps(r) or encoded in json.dumps(r)]
    assert [(r["api"], r["path"].rsplit(":", 1)[-1]) for r in holding] == [("secretmanager", "addVersion")]
    assert TOKEN not in first.said
    assert any("secrets" in one for one in google.arguments), "the watcher has seen gcloud at work"
    assert not [one for one in google.arguments if TOKEN in one]
    assert not [file for file in google.folder.rglob("*.log") if TOKEN in file.read_text(errors="replace")]


def test_roles_are_exactly_those_of_the_table(google: Cloud, first: Ran) -> None:
    given = set()
    for r in first.of("pubsub", path=":setIamPolicy") + first.of("secretmanager", path=":setIamPolicy"):
        given |= {(place(r["path"]), *one) for one in _bindings(r)}
    for api in ("cloudresourcemanager", "artifactregistry", "run", "iam"):
        for r in first.of(api, path=":setIamPolicy"):
            given |= {(place(r["path"]), *one) for one in _bindings(r)}
    for r in first.of("storage", "PUT", path="/iam"):
        given |= {(place(r["path"]), *one) for one in _bindings({"body": {"policy": r["body"]}})}
    for r in first.of("bigquery", "POST", path="/jobs"):
        script = r["body"]["configuration"]["query"]["query"]
        for line in script.split(";\n"):
            if line.startswith("GRANT"):
                role, table, members = line.split("`")[1], line.split("`")[3], line.partition(" TO ")[2]
                given |= {
                    (f"table:{table.rsplit('.', 1)[-1]}", role, _who(m)) for m in json.loads(f"[{members.rstrip(';')}]")
                }
    assert given == listed_roles()


def _bindings(r: dict[str, object]) -> set[tuple[str, str]]:
    policy = json.loads(json.dumps(r["body"]))["policy"]
    return {(b["role"], _who(m)) for b in policy["bindings"] for m in b["members"]}


def _who(member: str) -> str:
    if member == f"serviceAccount:service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com":
        return "pubsub-agent"
    return member.removeprefix("serviceAccount:").removesuffix(f"@{PROJECT}.iam.gserviceaccount.com")


def test_nothing_is_open_to_everybody(first: Ran) -> None:
    sent = json.dumps([r["body"] for r in first.requests])
    assert "allUsers" not in sent
    assert "allAuthenticatedUsers" not in sent


def test_the_job_is_one_task_that_runs_for_a_week_and_is_retried(first: Ran) -> None:
    made = {r["body"]["metadata"]["name"]: r["body"] for r in first.of("run", "POST") if r["path"].endswith("/jobs")}
    assert set(made) == {"ingester", "ingester-run"}
    assert made["ingester-run"]["spec"]["template"]["spec"]["template"]["spec"]["maxRetries"] == 0
    job = made["ingester"]
    execution = job["spec"]["template"]["spec"]
    task = execution["template"]["spec"]
    assert (execution["taskCount"], execution["parallelism"]) == (1, 1)
    assert (str(task["timeoutSeconds"]), task["maxRetries"]) == ("604800", 1)
    assert task["serviceAccountName"] == f"tds-ingester@{PROJECT}.iam.gserviceaccount.com"
    variables = {one["name"]: one["value"] for one in task["containers"][0]["env"]}
    assert variables["X_BEARER_TOKEN_SECRET"] == f"projects/{PROJECT}/secrets/x-bearer-token"
    assert "X_BEARER_TOKEN" not in variables


def test_the_function_retries_and_is_called_by_pub_sub_alone(first: Ran) -> None:
    function = _function(first, "load-tweet")
    trigger, service = function["eventTrigger"], function["serviceConfig"]
    assert trigger["retryPolicy"] == "RETRY_POLICY_RETRY"
    assert trigger["serviceAccountEmail"] == f"tds-push@{PROJECT}.iam.gserviceaccount.com"
    assert service["ingressSettings"] == "ALLOW_INTERNAL_ONLY"
    assert service["serviceAccountEmail"] == f"tds-load-tweet@{PROJECT}.iam.gserviceaccount.com"
    assert (service["maxInstanceRequestConcurrency"], service["maxInstanceCount"], service["timeoutSeconds"]) == (
        400,
        5,
        60,
    )
    named = ".".join((ROOT / "infra" / "python-version").read_text().split(".")[:2])
    assert function["buildConfig"]["runtime"] == f"python{named.replace('.', '')}"


def _function(first: Ran, name: str) -> Any:
    made = [r["body"] for r in first.of("cloudfunctions", "POST") if r["path"].endswith("/functions")]
    assert len(made) == 2
    return next(one for one in made if one["name"].endswith(f"/{name}"))


def test_the_other_function_runs_alone_and_its_tick_is_its_next_try(first: Ran) -> None:
    function = _function(first, "remove-deleted")
    trigger, service = function["eventTrigger"], function["serviceConfig"]
    assert trigger["pubsubTopic"] == f"projects/{PROJECT}/topics/remove-deleted"
    assert trigger["retryPolicy"] == "RETRY_POLICY_DO_NOT_RETRY"
    assert (service["maxInstanceRequestConcurrency"], service["maxInstanceCount"], service["timeoutSeconds"]) == (
        1,
        1,
        540,
    )
    assert service["ingressSettings"] == "ALLOW_INTERNAL_ONLY"
    assert service["serviceAccountEmail"] == f"tds-remove-deleted@{PROJECT}.iam.gserviceaccount.com"
    assert service["environmentVariables"]["X_BEARER_TOKEN_SECRET"] == f"projects/{PROJECT}/secrets/x-bearer-token"
    (tick,) = [r["body"] for r in first.of("cloudscheduler", "POST") if "pubsubTarget" in r["body"]]
    assert tick["pubsubTarget"]["topicName"] == f"projects/{PROJECT}/topics/remove-deleted"
    assert tick["schedule"] == "*/15 * * * *"


def test_subscriptions_never_expire_and_retain_messages_for_seven_days(first: Ran) -> None:
    made = [r["body"] for r in first.of("pubsub", "PUT", path="/subscriptions/")]
    changed = [r["body"]["subscription"] for r in first.of("pubsub", "PATCH", path="/subscriptions/eventarc-")]
    assert len(made) == 2
    assert len(changed) == 1
    for subscription in made + changed:
        assert subscription["messageRetentionDuration"] == "604800s"
        assert subscription["expirationPolicy"] in ({}, {"ttl": None}), "never"
        assert subscription["retryPolicy"] == {"minimumBackoff": "10s", "maximumBackoff": "600s"}
    dead = f"projects/{PROJECT}/topics/tweets-dead"
    policies = [one.get("deadLetterPolicy") for one in made + changed]
    assert (
        sorted(policies, key=str) == [{"deadLetterTopic": dead, "maxDeliveryAttempts": 100}] * 2 + [None]
        or policies.count(None) == 1
    )
    (archive,) = [one for one in made if one["topic"].endswith("/tweets")]
    assert archive["bigqueryConfig"] == {
        "table": f"{PROJECT}:twitter.archive",
        "useTopicSchema": True,
        "writeMetadata": True,
    }
    assert archive["filter"] == 'NOT attributes.source = "archive" AND NOT attributes.source = "rejected"'


def test_uploads_carry_only_what_runs(google: Cloud, first: Ran) -> None:
    *zipped, tarred = sorted((google.folder / "uploads").iterdir(), key=lambda file: file.suffix != ".zip")
    functions = []
    for file in zipped:
        with zipfile.ZipFile(file) as archive:
            functions.append({name for name in archive.namelist() if not name.endswith("/")})
    with tarfile.open(tarred) as archive:
        image = {member.name.removeprefix("./") for member in archive.getmembers() if member.isfile()}
    wanted = [to_upload(ROOT / "functions" / name) for name in ("load_tweet", "remove_deleted")]
    assert sorted(map(sorted, functions)) == sorted(map(sorted, wanted))
    assert image == to_upload(ROOT / "ingester")


def test_a_second_up_makes_nothing_and_says_so(google: Cloud, first: Ran, tree: Path) -> None:
    ran = google.deploy("up", "--yes", tree=tree)
    assert ran.code == 0, ran.said
    assert "Nothing to do: all " in ran.said
    assert not ran.writes


def test_plan_writes_nothing_and_tells_what_a_change_would_do(google: Cloud, first: Ran, tree: Path) -> None:
    ran = google.deploy("plan", tree=tree, MAX_POSTS_PER_DAY="500")
    assert ran.code == 1
    assert not ran.writes
    assert "~ jobs ingester" in ran.said
    assert "0 to make" in ran.said


def test_only_what_has_changed_is_done_again(google: Cloud, first: Ran, tree: Path) -> None:
    """A limit: the job without a new image. A keyword: the function. A column: the tables."""
    with (tree / "functions" / "load_tweet" / "keywords.txt").open("a") as keywords:
        keywords.write("\nanother word\n")
    file = tree / "infra" / "bigquery" / "filtered.json"
    column = {"name": "another", "type": "STRING", "mode": "NULLABLE", "description": "One more"}
    file.write_text(json.dumps([*json.loads(file.read_text()), column]))
    ran = google.deploy("up", "--yes", tree=tree, MAX_POSTS_PER_DAY="500")
    assert ran.code == 0, ran.said
    signs = {line.strip() for line in ran.said.splitlines() if line.strip().startswith(("+ ", "~ "))}
    assert (
        {line for line in signs if not line.startswith(("~ alerts", "~ metrics"))}
        == {
            "~ jobs ingester",
            "~ jobs ingester-run",
            "~ functions load-tweet",
            "~ dataset twitter",
            "~ subscriptions eventarc-us-central1-load-tweet-123456-sub-000",  # set up again after each deployment of its function
        }
    )
    (deployed,) = ran.of("cloudfunctions", "PATCH", path="/functions/load-tweet")
    assert "eventTrigger" not in deployed["query"]["updateMask"], "a trigger that is given again may be made anew"
    assert not ran.of("cloudbuild", "POST", path="/builds")
    executions = [r["path"].rsplit(":", 1)[-1] for r in ran.of("run", "POST", path=":") if "Iam" not in r["path"]]
    assert executions == ["cancel", "run"], "the running ingester is replaced"
    columns = google.ask("SELECT another FROM twitter.filtered")
    assert columns == []


def test_the_deployed_function_stores_what_is_pushed_and_the_doctor_sees_it(
    google: Cloud, first: Ran, tmp_path: Path
) -> None:
    """The uploaded files, unpacked in an empty folder, with the variables of the deployment."""
    uploaded = max((google.folder / "uploads").glob("*.zip"))
    (tmp_path / "workspace").mkdir()
    with zipfile.ZipFile(uploaded) as archive:
        archive.extractall(tmp_path / "workspace")  # noqa: S202 - what deploy.sh has packed
    service = next(
        r["body"]["serviceConfig"] for r in first.of("cloudfunctions", "POST") if r["path"].endswith("/functions")
    )
    key = tmp_path / "credentials.json"
    credentials.write(key)
    variables = service["environmentVariables"] | {
        "BIGQUERY_EMULATOR_HOST": google.bigquery_url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
        "PYTHONPATH": "",
    }
    framework = [
        sys.executable,
        "-m",
        "functions_framework",
        "--source",
        str(tmp_path / "workspace" / "main.py"),
        "--target",
        "load_tweet",
        "--host",
        "127.0.0.1",
        "--port",
        str(google.function_port),
    ]
    with running("function", framework, variables, tmp_path) as process:
        wait_until_ready(process)
        began = time.monotonic()
        ran = google.deploy("doctor", "--json", DOCTOR_SECONDS="60")
    assert "found in twitter.tweet_versions after" in ran.said, ran.said + process.why()
    assert time.monotonic() - began < 120
    assert "BAD  the stream is held by 0 ingesters" in ran.said
    assert ran.code == 1
    assert google.ask("SELECT id FROM twitter.tweets") == [], "no view shows the doctor's message"


def test_pause_stops_what_costs_and_resume_goes_on(google: Cloud, first: Ran, tree: Path) -> None:
    paused = google.deploy("pause", tree=tree)
    assert paused.code == 0, paused.said
    assert [r["path"].rsplit(":", 1)[-1] for r in paused.of("cloudscheduler", "POST")] == ["pause"]
    assert [r for r in paused.of("run", "POST") if r["path"].endswith(":cancel")]
    assert google.ask("SELECT event, reason FROM twitter.ingester_events") == [{"event": "stopped", "reason": "pause"}]
    resumed = google.deploy("resume", tree=tree)
    assert resumed.code == 0, resumed.said
    assert [r["path"].rsplit(":", 1)[-1] for r in resumed.of("cloudscheduler", "POST")] == ["resume"]
    assert [r for r in resumed.of("run", "POST") if r["path"].endswith("/jobs/ingester:run")]


def test_a_command_runs_in_the_cloud(google: Cloud, first: Ran, tree: Path) -> None:
    ran = google.deploy("run", "rejected", "--dry-run", tree=tree)
    assert ran.code == 0, ran.said
    (started,) = [r["body"] for r in ran.of("run", "POST") if r["path"].endswith("/jobs/ingester-run:run")]
    assert started["overrides"]["containerOverrides"][0]["args"] == ["rejected", "--dry-run"]


def test_destroy_takes_all_but_the_data_and_twice_is_harmless(google: Cloud, first: Ran, tree: Path) -> None:
    ran = google.deploy("destroy", "--yes", tree=tree)
    assert ran.code == 0, ran.said
    assert "Nothing is left but the dataset and the secret." in ran.said
    everything = google.deploy("destroy", "--all", "--yes", tree=tree)
    assert everything.code == 0, everything.said
    assert "Nothing is left." in everything.said
    assert {r["api"] for r in everything.writes} == {"bigquery", "secretmanager"}, "all else was gone already"
    assert {r["api"] for r in everything.of("bigquery", "DELETE") + everything.of("secretmanager", "DELETE")} == {
        "bigquery",
        "secretmanager",
    }
