"""Where one of Google's APIs does more than store resources: operations, executions, uploads, triggers."""

import base64
import copy
import hashlib
import json
import re
import urllib.parse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import bigquery, dataflow
from .things import NUMBER, PROJECT, Reply, Things, done, problem

if TYPE_CHECKING:
    from .proxy import Request

_AT = "2026-01-01T00:00:00Z"
_NOT_CHANGEABLE = ("labels", "expirationPolicy")


def answer(things: Things, request: "Request") -> Reply:
    """Return Google's answer."""
    if re.search(r":(get|set)IamPolicy$|:testIamPermissions$", request.path):
        return things.policy(request.api, request.path, request.body)
    own: Callable[[Things, Request], Reply | None] | None = _APIS.get(request.api)
    result = own(things, request) if own else None
    if result is not None:
        return result
    return things.generic(request.method, request.api, request.path, request.query, request.body)


def _serviceusage(things: Things, r: "Request") -> Reply | None:
    if r.path.endswith((":batchEnable", ":enable")):
        for name in r.body.get("serviceIds") or [r.path.rsplit("/", 1)[-1].split(":")[0]]:
            things.made[f"enabled:{name}"] = {}
        return done({}, name="operations/acat.p2-1")
    if r.path.endswith(":generateServiceIdentity"):
        service = r.path.rsplit("/", 1)[-1].split(":")[0].split(".")[0]
        email = things.agent(f"service-{NUMBER}@gcp-sa-{service}.iam.gserviceaccount.com")
        return done(
            {"email": email, "uniqueId": "3"},
            "api.serviceusage.v1beta1.ServiceIdentity",
            "operations/finished.DONE_OPERATION",
        )
    if "operations/" in r.path:
        return done({}, name="operations/acat.p2-1")
    if found := re.fullmatch(r"/v1/projects/[^/]+/services/([^/:]+)", r.path):
        return Reply(
            200, {"name": r.path[4:], "state": "ENABLED" if f"enabled:{found[1]}" in things.made else "DISABLED"}
        )
    if r.path.endswith(":batchGet"):
        return Reply(200, {"services": []})
    names = [key.removeprefix("enabled:") for key in things.made if key.startswith("enabled:")]
    listed = [{"name": f"projects/{NUMBER}/services/{n}", "state": "ENABLED", "config": {"name": n}} for n in names]
    return Reply(200, {"services": listed})


def _resourcemanager(things: Things, r: "Request") -> Reply | None:
    if r.method == "GET" and (found := re.fullmatch(r"/v(\d)/projects/([^/:]+)", r.path)):
        if found[2] not in (PROJECT, NUMBER):
            return problem(403, "PERMISSION_DENIED", "The caller does not have permission")
        if found[1] == "1":
            return Reply(
                200, {"projectId": PROJECT, "projectNumber": NUMBER, "name": PROJECT, "lifecycleState": "ACTIVE"}
            )
        return Reply(200, {"name": f"projects/{NUMBER}", "projectId": PROJECT, "state": "ACTIVE"})
    return None


def _billing(things: Things, r: "Request") -> Reply | None:
    if r.path.endswith("/billingInfo"):
        return Reply(
            200,
            {
                "name": r.path[4:],
                "projectId": PROJECT,
                "billingEnabled": True,
                "billingAccountName": "billingAccounts/0-0-0",
            },
        )
    return None


def _iam(things: Things, r: "Request") -> Reply | None:
    if r.method == "POST" and r.path.endswith("/serviceAccounts"):
        email = f"{r.body['accountId']}@{PROJECT}.iam.gserviceaccount.com"
        key = f"iam:/v1/projects/{PROJECT}/serviceAccounts/{email}"
        if key in things.made:
            return problem(409, "ALREADY_EXISTS", f"Service account {r.body['accountId']} already exists")
        account = {
            "name": key[8:],
            "email": email,
            "projectId": PROJECT,
            "uniqueId": "1",
            **r.body.get("serviceAccount", {}),
        }
        things.made[key] = account
        return Reply(200, account)
    if r.method == "GET" and r.path.endswith("/serviceAccounts"):
        return Reply(200, {"accounts": things.under(f"iam:/v1/projects/{PROJECT}/serviceAccounts")})
    if found := re.fullmatch(r"/v1/projects/(?:[^/]+)/serviceAccounts/([^/:]+)", r.path):
        key = f"iam:/v1/projects/{PROJECT}/serviceAccounts/{found[1]}"
        if r.method == "DELETE":
            return (
                Reply(200)
                if things.made.pop(key, None)
                else problem(404, "NOT_FOUND", f"Unknown service account {found[1]}")
            )
        return (
            Reply(200, things.made[key])
            if key in things.made
            else problem(404, "NOT_FOUND", f"Unknown service account {found[1]}")
        )
    return None


