"""deploy.sh with the real gcloud, where Google takes a while, fails after it has accepted, or the run is interrupted."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.deploy.cloud import Cloud, cloud, missing_tools
from tests.support.tiers import needs

pytestmark = [
    needs("gcloud", missing_tools() is None, f"{missing_tools()}, and deploy.sh cannot be run for real"),
    pytest.mark.slow,
    pytest.mark.timeout(1_200),
]

# what was seen of Google, or is documented; each is over after a while
LATE: dict[str, dict[str, Any]] = {
    # cloud.google.com/iam/docs/service-accounts-create: an account can be used after 60 seconds or more
    "a new account is unknown to IAM": {
        "method": "POST",
        "api": "cloudresourcemanager",
        "path": ":setIamPolicy$",
        "status": 400,
        "reason": "INVALID_ARGUMENT",
        "message": "Service account tds-ingester@demo-proj.iam.gserviceaccount.com does not exist.",
    },
    # cloud.google.com/service-usage/docs/enable-disable: "wait a few minutes for the action to propagate"
    "an API was enabled just now": {
        "method": "POST",
        "api": "artifactregistry",
        "path": "/repositories$",
        "status": 403,
        "reason": "PERMISSION_DENIED",
        "message": "Artifact Registry API has not been used in project demo-proj before or it is disabled. Enable it, then retry.",
    },
    # cloud.google.com/iam/docs/access-change-propagation: a role takes effect within two to seven minutes
    "a role has just been granted to the account that builds": {
        "method": "POST",
        "api": "cloudbuild",
        "path": "/builds$",
        "status": 403,
        "reason": "PERMISSION_DENIED",
        "message": "The caller does not have permission",
    },
}


@pytest.fixture
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("google")) as project:
        yield project


def test_what_google_does_not_know_of_yet_is_asked_again(google: Cloud) -> None:
    google.make_faults(*(fault | {"times": 1} for fault in LATE.values()))
    ran = google.deploy("up", "--yes", DEPLOY_PATIENCE_SECONDS="60")
    assert ran.code == 0, ran.said
    assert ran.said.count("Google does not know of something new yet; asked again") >= len(LATE) - 1, (
        "gcloud may ask again by itself"
    )
    assert "Nothing to do" in google.deploy("up", "--yes").said


def test_a_build_and_a_function_that_fail_after_they_were_accepted_are_done_again_by_the_next_run(
    google: Cloud,
) -> None:
    google.make_faults({"build": "FAILURE", "times": 1}, {"function": "FAILED", "times": 2})
    codes = []
    while (ran := google.deploy("up", "--yes")).code != 0:
        codes.append(ran.code)
        assert len(codes) <= 3, ran.said
        assert "run the same command again" in ran.said
    assert codes, "the faults were not noticed"
    assert "Nothing to do" in google.deploy("up", "--yes").said


def test_the_function_stays_until_a_streaming_job_runs(google: Cloud) -> None:
    assert google.deploy("up", "--yes").code == 0
    google.make_faults({"job": "JOB_STATE_FAILED", "times": 1})
    failed = google.deploy("up", "--yes", LOADER="dataflow")
    assert failed.code == 1, failed.said
    assert not failed.of("cloudfunctions", "DELETE")
    ran = google.deploy("up", "--yes", LOADER="dataflow")
    assert ran.code == 0, ran.said
    assert ran.of("cloudfunctions", "DELETE")


def test_interrupted_after_each_tenth_request_the_next_run_goes_on(google: Cloud) -> None:
    ended = google.deploy("up", "--yes", stop_after=10)
    runs = 1
    while ended.code != 0:
        runs += 1
        assert runs < 40, ended.said
        ended = google.deploy("up", "--yes", stop_after=10 * runs)  # each gets ten requests further than the one before
    assert runs > 5
    second = google.deploy("up", "--yes")
    assert (second.code, second.writes) == (0, []), second.said
    assert "Nothing to do" in second.said
