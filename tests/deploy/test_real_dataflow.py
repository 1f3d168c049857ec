"""Both ways to load, with the real gcloud: the function, the streaming job in its place, and the function again; judged by the requests."""

from collections.abc import Iterator

import pytest

from tests.support.deploy.cloud import PROJECT, Cloud, Ran, cloud, copy_of_tree, missing_tools
from tests.support.tiers import needs

pytestmark = [
    needs("gcloud", missing_tools() is None, f"{missing_tools()}, and deploy.sh cannot be run for real"),
    pytest.mark.slow,
    pytest.mark.timeout(900),
]
WORKER = f"serviceAccount:tds-dataflow@{PROJECT}.iam.gserviceaccount.com"
FUNCTION = "/functions/load-tweet"


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    tree = copy_of_tree(tmp_path_factory.mktemp("tree"))
    with cloud(tmp_path_factory.mktemp("google")) as one:
        one.tree = tree
        ran = one.deploy("up", "--yes")
        assert ran.code == 0, ran.said
        yield one


@pytest.fixture(scope="module")
def streaming(google: Cloud) -> Ran:
    ran = google.deploy("up", "--yes", LOADER="dataflow")
    assert ran.code == 0, ran.said
    return ran


def at(ran: Ran, method: str, api: str, path: str) -> list[int]:
    """Return the places of such requests among all of a run."""
    return [i for i, r in enumerate(ran.requests) if (r["method"], r["api"]) == (method, api) and path in r["path"]]


def test_a_plan_writes_nothing(google: Cloud) -> None:
    ran = google.deploy("plan", LOADER="dataflow")
    assert ran.code == 1
    assert not ran.writes, ran.writes
    assert "- functions load-tweet" in ran.said


def test_no_role_is_given_to_an_account_that_is_not_there(streaming: Ran) -> None:
    made = next(
        i
        for i, r in enumerate(streaming.requests)
        if r["body"] and "tds-dataflow" in str(r["body"]) and r["api"] == "iam"
    )
    given = [i for i, r in enumerate(streaming.requests) if WORKER in str(r["body"])]
    assert given
    assert made < min(given)
    refused = [r for r in streaming.requests if r["status"] in (400, 409)]
    assert not refused


def test_the_function_goes_once_the_job_runs(streaming: Ran) -> None:
    (launched,) = at(streaming, "POST", "dataflow", "/flexTemplates:launch")
    looks = at(streaming, "GET", "dataflow", "/jobs/")
    (deleted,) = at(streaming, "DELETE", "cloudfunctions", FUNCTION)
    assert launched < min(looks) < max(looks) < deleted
    wanted = streaming.requests[launched]["body"]["launchParameter"]
    assert wanted["environment"]["machineType"] == "e2-standard-2"
    assert "ipConfiguration" not in wanted["environment"]
    assert wanted["parameters"]["subscription"] == f"projects/{PROJECT}/subscriptions/tweets-dataflow"
    assert wanted["jobName"].removeprefix("tds-stream-") == wanted["environment"]["additionalUserLabels"]["config"]


def test_the_subscription_of_the_job_has_what_dataflow_supports(streaming: Ran) -> None:
    (made,) = [r["body"] for r in streaming.of("pubsub", "PUT", path="/subscriptions/tweets-dataflow")]
    assert made["messageRetentionDuration"] == "604800s"
    assert made["expirationPolicy"] in ({}, {"ttl": None}), "never"
    assert not {"retryPolicy", "deadLetterPolicy"} & set(made)


def test_a_second_up_leaves_the_job_alone_and_the_doctor_finds_it(google: Cloud, streaming: Ran) -> None:
    again = google.deploy("up", "--yes", LOADER="dataflow")
    assert again.code == 0, again.said
    assert "Nothing to do: all " in again.said
    assert not again.writes
    doctor = google.deploy("doctor", "--no-canary", LOADER="dataflow")
    for name in ("dataflow job tds-stream", "tweets-dataflow", "tweets-archive"):
        assert f"ok  {name}" in doctor.said
    problems = [line.partition("BAD  ")[2] for line in doctor.said.splitlines() if "BAD" in line]
    assert problems == ["the stream is held by 0 ingesters", "no post has come yet"], "it was made a minute ago"