def _secrets(things: Things, r: "Request") -> Reply | None:
    if r.method == "POST" and r.path.endswith(":addVersion"):
        secret = r.path.removesuffix(":addVersion")
        if f"secretmanager:{secret}" not in things.made:
            return problem(404, "NOT_FOUND", "Secret not found")
        number = 1 + len(things.under(f"secretmanager:{secret}/versions"))
        version = {"name": f"{secret[4:]}/versions/{number}", "state": "ENABLED", "createTime": _AT}
        payload = r.body.get("payload") or {}
        things.made[f"secretmanager:{secret}/versions/{number}"] = version | {"payload": payload}
        return Reply(200, version | {"clientSpecifiedPayloadChecksum": "dataCrc32c" in payload})
    if found := re.fullmatch(r"(.*)/versions/([^/:]+):access", r.path):
        versions = things.under(f"secretmanager:{found[1]}/versions")
        if not versions:
            return problem(404, "NOT_FOUND", "Secret version not found")
        last = versions[-1]
        return Reply(200, {"name": last["name"], "payload": last["payload"]})
    if r.method == "GET" and r.path.endswith("/versions"):
        hidden = [
            {key: value for key, value in v.items() if key != "payload"}
            for v in things.under(f"secretmanager:{r.path}")
        ]
        return Reply(200, {"versions": hidden})
    return None


def _functions(things: Things, r: "Request") -> Reply | None:
    if r.path.endswith(":generateUploadUrl"):
        url = "https://storage.googleapis.com/gcf-v2-uploads/source.zip?sig=x"
        return Reply(200, {"uploadUrl": url, "storageSource": {"bucket": "gcf-v2-uploads", "object": "source.zip"}})
    if r.path.endswith("/runtimes"):
        names = ["python311", "python312", "python313"]
        return Reply(
            200, {"runtimes": [{"name": n, "environment": "GEN_2", "stage": "GA", "displayName": n} for n in names]}
        )
    if r.path.endswith("/locations"):
        return Reply(
            200, {"locations": [{"locationId": "us-central1", "name": f"projects/{PROJECT}/locations/us-central1"}]}
        )
    if "/operations/" in r.path:
        return Reply(200, things.made.get(f"cloudfunctions:{r.path}", {"name": r.path[4:], "done": True}))
    found = re.fullmatch(r"(/v2[a-z]*/(projects/[^/]+/locations/([^/]+))/functions)(?:/([^/:]+))?", r.path)
    if found and r.method in ("POST", "PATCH"):
        return _deploy(things, r, found)
    if found and found[4] and r.method == "DELETE":
        function = things.made.pop(f"cloudfunctions:{r.path}", None)
        if function is None:
            return problem(404, "NOT_FOUND", "function not found")
        trigger = things.made.pop(f"eventarc:/v1/{function['eventTrigger'].get('trigger', '')}", None)
        if trigger:
            things.forward(things.pubsub, "DELETE", f"/v1/{trigger['transport']['pubsub']['subscription']}", {}, b"")
        things.made.pop(f"run:/apis/serving.knative.dev/v1/namespaces/{PROJECT}/services/{found[4]}", None)
        things.policies.pop(f"run:/v1/{found[2]}/services/{found[4]}", None)
        return done({}, name=f"{found[2]}/operations/delete")
    return None


