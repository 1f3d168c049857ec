"""X's batch compliance: jobs, the files of ids that they take, and their results. One job at a time, as at X.

Addresses of files are signed and need no token. A test says which posts are deleted (PUT /stand-in/deleted, a line {"id", "reason"} each)
and what goes wrong next (PUT /stand-in/compliance, a word of `WRONG` a line). PUT /stand-in/forget forgets all jobs.
"""

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp import web

from .faults import PROBLEM
from .responses import json, now, problem

# the next call of its kind: job-503 · job-429 · create-403 (no access) · upload-503 · failed (the job comes to nothing) · expired ·
# download-403 · download-cut (half of the answers, and no end)
WRONG = ("job-503", "job-429", "create-403", "upload-503", "failed", "expired", "download-403", "download-cut")
_LONGEST_NAME = 64  # X's OpenAPI, ComplianceJobName
_UPLOAD = timedelta(minutes=15)
_DOWNLOAD = timedelta(days=7)


@dataclass(slots=True)
class Job:
    id: str
    name: str
    created_at: datetime
    key: str
    status: str = "created"
    ready_at: float = 0.0  # monotonic
    ids: list[str] = field(default_factory=list)


class Compliance:
    """Runs jobs; X takes `seconds` for each."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._jobs: dict[str, Job] = {}
        self._deleted: dict[str, str] = {}
        self._wrong: list[str] = []
        self.totals = {"compliance_jobs": 0, "compliance_ids": 0, "compliance_answers": 0}

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/2/compliance/jobs", self.create),
            web.get("/2/compliance/jobs", self.list),
            web.get("/2/compliance/jobs/{id}", self.show),
            web.put("/compliance-files/{id}", self.upload),
            web.get("/compliance-files/{id}", self.download),
            web.put("/stand-in/deleted", self.delete),
            web.put("/stand-in/compliance", self.set_faults),
            web.put("/stand-in/forget", self.forget),
        ]

    async def create(self, request: web.Request) -> web.Response:
        if wrong := self._next("job-503", "job-429", "create-403"):
            return wrong
        request_body = orjson.loads(await request.read())
        if request_body.get("type") not in ("tweets", "users"):
            return problem(400, "Invalid Request", f"{PROBLEM}invalid-request", detail="type: tweets or users")
        if len(request_body.get("name", "")) > _LONGEST_NAME:
            detail = f"name: at most {_LONGEST_NAME} characters"
            return problem(400, "Invalid Request", f"{PROBLEM}invalid-request", detail=detail)
        if any(job.status in ("created", "in_progress") for job in map(self._now, self._jobs.values())):
            detail = "You already have a running compliance job. You can run one batch job at a time."
            return problem(400, "Invalid Request", f"{PROBLEM}invalid-request", detail=detail)
        job = Job(str(time.time_ns()), request_body.get("name", ""), datetime.now(UTC), secrets.token_urlsafe(16))
        self._jobs[job.id] = job
        self.totals["compliance_jobs"] += 1
        return json(200, {"data": self._shown(job, request)})

    async def list(self, request: web.Request) -> web.Response:
        jobs = [self._shown(self._now(job), request) for job in self._jobs.values()]
        return json(200, {"data": jobs, "meta": {"result_count": len(jobs)}} if jobs else {"meta": {"result_count": 0}})

    async def show(self, request: web.Request) -> web.Response:
        if wrong := self._next("job-503", "job-429"):
            return wrong
        job = self._jobs.get(request.match_info["id"])
        if job is None:
            return problem(404, "Not Found Error", f"{PROBLEM}resource-not-found", detail="There is no such job.")
        return json(200, {"data": self._shown(self._now(job), request)})

    async def upload(self, request: web.Request) -> web.Response:
        job = self._signed(request)
        if job is None or job.created_at + _UPLOAD < datetime.now(UTC):
            return web.Response(status=403, text="SignatureDoesNotMatch")
        if self._next("upload-503"):
            return web.Response(status=503)
        job.ids = (await request.text()).split()
        job.status = "in_progress"
        job.ready_at = time.monotonic() + self._seconds
        self.totals["compliance_ids"] += len(job.ids)
        return web.Response()

    async def download(self, request: web.Request) -> web.StreamResponse:
        job = self._signed(request)
        if job is None or self._now(job).status != "complete" or self._next("download-403"):
            return web.Response(status=403, text="SignatureDoesNotMatch")
        deletions = [self._status(post_id, job) for post_id in job.ids if post_id in self._deleted]
        self.totals["compliance_answers"] += len(deletions)
        body = b"".join(orjson.dumps(deletion) + b"\n" for deletion in deletions)
        if not self._next("download-cut"):
            return web.Response(body=body, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        assert request.transport is not None
        request.transport.abort()
        return response

    async def delete(self, request: web.Request) -> web.Response:
        for line in (await request.read()).splitlines():
            notice = orjson.loads(line)
            self._deleted[notice["id"]] = notice["reason"]
        return web.Response()

    async def set_faults(self, request: web.Request) -> web.Response:
        words = (await request.text()).split()
        if unknown := set(words) - set(WRONG):
            return web.Response(status=400, text=f"{', '.join(unknown)}: known are {', '.join(WRONG)}")
        self._wrong += words
        return web.Response()

    async def forget(self, request: web.Request) -> web.Response:
        self._jobs.clear()
        self._deleted.clear()
        self._wrong.clear()
        self.totals.update(dict.fromkeys(("compliance_jobs", "compliance_ids", "compliance_answers"), 0))
        return web.Response()

    def _next(self, *kinds: str) -> web.Response | None:
        """Return X's answer if such a call is to go wrong."""
        if not self._wrong or self._wrong[0] not in kinds:
            return None
        status = {"503": 503, "429": 429, "403": 403}.get(self._wrong.pop(0)[-3:], 200)
        title = {429: "Too Many Requests", 403: "Client Forbidden", 503: "Service Unavailable"}.get(status, "cut")
        return problem(status, title, "about:blank", detail=title)

    def _signed(self, request: web.Request) -> Job | None:
        job = self._jobs.get(request.match_info["id"])
        return job if job and secrets.compare_digest(request.query.get("signature", ""), job.key) else None

    def _now(self, job: Job) -> Job:
        if job.status == "created" and job.created_at + _UPLOAD < datetime.now(UTC):
            job.status = "expired"
        if job.status == "in_progress" and time.monotonic() >= job.ready_at:
            job.status = self._wrong.pop(0) if self._wrong and self._wrong[0] in ("failed", "expired") else "complete"
        return job

    def _status(self, post_id: str, job: Job) -> dict[str, Any]:
        """Return a job's result. It leaves out posts that need no action: https://docs.x.com/x-api/compliance/batch-compliance."""
        moment = now()
        return {
            "id": post_id,
            "action": "delete",
            "created_at": moment,
            "redacted_at": moment,
            "reason": self._deleted[post_id],
        }

    def _shown(self, job: Job, request: web.Request) -> dict[str, Any]:
        address = f"http://{request.host}/compliance-files/{job.id}?signature={job.key}"
        return {
            "id": job.id,
            "type": "tweets",
            "name": job.name,
            "status": job.status,
            "created_at": job.created_at.isoformat(),
            "resumable": False,
            "upload_url": address,
            "upload_expires_at": (job.created_at + _UPLOAD).isoformat(),
            "download_url": address,
            "download_expires_at": (job.created_at + _DOWNLOAD).isoformat(),
        }