def test_another_network_is_another_job_and_the_first_is_drained_after_it_runs(google: Cloud, streaming: Ran) -> None:
    subnetwork = "regions/us-central1/subnetworks/own"
    ran = google.deploy(
        "up", "dataflow", "--yes", LOADER="dataflow", DATAFLOW_SUBNETWORK=subnetwork, DATAFLOW_PUBLIC_IPS="false"
    )
    assert ran.code == 0, ran.said
    (launched,) = at(ran, "POST", "dataflow", "/flexTemplates:launch")
    environment = ran.requests[launched]["body"]["launchParameter"]["environment"]
    assert (environment["subnetwork"], environment["ipConfiguration"]) == (subnetwork, "WORKER_IP_PRIVATE")
    (drained,) = at(ran, "PUT", "dataflow", "/jobs/")
    assert ran.requests[drained]["body"]["requestedState"] == "JOB_STATE_DRAINED"
    looks = at(ran, "GET", "dataflow", "/jobs/")
    assert launched < min(looks) < drained < max(looks)


def test_back_to_the_function_no_message_is_without_a_subscription(google: Cloud, streaming: Ran) -> None:
    ran = google.deploy("up", "--yes")
    assert ran.code == 0, ran.said
    (deployed,) = [
        i for i in at(ran, "POST", "cloudfunctions", "/functions") if ran.requests[i]["path"].endswith("/functions")
    ]
    (drained,) = at(ran, "PUT", "dataflow", "/jobs/")
    (gone,) = at(ran, "DELETE", "pubsub", "/subscriptions/tweets-dataflow")
    assert deployed < drained < max(at(ran, "GET", "dataflow", "/jobs/")) < gone
    again = google.deploy("up", "--yes")
    assert "Nothing to do: all " in again.said, again.said


def lose(google: Cloud, kind: str) -> None:
    """Delete the function's trigger, or the trigger's subscription, as a person may in the console."""
    name = {
        "trigger": "/v1/projects/demo-proj/locations/us-central1/triggers/load-tweet-123456",
        "subscription": "/v1/projects/demo-proj/subscriptions/eventarc-us-central1-load-tweet-123456-sub-000",
    }[kind]
    google.delete("eventarc" if kind == "trigger" else "pubsub", name)


@pytest.mark.parametrize("kind", ["trigger", "subscription"])
def test_a_lost_trigger_is_made_again(google: Cloud, streaming: Ran, kind: str) -> None:
    lose(google, kind)
    ran = google.deploy("up", "function", "--yes")
    assert ran.code == 0, ran.said
    (deployed,) = ran.of("cloudfunctions", "PATCH", path=FUNCTION)
    assert "eventTrigger" in deployed["query"]["updateMask"]
    again = google.deploy("up", "--yes")
    assert "Nothing to do: all " in again.said, again.said


def test_destroy_cancels_the_job_before_its_bucket_and_account_go(google: Cloud, streaming: Ran) -> None:
    ran = google.deploy("up", "--yes", LOADER="dataflow")
    assert ran.code == 0, ran.said
    ran = google.deploy("destroy", "--yes")
    assert ran.code == 0, ran.said
    (cancelled,) = at(ran, "PUT", "dataflow", "/jobs/")
    last_look = max(at(ran, "GET", "dataflow", "/jobs/"))
    bucket = at(ran, "DELETE", "storage", "tds-dataflow")
    account = at(ran, "DELETE", "iam", "tds-dataflow")
    assert cancelled < last_look < min(bucket + account)
    assert "Nothing is left but the dataset and the secret." in ran.said