def _deploy(things: Things, r: "Request", found: re.Match[str]) -> Reply:
    """Deploy as Cloud Functions does: a Cloud Run service, an Eventarc trigger and a Pub/Sub push subscription."""
    name = found[4] or r.query["functionId"]
    base, region = found[2], found[3]
    key = f"cloudfunctions:{found[1]}/{name}"
    function = copy.deepcopy(things.made.get(key, {})) | r.body
    trigger = f"{base}/triggers/{name}-123456"
    function |= {"name": f"{base}/functions/{name}", "state": "ACTIVE", "environment": "GEN_2"}
    function["serviceConfig"] = function.get("serviceConfig", {}) | {
        "service": f"{base}/services/{name}",
        "uri": f"https://{name}-x-uc.a.run.app",
    }
    function["eventTrigger"] = function.get("eventTrigger", {}) | {"trigger": trigger, "triggerRegion": region}
    function.setdefault("buildConfig", {})["build"] = f"projects/{NUMBER}/locations/{region}/builds/b1"
    things.made[key] = function
    things.made[f"run:/apis/serving.knative.dev/v1/namespaces/{PROJECT}/services/{name}"] = _knative(
        "Service", name, {}
    )
    # a trigger is made only where it is asked for and is not there: github.com/google-github-actions/deploy-cloud-functions/issues/419
    is_asked_for = r.method == "POST" or "eventTrigger" in r.query.get("updateMask", "")
    if (
        f"eventarc:/v1/{trigger}" not in things.made
        and is_asked_for
        and (failed := _trigger(things, function, base, region, name))
    ):
        return failed
    if state := things.faults.outcome("function"):
        function["state"] = state
        return _failed_deployment(things, f"{base}/operations/op-{name}")
    operation = done(function, "cloud.functions.v2.Function", f"{base}/operations/op-{name}", stages=[])
    operation.body["metadata"]["@type"] = "type.googleapis.com/google.cloud.functions.v2.OperationMetadata"
    things.made[f"cloudfunctions:/v2/{operation.body['name']}"] = operation.body
    return operation


def _failed_deployment(things: Things, name: str) -> Reply:
    """Accept a deployment, and say in its operation that the service did not start."""
    kind = "type.googleapis.com/google.cloud.functions.v2.OperationMetadata"
    error = {"code": 13, "message": "Container Healthcheck failed"}
    operation = {"name": name, "done": True, "error": error, "metadata": {"@type": kind, "stages": []}}
    things.made[f"cloudfunctions:/v2/{name}"] = operation
    return Reply(200, operation)


def _trigger(things: Things, function: dict[str, Any], base: str, region: str, name: str) -> Reply | None:
    """Make an Eventarc trigger and its push subscription. Returns what went wrong, if something did."""
    trigger, topic = f"{base}/triggers/{name}-123456", function["eventTrigger"]["pubsubTopic"]
    subscription = f"projects/{PROJECT}/subscriptions/eventarc-{region}-{name}-123456-sub-000"
    things.made[f"eventarc:/v1/{trigger}"] = {
        "name": trigger,
        "transport": {"pubsub": {"topic": topic, "subscription": subscription}},
        "serviceAccount": function["eventTrigger"].get("serviceAccountEmail"),
    }
    mode = f"?__GCP_CloudEventsMode=CUSTOM_PUBSUB_{urllib.parse.quote(topic, safe='')}"
    push = {
        "topic": topic,
        "pushConfig": {"pushEndpoint": f"{things.function_url}/{mode}"},
        "ackDeadlineSeconds": 600,
        "messageRetentionDuration": "86400s",
        "retryPolicy": {"minimumBackoff": "10s", "maximumBackoff": "600s"},
    }
    status, said = things.ask(things.pubsub, "PUT", f"/v1/{subscription}", push)
    return None if status in (200, 409) else problem(500, "INTERNAL", str(said))


def _eventarc(things: Things, r: "Request") -> Reply | None:
    """Delete a trigger, and the subscription that was made for it."""
    operation = f"projects/{PROJECT}/locations/us-central1/operations/op-trigger"
    if r.method == "DELETE":
        trigger = things.made.pop(f"eventarc:{r.path}", None)
        if trigger is None:
            return problem(404, "NOT_FOUND", f"{r.path} not found")
        things.forward(things.pubsub, "DELETE", f"/v1/{trigger['transport']['pubsub']['subscription']}", {}, b"")
        return done({}, name=operation)
    return done({}, name=operation) if "/operations/" in r.path else None


