"""deploy.sh with a recording gcloud and bq on the PATH: order, flags, idempotence, interruption, bad input. No Google tools needed."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.deploy import transcript
from tests.support.deploy.cloud import RECORDING, TREE, copy_of_tree
from tests.support.processes import serving
from tests.support.tiers import needs
from tests.support.trial import cases
from tests.support.waiting import eventually

SETTINGS = {"GOOGLE_CLOUD_PROJECT": "some-project", "X_BEARER_TOKEN": "TOKEN%3D", "ALERT_EMAIL": "a@example.com"}


@dataclass
class Recorded:
    """A project that the recording gcloud remembers in a folder."""

    folder: Path
    tree: Path = TREE

    def copied_to(self, folder: Path, tree: Path = TREE) -> "Recorded":
        """Return a project in the same state, which a test may change."""
        shutil.copytree(self.folder, folder)
        return Recorded(folder, tree)

    def environment(self, **settings: str) -> dict[str, str]:
        return {
            "PATH": f"{RECORDING}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "CLOUD": str(self.folder),
            "DEPLOY_PATIENCE_SECONDS": "1",
            "LOG_SECONDS": "0",
            "X_PRICE_LIST": "http://127.0.0.1:9",  # nobody answers there
            "DEPLOY_JOB_POLL_SECONDS": "0",
            **settings,
        }

    def deploy(self, *arguments: str, stdin: str | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = self.environment(**settings)
        given: dict[str, object] = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        return subprocess.run(  # type: ignore[call-overload, no-any-return]
            ["./deploy.sh", *arguments],
            cwd=self.tree,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **given,
        )

    @property
    def calls(self) -> list[list[str]]:
        file = self.folder / "calls"
        return [shlex.split(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def changes(self) -> int:
        """Return the calls that changed something."""
        numbers = self.folder / "numbers"
        return len(list(numbers.iterdir())) if numbers.exists() else 0

    def place(self, *words: str) -> int:
        """Return the number of the first call that begins so."""
        wanted = list(words)
        return next(
            i
            for i, call in enumerate(self.calls)
            if [w for w in call if not w.startswith("--")][: len(wanted)] == wanted
        )


@pytest.fixture
def project(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    one = Recorded(tmp_path_factory.mktemp("deployed"))
    ran = one.deploy("up", "--yes", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    return one


def test_each_thing_is_made_after_what_it_needs(deployed: Recorded) -> None:
    def before(first: tuple[str, ...], then: tuple[str, ...]) -> None:
        assert deployed.place(*first) < deployed.place(*then), (first, then)

    before(("gcloud", "services", "enable"), ("gcloud", "iam", "service-accounts", "create"))
    before(("gcloud", "iam", "service-accounts", "create"), ("gcloud", "projects", "add-iam-policy-binding"))
    before(("gcloud", "pubsub", "schemas", "create"), ("gcloud", "pubsub", "topics", "create"))
    before(("bq", "query"), ("gcloud", "pubsub", "subscriptions", "create"))
    before(("gcloud", "artifacts", "repositories", "create"), ("gcloud", "builds", "submit"))
    before(("gcloud", "builds", "submit"), ("gcloud", "run", "jobs", "deploy"))
    before(("gcloud", "functions", "deploy"), ("gcloud", "pubsub", "subscriptions", "update"))
    before(("gcloud", "run", "jobs", "deploy"), ("gcloud", "scheduler", "jobs", "create", "http"))
    before(("gcloud", "logging", "metrics", "create"), ("gcloud", "alpha", "monitoring", "policies", "create"))
    before(("gcloud", "scheduler", "jobs", "create", "http"), ("gcloud", "run", "jobs", "executions", "list"))
    before(("gcloud", "functions", "deploy", "remove-deleted"), ("gcloud", "scheduler", "jobs", "create", "pubsub"))


def test_the_token_goes_through_standard_input(deployed: Recorded) -> None:
    assert (deployed.folder / "secret").read_text() == SETTINGS["X_BEARER_TOKEN"]
    assert not [call for call in deployed.calls if any(SETTINGS["X_BEARER_TOKEN"] in word for word in call)]


@pytest.mark.slow
def test_a_rotated_token_is_a_new_version_and_the_same_one_is_not(project: Recorded) -> None:
    project.deploy("up", "access", "--yes", **SETTINGS)
    before = project.changes
    project.deploy("up", "access", "--yes", **SETTINGS)
    assert project.changes == before
    ran = project.deploy("up", "access", "--yes", **SETTINGS | {"X_BEARER_TOKEN": "ROTATED"})
    assert "+ secret version x-bearer-token" in ran.stderr
    assert (project.folder / "secret").read_text() == "ROTATED"


def test_each_command_was_also_given_to_the_real_gcloud(deployed: Recorded) -> None:
    known = {one.form for one in transcript.read(transcript.KEPT)}
    new = {transcript.Command(call, 0).form for call in deployed.calls} - known
    assert not new, f"{new}: {transcript.RENEW}"


def test_dataflow_is_made_when_it_is_asked_for_and_a_second_time_changes_nothing(
    tmp_path: Path, deployed: Recorded
) -> None:
    copy = deployed.copied_to(tmp_path / "copy")
    ran = copy.deploy("up", "dataflow", "--yes", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    for thing in (
        "accounts tds-dataflow@",
        "buckets some-project-tds-dataflow",
        "grants tds-dataflow",
        "templates tds-dataflow",
    ):
        assert f"+ {thing}" in ran.stderr
    assert "+ streams" not in ran.stderr, "a job that costs something runs only with LOADER=dataflow"
    before = copy.changes
    again = copy.deploy("up", "dataflow", "--yes", **SETTINGS)
    assert (again.returncode, copy.changes) == (0, before), again.stderr
    assert "Nothing to do" in again.stderr


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory, deployed: Recorded) -> Recorded:
    one = deployed.copied_to(tmp_path_factory.mktemp("streaming") / "copy")
    ran = one.deploy("up", "--yes", **STREAMING)
    assert ran.returncode == 0, ran.stderr
    assert "costs about $122 a month" in ran.stderr
    return one


STREAMING = SETTINGS | {"LOADER": "dataflow"}


def copied(recorded: Recorded, folder: Path) -> Recorded:
    shutil.copytree(recorded.folder, folder / "copy")
    return Recorded(folder / "copy")


def test_a_streaming_job_takes_the_place_of_the_function_once_it_runs(streaming: Recorded) -> None:
    account = ("gcloud", "iam", "service-accounts", "create", "tds-dataflow")
    member = "--member=serviceAccount:tds-dataflow@some-project.iam.gserviceaccount.com"
    assert streaming.place(*account) < min(i for i, call in enumerate(streaming.calls) if member in call)
    run = streaming.place("gcloud", "dataflow", "flex-template", "run")
    looks = [i for i, call in enumerate(streaming.calls) if call[1:4] == ["dataflow", "jobs", "describe"]]
    deleted = streaming.place("gcloud", "functions", "delete", "load-tweet")
    assert streaming.place("gcloud", "pubsub", "subscriptions", "create", "tweets-dataflow") < run < looks[0]
    assert len(looks) == 3, "queued twice, then running"
    assert looks[-1] < deleted
    assert "--service-account-email=tds-dataflow@some-project.iam.gserviceaccount.com" in streaming.calls[run]
    assert not [flag for flag in streaming.calls[run] if flag.startswith(("--subnetwork", "--disable-public-ips"))]


def test_a_streaming_job_that_is_unchanged_is_left_alone(streaming: Recorded, tmp_path: Path) -> None:
    copy = copied(streaming, tmp_path)
    before = copy.changes
    again = copy.deploy("up", "--yes", **STREAMING)
    assert (again.returncode, copy.changes) == (0, before), again.stderr
    assert "Nothing to do" in again.stderr
    plan = copy.deploy("plan", **STREAMING)
    assert (plan.returncode, copy.changes) == (0, before), plan.stderr


def test_a_plan_to_stream_deletes_no_function(deployed: Recorded, tmp_path: Path) -> None:
    copy = copied(deployed, tmp_path)
    before = copy.changes
    plan = copy.deploy("plan", **STREAMING)
    assert plan.returncode == 1
    assert "- functions load-tweet" in plan.stderr
    assert "+ streams tds-stream" in plan.stderr
    assert copy.changes == before


def test_a_job_with_other_settings_runs_before_the_one_that_it_replaces_is_drained(
    streaming: Recorded, tmp_path: Path
) -> None:
    copy = copied(streaming, tmp_path)
    (before,) = (copy.folder / "streams").iterdir()
    known = len(copy.calls)
    changed = STREAMING | {"DATAFLOW_SUBNETWORK": "regions/us-central1/subnetworks/own", "DATAFLOW_PUBLIC_IPS": "false"}
    ran = copy.deploy("up", "dataflow", "--yes", **changed)
    assert ran.returncode == 0, ran.stderr
    calls = [call[1:4] for call in copy.calls[known:] if call[1] == "dataflow" and call[2:4] != ["jobs", "list"]]
    look, drain = ["dataflow", "jobs", "describe"], ["dataflow", "jobs", "drain"]
    assert calls == [["dataflow", "flex-template", "run"], look, look, look, drain, look, look, look]
    (run,) = [call for call in copy.calls[known:] if call[1:4] == ["dataflow", "flex-template", "run"]]
    assert {"--subnetwork=regions/us-central1/subnetworks/own", "--disable-public-ips"} <= set(run)
    # back to the first settings while its old job of that name still drains would be a name that is taken
    (copy.folder / f"jobs.{before.read_text()}").write_text("drain.0")
    ran = copy.deploy("up", "dataflow", "--yes", **STREAMING)
    assert ran.returncode == 0, ran.stderr
    assert "which has the same name, is drained" in ran.stderr


def test_a_job_that_google_accepts_and_that_never_runs_leaves_the_function(deployed: Recorded, tmp_path: Path) -> None:
    copy = copied(deployed, tmp_path)
    ran = copy.deploy("up", "--yes", **STREAMING, JOB_FATE="fail")
    assert ran.returncode == 1
    assert "does not run: JOB_STATE_FAILED. The function, or the job before it, goes on loading." in ran.stderr
    assert "DATAFLOW_SUBNETWORK" in ran.stderr
    assert (copy.folder / "functions" / "load-tweet").exists()


def test_back_to_the_function_the_subscription_stays_until_its_job_is_drained(
    streaming: Recorded, tmp_path: Path
) -> None:
    copy = copied(streaming, tmp_path)
    plan = copy.deploy("plan", **SETTINGS)
    assert "- streams tds-stream" in plan.stderr
    assert "+ functions load-tweet" in plan.stderr
    known = len(copy.calls)
    stuck = copy.deploy("up", "--yes", **SETTINGS, DEPLOY_JOB_SECONDS="0")
    assert stuck.returncode == 1
    assert "still drains: JOB_STATE_DRAINING." in stuck.stderr
    assert "Its subscription stays until it has stored what it has taken." in stuck.stderr
    assert (copy.folder / "subscriptions" / "tweets-dataflow").exists()
    back = copy.deploy("up", "--yes", **SETTINGS)
    assert back.returncode == 0, back.stderr
    assert (copy.folder / "functions" / "load-tweet").exists()
    assert not (copy.folder / "subscriptions" / "tweets-dataflow").exists()
    drains = [call for call in copy.calls[known:] if call[1:4] == ["dataflow", "jobs", "drain"]]
    assert len(drains) == 1, "a job that drains is not told again"


def test_destroy_waits_until_the_job_is_cancelled_before_its_bucket_and_account_go(
    streaming: Recorded, tmp_path: Path
) -> None:
    copy = copied(streaming, tmp_path)
    known = len(copy.calls)
    ran = copy.deploy("destroy", "--yes", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    for kind in ("buckets", "accounts", "subscriptions"):
        assert not list((copy.folder / kind).glob("*")), kind
    calls = [" ".join(word for word in call if not word.startswith("-")) for call in copy.calls[known:]]
    last_look = max(i for i, call in enumerate(calls) if call.startswith("gcloud dataflow jobs describe"))
    assert last_look < calls.index("gcloud storage rm gs://some-project-tds-dataflow")
    assert (
        'REVOKE `roles/bigquery.dataEditor` ON TABLE `some-project.twitter.tweet_versions` FROM "serviceAccount:tds-dataflow@'
        in (copy.folder / "sql").read_text()
    )


def test_with_a_streaming_job_the_function_is_not_deployed_beside_it(streaming: Recorded, tmp_path: Path) -> None:
    copy = copied(streaming, tmp_path)
    ran = copy.deploy("up", "function", "--yes", "--again", **STREAMING)
    assert ran.returncode == 0, ran.stderr
    assert "The function load-tweet is not deployed: with LOADER=dataflow a streaming job loads" in ran.stderr
    assert not (copy.folder / "functions" / "load-tweet").exists()


@pytest.mark.parametrize("lost", ["triggers/load-tweet-1", "subscriptions/eventarc-load-tweet-1-sub"])
def test_a_trigger_or_its_subscription_that_was_lost_is_made_again(
    deployed: Recorded, tmp_path: Path, lost: str
) -> None:
    copy = copied(deployed, tmp_path)
    (copy.folder / lost).unlink()
    plan = copy.deploy("plan", **SETTINGS)
    assert "~ functions load-tweet" in plan.stderr
    known = len(copy.calls)
    ran = copy.deploy("up", "--yes", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    (deploy,) = [call for call in copy.calls[known:] if call[1:4] == ["functions", "deploy", "load-tweet"]]
    assert {"--trigger-topic=tweets", "--retry"} <= set(deploy)
    deleted = [call for call in copy.calls[known:] if call[1:4] == ["eventarc", "triggers", "delete"]]
    assert bool(deleted) == lost.startswith("subscriptions")
    before = copy.changes
    assert "Nothing to do" in copy.deploy("up", "--yes", **SETTINGS).stderr
    assert copy.changes == before


def test_without_a_token_nothing_is_started_again_and_again(project: Recorded) -> None:
    without = {name: value for name, value in SETTINGS.items() if name != "X_BEARER_TOKEN"}
    ran = project.deploy("up", "--yes", **without)
    assert ran.returncode == 0, ran.stderr
    assert "The secret x-bearer-token has no version: the ingester is not started." in ran.stderr
    assert not (project.folder / "schedules" / "ingester-tick").exists()
    ran = project.deploy("up", "--yes", **SETTINGS)
    assert (project.folder / "schedules" / "ingester-tick").exists(), ran.stderr


def test_a_second_up_changes_nothing(deployed: Recorded) -> None:
    before = deployed.changes
    ran = deployed.deploy("up", "--yes", "--json", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    assert "Nothing to do" in ran.stderr
    assert json.loads(ran.stdout)["make"] == []
    assert deployed.changes == before
    plan = deployed.deploy("plan", "--json", **SETTINGS)
    assert (plan.returncode, deployed.changes) == (0, before)
    said = json.loads(plan.stdout)
    assert (said["make"], said["change"], said["remove"], said["unchanged"] > 50) == ([], [], [], True)


def test_a_plan_can_be_read_by_programs(deployed: Recorded) -> None:
    plan = deployed.deploy("plan", "--json", **SETTINGS | {"MAX_POSTS_PER_DAY": "7", "PUBSUB_TOPIC": "other"})
    assert plan.returncode == 1
    said = json.loads(plan.stdout)
    assert {"kind": "jobs", "name": "ingester"} in said["change"]
    assert {"kind": "topics", "name": "other"} in said["make"]


def test_the_doctor_s_findings_can_be_read_by_programs(project: Recorded) -> None:
    ran = project.deploy("doctor", "--json", **SETTINGS)
    said = json.loads(ran.stdout)
    assert (ran.returncode, said["well"]) == (1, False)
    assert {"ok": False, "what": "jobs ingester: not there", "remedy": "./deploy.sh up makes it."} in said["checks"]


INGESTER = {"jobs ingester", "jobs ingester-run"}
CARRIERS = {
    "posts/snowflake.py": INGESTER | {"functions load-tweet", "functions remove-deleted"},
    "runtime/log.py": INGESTER | {"functions load-tweet", "functions remove-deleted"},
    "warehouse/insert.py": {"functions load-tweet"},
    "ingester/requirements.txt": INGESTER,
    "functions/remove_deleted/sql/history.sql": {"functions remove-deleted"},
    "reports/words.py": set(),
}


def test_the_example_s_rule_and_words_are_named_before_they_cost_anything(tmp_path: Path) -> None:
    copy = Recorded(tmp_path / "cloud", copy_of_tree(tmp_path / "tree"))
    copy.folder.mkdir()
    assert "rules.yaml says that it is the example" in copy.deploy("plan", **SETTINGS).stderr
    (copy.tree / "ingester/rules.yaml").write_text("- tag: climate\n  value: climate\n")
    assert "example" not in copy.deploy("plan", **SETTINGS).stderr
    keywords = copy.tree / "functions/load_tweet"
    shutil.copy(keywords / "keywords.music.txt", keywords / "keywords.txt")
    assert "without one of them is paid for and dropped" in copy.deploy("plan", **SETTINGS).stderr


@pytest.mark.parametrize("file", CARRIERS)
def test_a_changed_byte_is_planned_for_each_deployable_that_carries_it(
    tmp_path: Path, deployed: Recorded, file: str
) -> None:
    copy = deployed.copied_to(tmp_path / "copy", copy_of_tree(tmp_path / "tree"))
    with (copy.tree / file).open("a") as changed:
        changed.write("#")
    plan = copy.deploy("plan", **SETTINGS)
    signs = [line.strip() for line in plan.stderr.splitlines()]
    assert {line[2:] for line in signs if line.startswith(("~ ", "+ ", "- "))} == CARRIERS[file], plan.stderr
    assert plan.returncode == (1 if CARRIERS[file] else 0)


@pytest.mark.slow
def test_again_applies_everything_and_makes_nothing(tmp_path: Path, deployed: Recorded) -> None:
    copy = deployed.copied_to(tmp_path / "copy")
    ran = copy.deploy("up", "--yes", "--again", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    assert "Done: 0 made" in ran.stderr
    assert copy.changes > deployed.changes + 20


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 13, 25, 37, 49, 61])
def test_interrupted_anywhere_the_next_run_goes_on(project: Recorded, deployed: Recorded, at: int) -> None:
    ran = project.deploy("up", "--yes", FAIL_AT=str(at), **SETTINGS)
    assert ran.returncode == 1
    assert "the call that was to fail" in ran.stderr
    assert "run the same command again" in ran.stderr
    ran = project.deploy("up", "--yes", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    kinds = ("accounts", "topics", "subscriptions", "jobs", "functions", "metrics", "alerts", "dashboards", "schedules")
    for kind in kinds:
        assert _listed(project, kind) == _listed(deployed, kind)
    before = project.changes
    ran = project.deploy("up", "--yes", **SETTINGS)
    assert "Nothing to do" in ran.stderr, ran.stderr
    assert project.changes == before


def _listed(project: Recorded, kind: str) -> dict[str, str]:
    """Return what is there of a kind. An etag differs with each change."""
    return {file.name: re.sub(r"etag-\d+", "etag", file.read_text()) for file in (project.folder / kind).iterdir()}


def test_destroy_takes_everything_and_twice_is_harmless(tmp_path: Path, deployed: Recorded) -> None:
    copy = deployed.copied_to(tmp_path / "copy")
    ran = copy.deploy("destroy", "--yes", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    left = {kind.name for kind in copy.folder.iterdir() if kind.is_dir() and any(kind.iterdir())}
    assert left == {"services", "secrets", "numbers"}
    before = copy.changes
    assert copy.deploy("destroy", "--yes", **SETTINGS).returncode == 0
    assert copy.changes == before
    assert copy.deploy("up", "--yes", **SETTINGS).returncode == 0


def test_a_trigger_is_given_again_only_where_it_differs_and_its_subscription_is_set_up_each_time(
    tmp_path: Path, deployed: Recorded
) -> None:
    """Google may delete a trigger that is created again, and with it the subscription and its backlog."""
    copy = deployed.copied_to(tmp_path / "copy")

    def again(**change: str) -> tuple[list[str], list[str]]:
        before = len(copy.calls)
        ran = copy.deploy("up", "function", "--yes", **SETTINGS | change)
        assert ran.returncode == 0, ran.stderr
        made = copy.calls[before:]
        (deploy,) = [call for call in made if call[1:4] == ["functions", "deploy", "load-tweet"]]
        (update,) = [call for call in made if call[1:4] == ["pubsub", "subscriptions", "update"]]
        assert "--message-retention-duration=7d" in update
        return [flag for flag in deploy if flag.startswith("--trigger-") or flag == "--retry"], ran.stderr.splitlines()

    given, said = again(LANGUAGES="en")
    assert given == []
    assert not [line for line in said if "anew" in line]
    given, said = again(LANGUAGES="en,de", TRIGGER_NUMBER="2")  # Google makes it anew all the same
    assert given == []
    assert any("run archive --from 20" in line for line in said)


LATE = {
    "the build account's grants": (
        "functions deploy",
        "Could not build the function due to a missing permission on the build service account.",
    ),
    "the registry's": (
        "builds submit",
        'denied: Permission "artifactregistry.repositories.uploadArtifacts" denied on resource',
    ),
    "an account that was just made": (
        "iam service-accounts",
        "Service account tds-push@some-project.iam.gserviceaccount.com does not exist.",
    ),
}


@pytest.mark.parametrize(("command", "words"), cases(LATE, "the registry's", several=True))
def test_what_google_does_not_know_of_yet_is_asked_again(
    project: Recorded, tmp_path: Path, command: str, words: str
) -> None:
    says = tmp_path / "says"
    says.write_text(f"{command}\t{words}\n")
    ran = project.deploy("up", "--yes", **SETTINGS | {"SAYS": str(says), "DEPLOY_PATIENCE_SECONDS": "60"})
    assert ran.returncode == 0, ran.stderr
    assert "Google does not know of something new yet; asked again" in ran.stderr
    assert says.read_text() == ""


EXPLAINED = {
    "a hash with 403 beside a wrong flag": (
        "INVALID_ARGUMENT: memory must be at least 128Mi",
        "look for the message in docs/deploy.md",
    ),
    "no right": (
        "PERMISSION_DENIED: Permission 'cloudbuild.builds.create' denied on resource",
        "This account may not do that",
    ),
    "no right, by status": ("HTTPError 403: somebody may not do this", "This account may not do that"),
    "no billing": (
        "FAILED_PRECONDITION: Billing account for project '1' is not found",
        "The project has no billing account",
    ),
    "killing is not billing": (
        "INTERNAL: killing the instance took too long",
        "look for the message in docs/deploy.md",
    ),
}


@pytest.mark.parametrize(("words", "advice"), cases(EXPLAINED, "a hash with 403 beside a wrong flag", several=True))
def test_an_error_is_explained_by_its_status(project: Recorded, tmp_path: Path, words: str, advice: str) -> None:
    """The command is shown as well, and its names and hashes may hold anything: here the region."""
    says = tmp_path / "says"
    says.write_text(f"builds submit\t{words}\n")
    ran = project.deploy("up", "--yes", **SETTINGS | {"SAYS": str(says), "REGION": "us-billing403"})
    assert ran.returncode == 1
    assert words in ran.stderr
    assert "us-billing403" in ran.stderr.partition("This failed:")[2]
    assert advice in ran.stderr


def test_running_executions_are_replaced_only_if_their_settings_differ(deployed: Recorded, tmp_path: Path) -> None:
    copy = copied(deployed, tmp_path)
    config = (copy.folder / "jobs" / "ingester").read_text().partition("~")[0]
    (copy.folder / "running").write_text(f"ingester-1~~{config}\ningester-2~~{config}\n")
    before = copy.changes
    ran = copy.deploy("up", "ingester", "--yes", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    assert copy.changes == before
    (copy.folder / "running").write_text("ingester-1~~0123456789abcdef\n")
    ran = copy.deploy("up", "ingester", "--yes", **SETTINGS)
    assert [call for call in copy.calls if call[1:5] == ["run", "jobs", "executions", "cancel"]]
    assert (copy.folder / "running").read_text().endswith(f"{config}\n"), "one with other settings is replaced"


def test_ages_at_which_posts_are_read_again_reach_both_jobs_and_their_price_is_said(
    deployed: Recorded, tmp_path: Path
) -> None:
    copy = copied(deployed, tmp_path)
    known = len(copy.calls)
    ran = copy.deploy("up", "ingester", "--yes", **SETTINGS, REFRESH_AFTER="1d,7d", REFRESH_MAX_PER_DAY="0200")
    assert ran.returncode == 0, ran.stderr
    assert "read again at the ages 1d,7d, within these limits and at most 200 a day" in ran.stderr
    told = [part for call in copy.calls[known:] for part in call if part.startswith("--set-env-vars=")]
    assert len(told) == 2
    for variables in told:
        assert {"REFRESH_AFTER=1d,7d", "REFRESH_SHARE=1", "REFRESH_MAX_PER_DAY=200"} <= set(variables.split("@"))


def test_ctrl_c_cancels_what_was_started_in_the_cloud(deployed: Recorded, tmp_path: Path) -> None:
    copy = copied(deployed, tmp_path)
    (copy.folder / "calls").unlink()
    environment = copy.environment(**SETTINGS, ENDLESS="true")
    command = ["./deploy.sh", "run", "search", "--from", "2026-11-20T00:00", "--yes"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as ran:
        describe = ["run", "jobs", "executions", "describe"]
        assert eventually(lambda: any(call[1:5] == describe for call in copy.calls), 60)
        ran.send_signal(signal.SIGINT)
        _, said = ran.communicate(timeout=60)
    assert ran.returncode == 130
    assert "Ctrl-C cancels it" in said
    assert "It ends within seconds. A search: the same command goes on with it." in said
    assert not (copy.folder / "running-by-hand").exists()


def test_pause_cancels_a_search_by_hand_as_well(deployed: Recorded, tmp_path: Path) -> None:
    copy = copied(deployed, tmp_path)
    (copy.folder / "running-by-hand").write_text("ingester-run-5~~abc")
    ran = copy.deploy("pause", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    assert not (copy.folder / "running-by-hand").exists()


def test_a_build_that_fails_shows_the_end_of_its_log(project: Recorded, tmp_path: Path) -> None:
    says = tmp_path / "says"
    build = "projects/1/locations/us-central1/builds/0b1c2d3e-0000-4000-8000-123456789abc"
    says.write_text(f"builds submit\tbuild {build} completed with status FAILURE\n")
    ran = project.deploy("up", "--yes", **SETTINGS | {"SAYS": str(says)})
    assert ran.returncode == 1
    assert "The end of the log of build 0b1c2d3e-0000-4000-8000-123456789abc:" in ran.stderr
    assert "what the command printed" in ran.stderr, "of the recording gcloud's log"
    (read,) = [call for call in project.calls if call[1:3] == ["logging", "read"]]
    assert 'resource.labels.build_id="0b1c2d3e-0000-4000-8000-123456789abc"' in read[3]


def test_a_region_in_which_google_does_not_build_is_told_with_those_in_which_it_does(
    project: Recorded, tmp_path: Path
) -> None:
    says = tmp_path / "says"
    says.write_text(
        "builds submit\tFAILED_PRECONDITION: due to quota restrictions, cannot run builds in this region. Please contact support\n"
    )
    ran = project.deploy("up", "--yes", **SETTINGS | {"SAYS": str(says), "REGION": "europe-west3"})
    assert ran.returncode == 1
    for region in (
        "us-central1",
        "us-west2",
        "europe-west1",
        "asia-east1",
        "australia-southeast1",
        "southamerica-east1",
    ):
        assert region in ran.stderr
        assert region in (ROOT / "docs" / "deploy.md").read_text()


def test_a_project_of_a_domain_has_its_accounts_where_google_has_them(project: Recorded) -> None:
    ran = project.deploy("up", "access", "--yes", **SETTINGS | {"GOOGLE_CLOUD_PROJECT": "example.com:some-project"})
    assert ran.returncode == 0, ran.stderr
    members = {word for call in project.calls for word in call if word.startswith("--member=serviceAccount:tds-")}
    assert members
    granted = set(re.findall(r'"(serviceAccount:tds-[^"]+)"', (project.folder / "sql").read_text()))
    assert granted
    assert all(member.endswith("@some-project.example.com.iam.gserviceaccount.com") for member in members | granted)


@pytest.mark.slow
def test_a_budget_needs_two_more_apis_and_is_made_once(tmp_path: Path, deployed: Recorded) -> None:
    copy = deployed.copied_to(tmp_path / "copy")
    ran = copy.deploy("up", "watch", "--yes", **SETTINGS | {"BUDGET_DOLLARS": "50"})
    assert ran.returncode == 0, ran.stderr
    assert copy.place("gcloud", "services", "enable", "cloudbilling.googleapis.com", "billingbudgets.googleapis.com")
    assert copy.place("gcloud", "billing", "budgets", "create") > copy.place(
        "gcloud", "services", "enable", "cloudbilling.googleapis.com"
    )
    before = copy.changes
    assert "Nothing to do" in copy.deploy("up", "watch", "--yes", **SETTINGS | {"BUDGET_DOLLARS": "50"}).stderr
    assert copy.changes == before
    gone = copy.deploy("destroy", "--yes", **SETTINGS)
    assert gone.returncode == 0, gone.stderr
    assert not list((copy.folder / "budgets").iterdir())


@pytest.mark.slow
def test_a_dataset_of_others_is_left_alone_unless_it_is_to_be_adopted(project: Recorded) -> None:
    (project.folder / "services").mkdir()
    (project.folder / "services" / "bigquery.googleapis.com").write_text("~")
    (project.folder / "dataset").write_text('{"team": "sales"}')
    (project.folder / "tables").write_text("sales\n")
    ran = project.deploy("up", "bigquery", "--yes", **SETTINGS)
    assert ran.returncode == 1
    assert "There is already a thing called twitter (dataset)" in ran.stderr
    for command in (("destroy", "--yes"), ("destroy", "--all", "--yes")):
        assert project.deploy(*command, **SETTINGS).returncode == 0
    assert (project.folder / "dataset").read_text() == '{"team": "sales"}'
    ran = project.deploy("up", "bigquery", "--yes", **SETTINGS | {"ADOPT_DATASET": "true"})
    assert ran.returncode == 0, ran.stderr
    labels = json.loads((project.folder / "dataset").read_text())
    assert (labels["team"], labels["adopted"], labels["app"]) == ("sales", "true", "twitter-data-stream")
    assert "Nothing to do" in project.deploy("up", "bigquery", "--yes", **SETTINGS).stderr
    elsewhere = project.deploy("plan", "bigquery", **SETTINGS | {"BIGQUERY_LOCATION": "EU"})
    assert elsewhere.returncode == 2
    assert "is stored in us-central1, and BIGQUERY_LOCATION is EU" in elsewhere.stderr
    ran = project.deploy("destroy", "--all", "--yes", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    assert json.loads((project.folder / "dataset").read_text()) == {"team": "sales"}


FOREIGN = {"topics": "tweets", "jobs": "ingester", "functions": "load-tweet", "subscriptions": "tweets-archive"}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), FOREIGN.items())
def test_what_somebody_else_has_made_is_left_alone(project: Recorded, kind: str, name: str) -> None:
    for api in ("pubsub", "run", "cloudfunctions"):
        (project.folder / "services").mkdir(exist_ok=True)
        (project.folder / "services" / f"{api}.googleapis.com").write_text("~")
    (project.folder / kind).mkdir()
    (project.folder / kind / name).write_text("~~True")
    ran = project.deploy("up", "--yes", **SETTINGS)
    assert ran.returncode == 1
    assert f"There is already a thing called {name} ({kind})" in ran.stderr
    ran = project.deploy("destroy", "--yes", **SETTINGS)
    assert f"{kind} {name} was not made by deploy.sh and is left alone" in ran.stderr, ran.stderr
    assert (project.folder / kind / name).exists()


@pytest.mark.slow
def test_a_function_that_could_not_be_brought_up_is_deployed_again(tmp_path: Path, deployed: Recorded) -> None:
    copy = deployed.copied_to(tmp_path / "copy")
    file = copy.folder / "functions" / "load-tweet"
    file.write_text(file.read_text().replace("ACTIVE", "FAILED"))
    ran = copy.deploy("up", "--yes", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    assert "~ functions load-tweet" in ran.stderr


@pytest.mark.slow
def test_an_ingester_that_runs_with_other_settings_is_replaced_whenever_they_were_changed(
    tmp_path: Path, deployed: Recorded
) -> None:
    copy = deployed.copied_to(tmp_path / "copy")
    (copy.folder / "running").write_text("ingester-old~~another")
    ran = copy.deploy("up", "--yes", **SETTINGS)
    assert ran.returncode == 0, ran.stderr
    assert "Starting the ingester" in ran.stderr
    assert (copy.folder / "running").read_text() != "ingester-old~~another"


def test_another_region_is_not_a_second_pipeline(tmp_path: Path, deployed: Recorded) -> None:
    copy = deployed.copied_to(tmp_path / "copy")
    before = copy.changes
    ran = copy.deploy("up", "--yes", **SETTINGS | {"REGION": "europe-west1", "BIGQUERY_LOCATION": "us-central1"})
    assert ran.returncode == 2
    assert "runs in us-central1, and REGION is europe-west1" in ran.stderr
    assert copy.changes == before


@pytest.mark.parametrize(
    "arguments", [["destroy", "--dry-run"], ["up", "--all"], ["pause", "now"], ["plan", "--no-canary"]]
)
def test_an_option_of_another_command_is_refused(project: Recorded, arguments: list[str]) -> None:
    ran = project.deploy(*arguments, "--yes", **SETTINGS)
    assert ran.returncode == 2
    assert project.calls == []


def test_without_yes_and_nobody_to_ask_nothing_is_done(project: Recorded) -> None:
    ran = project.deploy("up", **SETTINGS)
    assert ran.returncode == 2
    assert "Add --yes" in ran.stderr
    assert project.changes == 0


KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
BAD = {
    "a key's version": ({"KMS_KEY": f"{KEY}/cryptoKeyVersions/1"}, "which is not the name of a key"),
    "a key elsewhere": ({"KMS_KEY": KEY.replace("us-central1", "us")}, "KMS_KEY is in us, REGION is us-central1"),
    "a dataset elsewhere": ({"KMS_KEY": KEY, "BIGQUERY_LOCATION": "US"}, "BIGQUERY_LOCATION is US"),
    "no project": ({"GOOGLE_CLOUD_PROJECT": ""}, "GOOGLE_CLOUD_PROJECT is not set"),
    "a project's name": ({"GOOGLE_CLOUD_PROJECT": "My Project"}, "no project id"),
    "a zone": ({"REGION": "us-central1-a"}, "does not look like a region"),
    "a limit with a comma": ({"MAX_POSTS_PER_DAY": "1,000"}, "MAX_POSTS_PER_DAY is '1,000'"),
    "ages with a semicolon": ({"REFRESH_AFTER": "1d;7d"}, "Write ages such as 1d,7d"),
    "a share of nothing": ({"REFRESH_SHARE": "0"}, "above 0 and at most 1"),
    "a short archive": ({"ARCHIVE_DAYS": "3"}, "8 or more"),
    "not a boolean": ({"EXPAND_AUTHORS": "yes"}, "EXPAND_AUTHORS is 'yes'"),
    "a token with a line break": ({"X_BEARER_TOKEN": "key\ntoken"}, "a character that no bearer token has"),
    "a token in quotes": ({"X_BEARER_TOKEN": "‘AAA’"}, "a character that no bearer token has"),
    "an unencrypted X": ({"X_API_URL": "http://example.com"}, "would travel unencrypted"),
    "no language": ({"LANGUAGES": "en;de"}, "LANGUAGES has 'en;de'"),
    "no address": ({"ALERT_EMAIL": "me"}, "no address"),
    "one topic twice": ({"PUBSUB_DEAD_TOPIC": "tweets"}, "would come back for ever"),
    "a dataset with a hyphen": ({"BIGQUERY_DATASET": "my-data"}, "letters, digits and underscores"),
}


@pytest.mark.parametrize(("change", "words"), BAD.values(), ids=BAD.keys())
def test_a_bad_setting_is_told_before_anything_is_asked(project: Recorded, change: dict[str, str], words: str) -> None:
    ran = project.deploy("up", "--yes", **SETTINGS | change)
    assert ran.returncode == 2
    assert words in ran.stderr
    assert project.calls == []
    assert change.get("X_BEARER_TOKEN", "nothing that it says") not in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["upp"], "no command 'upp'"),
        (["up", "all-of-it", "--yes"], "no part 'all-of-it'"),
        (["up", "--force"], "has no option --force"),
        (["run"], "Which command of the ingester?"),
    ],
)
def test_a_mistyped_command_is_told(project: Recorded, arguments: list[str], words: str) -> None:
    ran = project.deploy(*arguments, **SETTINGS)
    assert ran.returncode == 2
    assert words in ran.stderr
    assert project.changes == 0


def _tree(folder: Path) -> Path:
    tree = folder / "tree"
    shutil.copytree(
        ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", ".runs", "__pycache__", "tests", ".*_cache", ".env")
    )
    return tree


def test_all_that_is_made_for_another_topic_has_its_name(tmp_path: Path, deployed: Recorded) -> None:
    project = deployed.copied_to(tmp_path / "cloud")
    climate = SETTINGS | {"APP_NAME": "climate"}
    before = len(project.calls)
    ran = project.deploy("up", "--yes", **climate)
    assert ran.returncode == 0, ran.stderr
    made = [call for call in project.calls[before:] if {"create", "deploy", "submit"} & set(call[1:5])]
    assert len(made) > 30
    of_the_project = {"services", "dashboards"}  # a dashboard's name is in its file
    assert [call for call in made if "climate" not in " ".join(call) and not of_the_project & set(call)] == []
    assert "`some-project.climate.tweet_versions`" in (project.folder / "sql").read_text()


def test_alerts_go_to_several_addresses_and_to_channels_that_are_there(tmp_path: Path, deployed: Recorded) -> None:
    project = deployed.copied_to(tmp_path / "cloud")
    slack = "projects/some-project/notificationChannels/77"
    settings = SETTINGS | {"ALERT_CHANNELS": f"b@example.com,{slack}"}
    before = len(project.calls)
    ran = project.deploy("up", "watch", "--yes", **settings)
    assert ran.returncode == 0, ran.stderr
    calls = project.calls[before:]
    made = [call for call in calls if call[1:5] == ["beta", "monitoring", "channels", "create"]]
    assert [word for call in made for word in call if word.startswith("--channel-labels=")] == [
        "--channel-labels=email_address=b@example.com"
    ]
    told = {
        word
        for call in calls
        if call[1:5] == ["alpha", "monitoring", "policies", "update"]
        for word in call
        if word.startswith("--set-notification-channels=")
    }
    (channels,) = told
    assert channels.count(",") == 2
    assert channels.endswith(slack)
    assert project.deploy("plan", "watch", **settings).returncode == 0
    bad = project.deploy("plan", "watch", **SETTINGS | {"ALERT_CHANNELS": "#alerts"})
    assert (bad.returncode, "neither an address nor" in bad.stderr) == (2, True)


def test_labels_of_one_s_own_are_on_what_has_labels_and_change_no_trigger(tmp_path: Path, deployed: Recorded) -> None:
    project = deployed.copied_to(tmp_path / "cloud")
    labelled = SETTINGS | {"LABELS": "team=music,cost-center=42"}
    before = len(project.calls)
    ran = project.deploy("up", "--yes", **labelled)
    assert ran.returncode == 0, ran.stderr
    words = [word for call in project.calls[before:] for word in call]
    given = [word for word in words if word.startswith(("--labels=", "--update-labels="))]
    own = [word for word in given if "rules=" not in word or "app=" in word]
    assert len(own) > 8
    assert [word for word in own if ",team=music,cost-center=42" not in word] == []
    assert '("team", "music"), ("cost-center", "42")]' in (project.folder / "sql").read_text()
    assert not [word for word in words if word.startswith("--trigger-")], "Google may make such a trigger anew"
    assert project.deploy("plan", **labelled).returncode == 0
    for bad in ("team", "app=x", "Team=x", "team=a b"):
        refused = project.deploy("plan", **SETTINGS | {"LABELS": bad})
        assert (refused.returncode, "LABELS has" in refused.stderr) == (2, True), bad


@pytest.mark.parametrize("name", ["Climate", "a-b", "tds", "google", "abcdefghijklm", "1a"])
def test_a_name_that_would_not_do_is_refused_before_anything_is_asked(project: Recorded, name: str) -> None:
    ran = project.deploy("up", "--yes", **SETTINGS, APP_NAME=name)
    assert (ran.returncode, "APP_NAME is" in ran.stderr, project.calls) == (2, True, [])


@pytest.mark.slow
def test_settings_come_from_env_and_the_environment_wins(tmp_path: Path) -> None:
    project = Recorded(tmp_path / "cloud", _tree(tmp_path))
    project.folder.mkdir()
    (project.tree / ".env").write_text(
        "# mine\r\nexport GOOGLE_CLOUD_PROJECT=from-file\nMAX_POSTS_PER_DAY='77'\nREGION=\"europe-west1\"\n\nX_BEARER_TOKEN=FILE"
    )
    ran = project.deploy("up", "--yes", MAX_POSTS_PER_DAY="55")
    assert ran.returncode == 0, ran.stderr
    job, again = [call for call in project.calls if call[1:4] == ["run", "jobs", "deploy"]]
    assert ("--max-retries=1" in job, "--max-retries=0" in again) == (True, True), "what is asked for once is done once"
    assert "--region=europe-west1" in job
    variables = next(word for word in job if word.startswith("--set-env-vars="))
    assert "@MAX_POSTS_PER_DAY=55@" in variables
    assert "GOOGLE_CLOUD_PROJECT=from-file" in variables


def test_the_estimate_goes_by_xs_own_counts_and_needs_no_cloud(project: Recorded, tmp_path: Path) -> None:
    with serving("x", "local.emulators.x.server", tmp_path, "--posts", "10", X_BEARER_TOKEN="local") as x:
        settings = SETTINGS | {"X_BEARER_TOKEN": "local", "X_API_URL": f"http://127.0.0.1:{x.port}"}
        ran = project.deploy("estimate", "--json", **settings)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["posts_per_day"] == 0.0, "none was posted yet"
    assert project.calls == []


def test_the_estimate_without_a_token_says_how_to_go_on(project: Recorded) -> None:
    ran = project.deploy("estimate", **SETTINGS | {"X_BEARER_TOKEN": ""})
    assert ran.returncode == 2
    assert "--posts-per-day 1000" in ran.stderr
    ran = project.deploy("estimate", "--posts-per-day", "100", **SETTINGS | {"X_BEARER_TOKEN": ""})
    assert ran.returncode == 0
    assert "At 100 posts a day" in ran.stdout


def test_the_estimate_needs_no_project(project: Recorded) -> None:
    ran = project.deploy("estimate", "--posts-per-day", "100", GOOGLE_CLOUD_PROJECT="", X_BEARER_TOKEN="")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("At 100 posts a day you pay ")
    assert project.deploy("plan", GOOGLE_CLOUD_PROJECT="").returncode == 2


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('MAX_POSTS_PER_DAY="70" # a comment', "MAX_POSTS_PER_DAY=70,"),
        ("MAX_POSTS_PER_DAY='70'", "MAX_POSTS_PER_DAY=70,"),
        ("MAX_POSTS_PER_DAY=70   # little", "MAX_POSTS_PER_DAY=70,"),
        ("export MAX_POSTS_PER_DAY= 70 ", "MAX_POSTS_PER_DAY=70,"),
        ("MAX_POSTS_PER_DAY=  # the default", "MAX_POSTS_PER_DAY=1000,"),
    ],
)
def test_env_takes_quotes_and_comments(tmp_path: Path, line: str, shown: str) -> None:
    project = Recorded(tmp_path, _tree(tmp_path))
    (project.tree / ".env").write_text(f"{line}\n")
    ran = project.deploy("estimate", "--posts-per-day", "5", X_BEARER_TOKEN="")
    assert ran.returncode == 0, ran.stderr
    assert shown in ran.stdout


def test_a_mistyped_variable_in_env_is_told(tmp_path: Path) -> None:
    project = Recorded(tmp_path, _tree(tmp_path))
    (project.tree / ".env").write_text("MAX_POST_PER_DAY=10\n")
    ran = project.deploy("up", "--yes", **SETTINGS)
    assert ran.returncode == 2
    assert ".env sets MAX_POST_PER_DAY, which deploy.sh does not know" in ran.stderr


def test_the_example_of_env_has_every_variable_with_its_default() -> None:
    declared = re.search(
        r"readonly VARIABLES=\(\n(.*?)\n\)", (ROOT / "infra/deploy/settings.sh").read_text(), re.DOTALL
    )
    assert declared
    ours = dict(line.strip().split("=", 1) for line in declared[1].splitlines())
    example = dict(
        line.lstrip("#").split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if re.match(r"#?[A-Z_]+=", line)
    )
    assert example | {"BIGQUERY_LOCATION": ""} == ours
    rows = [line.split("\t") for line in (ROOT / "infra" / "variables.tsv").read_text().splitlines()[1:]]
    assert {name for name, readers, _, _ in rows if "deploy.sh" in readers.split(", ")} == set(ours) | {"REGION"}


def test_the_help_names_every_command_and_part() -> None:
    said = subprocess.run(["./deploy.sh", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    script = (ROOT / "deploy.sh").read_text()
    commands = set(re.findall(r"^(?:\./deploy\.sh|           ) (\w+)", said, re.MULTILINE))
    (known,) = re.findall(r"^\t\t(up \| .+)\) ;;$", script, re.MULTILINE)
    assert commands == set(known.split(" | "))
    (parts,) = re.findall(r'" all ([a-z ]+) "', script)
    assert all(re.search(rf"\b{part}\b", said) for part in parts.split())


def test_the_roles_of_the_function_are_the_tables_that_it_writes() -> None:
    from posts.tables import TABLES

    rows = [line.split("\t") for line in (ROOT / "infra" / "roles.tsv").read_text().splitlines()]
    assert {on for who, _, on, _ in rows if who == "tds-load-tweet"} == {f"table:{name}" for name in TABLES}


def _quoted(word: str) -> str:
    """Quote as one types: the linter takes a quoted flag for the value of the flag before it."""
    flag, equals, value = word.partition("=")
    return f"{flag}={shlex.quote(value)}" if equals and flag.startswith("--") else shlex.quote(word)


@pytest.mark.slow
@needs("gcloud", shutil.which("gcloud") is not None, "its own linter is asked")
def test_gclouds_own_linter_takes_every_command(deployed: Recorded, streaming: Recorded, tmp_path: Path) -> None:
    gone = copied(streaming, tmp_path)
    assert gone.deploy("destroy", "--all", "--yes", **SETTINGS).returncode == 0
    calls = [*deployed.calls, *gone.calls]
    commands = sorted({" ".join(map(_quoted, call)) for call in calls if call[0] == "gcloud"})
    file = tmp_path / "commands.json"
    file.write_text(
        json.dumps([{"command_string": command, "id": number} for number, command in enumerate(commands, 1)])
    )
    environment = os.environ | {"CLOUDSDK_CONFIG": str(tmp_path), "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1"}
    linted = subprocess.run(
        ["gcloud", "meta", "lint-gcloud-commands", f"--commands-file={file}", "--serialize"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    results = [result for one in json.loads(linted.stdout).values() for result in one]
    assert len(results) == len(commands) > 60
    wrong = [(one["command_string"], one["error_message"]) for one in results if not one["success"]]
    assert wrong == []
