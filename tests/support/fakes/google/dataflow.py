"""Dataflow, as far as deploy.sh uses it: flex templates are launched, and jobs take a while to run, to drain and to be cancelled.

Fields and states are those of the API's messages (gcloud's dataflow_v1b3_messages.py). A list has no labels, because gcloud asks for
summaries, which do not name them (Job.view in the same file). Of a name there is one active job, and one that drains is active
(the description of Job.name).
"""

import re
from typing import TYPE_CHECKING, Any

from .things import PROJECT, Reply, Things, problem

if TYPE_CHECKING:
    from .proxy import Request

_LOOKS = 2  # requests for a job until it has got to the state that it is on its way to
_ON_THEIR_WAY = {
    "JOB_STATE_QUEUED": "JOB_STATE_RUNNING",
    "JOB_STATE_DRAINING": "JOB_STATE_DRAINED",
    "JOB_STATE_CANCELLING": "JOB_STATE_CANCELLED",
}
_REQUESTED = {"JOB_STATE_DRAINED": "JOB_STATE_DRAINING", "JOB_STATE_CANCELLED": "JOB_STATE_CANCELLING"}
_ACTIVE = frozenset({*_ON_THEIR_WAY, "JOB_STATE_RUNNING"})
_PARAMETER = frozenset({"jobName", "containerSpecGcsPath", "environment", "parameters"})
_ENVIRONMENT = frozenset(
    {
        "serviceAccountEmail",
        "maxWorkers",
        "numWorkers",
        "subnetwork",
        "machineType",
        "tempLocation",
        "stagingLocation",
        "ipConfiguration",
        "enableStreamingEngine",
        "additionalUserLabels",
    }
)
_AT = "2026-01-01T00:00:00Z"


def answer(things: Things, request: "Request") -> Reply | None:
    found = re.fullmatch(
        rf"/v1b3/projects/{PROJECT}/locations/([^/]+)/(flexTemplates:launch|jobs)(?:/([^/]+))?", request.path
    )
    if found is None:
        return None
    region, collection, job_id = found.groups()
    if collection == "flexTemplates:launch":
        return _launch(things, region, request.body["launchParameter"])
    key = f"dataflow:{region}/{job_id}"
    if job_id is None:
        listed = [job for name, job in things.made.items() if name.startswith(f"dataflow:{region}/")]
        if request.query.get("filter") == "ACTIVE":
            listed = [job for job in listed if job["currentState"] in _ACTIVE]
        return Reply(200, {"jobs": [_summary(job) for job in listed]})
    if key not in things.made:
        return problem(404, "NOT_FOUND", f"Information about job {job_id} could not be found in our system.")
    job = things.made[key]
    if request.method == "PUT":
        job |= {"currentState": _REQUESTED[request.body["requestedState"]], "looks": 0}
        return Reply(200, _summary(job))
    job["looks"] += 1
    if job["looks"] > _LOOKS:
        job["currentState"] = job.pop("fate", None) or _ON_THEIR_WAY.get(job["currentState"], job["currentState"])
    return Reply(200, _summary(job))


def _launch(things: Things, region: str, wanted: dict[str, Any]) -> Reply:
    environment = wanted.get("environment", {})
    if unknown := (set(wanted) - _PARAMETER) | (set(environment) - _ENVIRONMENT):
        return problem(400, "INVALID_ARGUMENT", f"Invalid JSON payload received. Unknown name: {sorted(unknown)}")
    if f"iam:/v1/projects/{PROJECT}/serviceAccounts/{environment['serviceAccountEmail']}" not in things.made:
        return problem(400, "INVALID_ARGUMENT", f"Service account {environment['serviceAccountEmail']} does not exist.")
    jobs = [job for name, job in things.made.items() if name.startswith(f"dataflow:{region}/")]
    if any(job["name"] == wanted["jobName"] and job["currentState"] in _ACTIVE for job in jobs):
        return problem(409, "ALREADY_EXISTS", f"There is already an active job named {wanted['jobName']}.")
    job = {
        "id": f"2026-01-01_00_00_00-{len(jobs) + 1}",
        "projectId": PROJECT,
        "name": wanted["jobName"],
        "location": region,
        "currentState": "JOB_STATE_QUEUED",
        "looks": 0,
        "launched": wanted,
    }
    if fate := things.faults.outcome("job"):
        job["fate"] = fate
    things.made[f"dataflow:{region}/{job['id']}"] = job
    return Reply(200, {"job": _summary(job)})


def _summary(job: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "projectId", "name", "location", "currentState")
    return {name: job[name] for name in names} | {
        "type": "JOB_TYPE_STREAMING",
        "createTime": _AT,
        "currentStateTime": _AT,
    }