def _storage(things: Things, r: "Request") -> Reply | None:
    if r.method == "PUT" and r.host == "storage.googleapis.com" and "/gcf-v2-uploads/" in r.path:
        (things.uploads / f"{len(list(things.uploads.iterdir())):03d}-function.zip").write_bytes(r.raw)
        return Reply(200)
    if r.path.startswith("/upload/") or r.query.get("uploadType"):
        return _upload(things, r)
    if re.fullmatch(r"/(?:storage/v1/)?projects/[^/]+/serviceAccount", r.path):
        email = things.agent(f"service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com")
        return Reply(200, {"kind": "storage#serviceAccount", "email_address": email})
    if found := re.fullmatch(r"/(?:storage/v1/)?b/([^/]+)/iam", r.path):
        key = f"storage:b/{found[1]}"
        if r.method == "PUT":
            things.policies[key] = r.body | {"etag": "BwX="}
        return Reply(
            200, things.policies.get(key, {"kind": "storage#policy", "version": 1, "etag": "BwX=", "bindings": []})
        )
    if found := re.fullmatch(r"/(?:storage/v1/)?b/([^/]+)/storageLayout", r.path):
        return Reply(200, {"kind": "storage#storageLayout", "bucket": found[1], "location": "US-CENTRAL1"})
    if re.fullmatch(r"/(?:storage/v1/)?b/[^/]+/(managedFolders|folders)", r.path):
        return Reply(200, {"items": []})
    if re.fullmatch(r"/(?:storage/v1/)?b/[^/]+/o", r.path):
        return Reply(200, {"kind": "storage#objects", "items": []})
    if found := re.fullmatch(r"/(?:storage/v1/)?b(?:/([^/]+))?", r.path):
        return _bucket(things, r, found[1] or r.body.get("name"))
    return None


def _bucket(things: Things, r: "Request", name: str | None) -> Reply:
    if r.method == "GET" and name is None:
        return Reply(200, {"kind": "storage#buckets", "items": things.under("storage:b")})
    key = f"storage:b/{name}"
    if r.method in ("GET", "DELETE"):
        if key not in things.made:
            return problem(404, "notFound", "The specified bucket does not exist.")
        if r.method == "DELETE":
            things.policies.pop(key, None)
            del things.made[key]
            return Reply(204, raw=b"")
        return Reply(200, things.made[key])
    if r.method == "POST" and key in things.made:
        return problem(
            409, "conflict", "Your previous request to create the named bucket succeeded and you already own it."
        )
    fixed = {"name": name, "id": name, "projectNumber": NUMBER, "kind": "storage#bucket", "metageneration": "1"}
    things.made[key] = things.made.get(key, {"location": "US-CENTRAL1", "storageClass": "STANDARD"}) | r.body | fixed
    return Reply(200, things.made[key])


def _upload(things: Things, r: "Request") -> Reply:
    bucket = (re.search(r"/b/([^/]+)/o", r.path) or ["", "b"])[1]
    name = r.query.get("name") or r.body.get("name") or "object"
    if r.query.get("uploadType") == "resumable" and "upload_id" not in r.query:
        where = f"https://storage.googleapis.com/upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id=1&name={name}"
        return Reply(200, {}, headers={"Location": where})
    data = r.raw
    content_type = next((value for key, value in r.headers.items() if key.lower() == "content-type"), "")
    if boundary := re.search(r"boundary=['\"]?([^'\";]+)", content_type):
        part = r.raw.split(b"--" + boundary[1].encode())[2]
        data = re.split(rb"\r?\n\r?\n", part, maxsplit=1)[1].rstrip(b"\r\n") if b"\n" in part else part
    if name.endswith((".tgz", ".zip")):
        kind = "function.zip" if name.endswith(".zip") else "build.tgz"
        (things.uploads / f"{len(list(things.uploads.iterdir())):03d}-{kind}").write_bytes(data)
    digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    return Reply(
        200,
        {
            "kind": "storage#object",
            "name": name,
            "bucket": bucket,
            "generation": "1",
            "size": str(len(data)),
            "md5Hash": digest,
        },
    )


def _build(things: Things, r: "Request") -> Reply | None:
    if r.method == "POST" and r.path.endswith("/builds"):
        build = r.body | {
            "id": "b-1",
            "status": things.faults.outcome("build") or "SUCCESS",
            "projectId": PROJECT,
            "logUrl": "http://log",
            "logsBucket": "gs://x",
            "name": f"projects/{NUMBER}/locations/us-central1/builds/b-1",
        }
        things.made["cloudbuild:last"] = build
    build = things.made.get("cloudbuild:last", {})
    if "/builds/" in r.path and r.method == "GET":
        return Reply(200, build)
    if r.path.endswith("/builds") or "operations/" in r.path:
        operation = done(build, "devtools.cloudbuild.v1.Build", "operations/build/demo/1", build=build)
        operation.body["metadata"]["@type"] = "type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata"
        return operation
    return None


def _registry(things: Things, r: "Request") -> Reply | None:
    kind = "devtools.artifactregistry.v1.Repository"
    if "/operations/" in r.path:
        return done(things.made.get("registry:last", {}), kind, r.path[4:])
    if r.method == "POST" and r.path.endswith("/repositories"):
        made = things.generic(r.method, r.api, r.path, r.query, r.body)
        if made.status != 200:
            return made
        things.made["registry:last"] = made.body
        return done(made.body, kind, f"{r.path[4:].removesuffix('/repositories')}/operations/o1")
    if r.method == "DELETE":
        if things.made.pop(f"{r.api}:{r.path}", None) is None:
            return problem(404, "NOT_FOUND", r.path)
        things.policies.pop(f"{r.api}:{r.path}", None)
        return done({}, name=f"{r.path[4:].split('/repositories')[0]}/operations/o2")
    return None


def _knative(kind: str, name: str, body: dict[str, Any], generation: int = 1) -> dict[str, Any]:
    metadata = body.get("metadata", {}) | {
        "name": name,
        "namespace": PROJECT,
        "generation": generation,
        "creationTimestamp": _AT,
    }
    metadata["labels"] = metadata.get("labels", {}) | {"cloud.googleapis.com/location": "us-central1"}
    status = {
        "observedGeneration": generation,
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": _AT}],
    }
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": kind,
        "spec": {},
        **body,
        "metadata": metadata,
        "status": status,
    }


def _run(things: Things, r: "Request") -> Reply | None:
    """Answer Cloud Run's Knative-style v1 API, which gcloud uses."""
    found = re.fullmatch(r"(/apis/[^/]+/v\w+/namespaces/[^/]+)/(jobs|services|executions)(?:/([^/:]+))?(:\w+)?", r.path)
    if not found:
        return None
    base, collection, name, verb = found[1], found[2], found[3], found[4]
    key = f"run:{r.path.removesuffix(verb or '')}"
    if verb == ":run":
        return _execute(things, base, name, things.made[key], r.body)
    if verb == ":cancel":
        things.made[key]["status"] |= {
            "completionTime": _AT,
            "cancelledCount": 1,
            "conditions": [{"type": "Completed", "status": "False", "reason": "Cancelled"}],
        }
        return Reply(200, things.made[key])
    if r.method in ("POST", "PUT"):
        name = name or r.body["metadata"]["name"]
        key = f"run:{base}/{collection}/{name}"
        if r.method == "POST" and key in things.made:
            return problem(409, "ALREADY_EXISTS", name)
        before = things.made.get(key, {}).get("metadata", {}).get("generation", 0)
        things.made[key] = _knative(collection[:-1].capitalize(), name, r.body, before + 1) | {
            "apiVersion": r.body.get("apiVersion")
        }
        return Reply(200, things.made[key])
    if r.method == "GET" and not name:
        label, _, value = (part.strip() for part in r.query.get("labelSelector", "").partition("="))
        items = [one for one in things.under(key) if not label or one["metadata"]["labels"].get(label) == value]
        return Reply(
            200, {"kind": f"{collection[:-1].capitalize()}List", "apiVersion": "v1", "items": items, "metadata": {}}
        )
    if r.method == "DELETE":
        if things.made.pop(key, None) is None:
            return problem(404, "NOT_FOUND", name)
        things.policies.pop(f"run:/v1/projects/{PROJECT}/locations/us-central1/{collection}/{name}", None)
        return Reply(200, {"status": "Success"})
    return None


def _template_labels(job: dict[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = job["spec"]["template"].get("metadata", {}).get("labels", {})
    return labels


def _execute(things: Things, base: str, job: str, made: dict[str, Any], body: dict[str, Any]) -> Reply:
    """Execute a job. With arguments of its own it ends at once; without, it is the stream, which goes on."""
    things.executions += 1
    name = f"{job}-{things.executions:05d}"
    execution = _knative(
        "Execution", name, {"metadata": {"labels": {**_template_labels(made), "run.googleapis.com/job": job}}}
    )
    execution |= {
        "apiVersion": "run.googleapis.com/v1",
        "spec": {"taskCount": 1, "template": made["spec"]["template"]["spec"]["template"]},
    }
    execution["status"] = {"startTime": _AT, "conditions": [{"type": "Completed", "status": "Unknown"}]}
    if (body.get("overrides") or {}).get("containerOverrides"):
        execution["status"] = {
            "startTime": _AT,
            "completionTime": _AT,
            "succeededCount": 1,
            "conditions": [{"type": "Completed", "status": "True"}],
        }
    things.made[f"run:{base}/executions/{name}"] = execution
    return Reply(200, execution)


def _pubsub(things: Things, r: "Request") -> Reply | None:
    """Ask Google's emulator. What it cannot change (labels, expiry) is remembered here and added."""
    raw = r.raw
    kind = next((name for name in ("subscription", "topic") if isinstance(r.body.get(name), dict)), "")
    changed: dict[str, Any] = r.body[kind] if kind else {}
    if r.method == "PATCH" and kind:
        mask = str(r.body.get("updateMask")).split(",")
        kept = {name: changed.get(name) for name in _NOT_CHANGEABLE if name in mask}
        things.made.setdefault(f"overlay:{r.path[4:]}", {}).update(kept)
        rest = {name: value for name, value in changed.items() if name not in _NOT_CHANGEABLE}
        left = ",".join(name for name in mask if name not in _NOT_CHANGEABLE)
        if not left:
            return Reply(200, changed)
        raw = json.dumps({kind: rest, "updateMask": left}).encode()
    if r.method == "DELETE":
        things.policies.pop(f"pubsub:{r.path}", None)
        things.made.pop(f"overlay:{r.path[4:]}", None)
    result = things.forward(things.pubsub, r.method, r.path, r.query, raw)
    if r.method != "GET" or result.status != 200:
        return result
    body = json.loads(result.raw or b"{}")
    for one in [body, *body.get("subscriptions", []), *body.get("topics", [])]:
        if isinstance(one, dict):
            one.update(things.made.get(f"overlay:{one.get('name')}", {}))
    return Reply(200, body)


def _logging(things: Things, r: "Request") -> Reply | None:
    sink = f"logging:/v2/projects/{PROJECT}/sinks/_Default"
    if r.path.endswith("/sinks/_Default"):
        things.made.setdefault(
            sink, {"name": "_Default", "destination": "logging.googleapis.com/x", "filter": "", "exclusions": []}
        )
    if r.method == "POST" and r.path.endswith("/metrics"):
        key = f"logging:{r.path}/{r.body['name']}"
        if key in things.made:
            return problem(409, "ALREADY_EXISTS", f"{r.body['name']} already exists")
        things.made[key] = r.body
        return Reply(200, r.body)
    if r.path.endswith("entries:list"):
        # what a command prints is in Cloud Logging a moment later
        is_of_run = "execution_name" in str(r.body.get("filter"))
        entry = {"logName": f"projects/{PROJECT}/logs/run.googleapis.com%2Fstdout", "timestamp": _AT}
        return Reply(200, {"entries": [entry | {"textPayload": "what the command printed"}] if is_of_run else []})
    return None


def _scheduler(things: Things, r: "Request") -> Reply | None:
    if found := re.fullmatch(r"(.*):(pause|resume)", r.path):
        job = things.made.get(f"{r.api}:{found[1]}")
        if job is None:
            return problem(404, "NOT_FOUND", found[1])
        job["state"] = "PAUSED" if found[2] == "pause" else "ENABLED"
        return Reply(200, job)
    if r.method == "POST" and r.path.endswith("/jobs"):
        # a new job is enabled: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#State
        return things.generic(r.method, r.api, r.path, r.query, r.body | {"state": "ENABLED"})
    return None


def _monitoring(things: Things, r: "Request") -> Reply | None:
    """A project has an id and a number."""
    path = r.path.replace(f"/projects/{NUMBER}", f"/projects/{PROJECT}")
    body = json.loads(json.dumps(r.body).replace(f"projects/{NUMBER}/", f"projects/{PROJECT}/"))
    if "/dashboards" in path and r.method in ("POST", "PATCH"):
        # changed only by whoever knows its etag: https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards
        if r.method == "PATCH" and body.get("etag") != things.made.get(f"{r.api}:{path}", {}).get("etag"):
            return problem(409, "ABORTED", "The dashboard was changed since its etag was read")
        things.executions += 1
        body |= {"etag": f"etag-{things.executions}"}
    return things.generic(r.method, r.api, path, r.query, body)


_APIS: dict[str, Callable[[Things, "Request"], Reply | None]] = {
    "oauth2": lambda things, r: Reply(200, {"access_token": "fake", "expires_in": 3600}),
    "serviceusage": _serviceusage,
    "cloudresourcemanager": _resourcemanager,
    "cloudbilling": _billing,
    "iam": _iam,
    "secretmanager": _secrets,
    "cloudfunctions": _functions,
    "eventarc": _eventarc,
    "storage": _storage,
    "cloudbuild": _build,
    "artifactregistry": _registry,
    "run": _run,
    "pubsub": _pubsub,
    "logging": _logging,
    "monitoring": _monitoring,
    "cloudscheduler": _scheduler,
    "bigquery": bigquery.answer,
    "dataflow": dataflow.answer,
}
