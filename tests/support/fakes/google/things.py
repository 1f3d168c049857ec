"""What Google's REST APIs have in common, and the shapes of their answers."""

import json
import re
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from .faults import Faults

PROJECT = "demo-proj"
NUMBER = "123456789012"
_SECONDS = 60.0
_SESSION = requests.Session()
_SESSION.trust_env = False  # what is behind is on this machine
# the query parameter that names what is made, where the body does not
_ID = {
    "serviceAccounts": "accountId",
    "secrets": "secretId",
    "triggers": "triggerId",
    "functions": "functionId",
    "repositories": "repositoryId",
}


@dataclass
class Reply:
    status: int
    body: Any = field(default_factory=dict)
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


def problem(status: int, reason: str, message: str) -> Reply:
    error = {
        "message": message,
        "reason": reason if reason.islower() or reason == "notFound" else reason.lower(),
        "domain": "global",
    }
    return Reply(status, {"error": {"code": status, "status": reason, "message": message, "errors": [error]}})


def done(
    response: dict[str, Any], kind: str = "protobuf.Empty", name: str = "operations/op-1", **metadata: Any
) -> Reply:
    """Return a finished long-running operation."""
    meta = {"@type": "type.googleapis.com/google.protobuf.Empty"} | metadata
    typed = {"@type": f"type.googleapis.com/google.{kind}"} | response
    return Reply(200, {"name": name, "done": True, "metadata": meta, "response": typed})


@dataclass
class Things:
    """All resources by "API:PATH", and their policies."""

    pubsub: str
    bigquery: str
    function_url: str
    uploads: Path
    faults: Faults
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    executions: int = 0

    def policy(self, api: str, path: str, body: dict[str, Any]) -> Reply:
        resource, verb = path.rsplit(":", 1)
        key = f"{api}:{resource}".replace("/projects/-/", f"/projects/{PROJECT}/")
        if verb == "getIamPolicy":
            return Reply(200, self.policies.get(key, {"version": 1, "etag": "BwX="}))
        if verb == "setIamPolicy":
            if absent := self._absent_account(body.get("policy", {})):
                return problem(400, "INVALID_ARGUMENT", f"Service account {absent} does not exist.")
            self.policies[key] = body.get("policy", {}) | {"etag": "BwX="}
            return Reply(200, self.policies[key])
        return Reply(200, {"permissions": body.get("permissions", [])})

    def _absent_account(self, policy: dict[str, Any]) -> str | None:
        """Return a member of ours, or an account of Google's own, that is not there: https://cloud.google.com/iam/docs/troubleshooting-access,
        "does not exist"."""
        members = {member for binding in policy.get("bindings", []) for member in binding.get("members", [])}
        names = sorted(
            member.removeprefix("serviceAccount:") for member in members if member.startswith("serviceAccount:tds-")
        )
        agents = sorted(member.removeprefix("serviceAccount:") for member in members if NUMBER in member)
        absent = [name for name in names if f"iam:/v1/projects/{PROJECT}/serviceAccounts/{name}" not in self.made]
        return next((name for name in absent + [agent for agent in agents if f"agent:{agent}" not in self.made]), None)

    def agent(self, email: str) -> str:
        """Make one of Google's own accounts, as the services do when they are asked for it."""
        self.made[f"agent:{email}"] = {}
        return email

    def under(self, key: str) -> list[dict[str, Any]]:
        """Return the resources of a collection."""
        prefix = key.rstrip("/") + "/"
        return [
            thing for name, thing in self.made.items() if name.startswith(prefix) and "/" not in name[len(prefix) :]
        ]

    def generic(self, method: str, api: str, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
        key = f"{api}:{path}"
        parts = [part for part in path.split("/") if part]
        if method == "GET":
            if key in self.made:
                return Reply(200, self.made[key])
            found = self.under(key)
            if found or len(parts) % 2 == 0:
                return Reply(200, {parts[-1]: found} if found else {})
            return problem(404, "NOT_FOUND", f"{path} not found")
        if method == "DELETE":
            return (
                Reply(200) if self.made.pop(key, None) is not None else problem(404, "NOT_FOUND", f"{path} not found")
            )
        if method in ("PATCH", "PUT"):
            if key not in self.made and method == "PATCH":
                return problem(404, "NOT_FOUND", f"{path} not found")
            gone = {field for field in query.get("updateMask", "").split(",") if field and "." not in field} - set(body)
            before = {name: value for name, value in self.made.get(key, {}).items() if name not in gone}
            self.made[key] = before | body
            return Reply(200, self.made[key])
        if ":" in parts[-1]:
            return Reply(200)
        return self._make(api, path, query, body)

    def _make(self, api: str, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
        bare = re.sub(r"^/v[0-9a-z]+/", "", path)
        version = path[: len(path) - len(bare)]
        given = query.get(_ID.get(path.rsplit("/", 1)[-1], "")) or body.get("name") or f"made-{len(self.made)}"
        name = given if "/" in given else f"{bare}/{given}"
        key = f"{api}:{version}{name}"
        if key in self.made:
            return problem(409, "ALREADY_EXISTS", f"{name} already exists")
        self.made[key] = body | {"name": name}
        return Reply(200, self.made[key])

    def forward(self, base: str, method: str, path: str, query: dict[str, str], raw: bytes) -> Reply:
        url = base + urllib.parse.quote(path, safe="/:$@~%")
        headers = {"Content-Type": "application/json"}
        response = _SESSION.request(method, url, params=query, data=raw or None, headers=headers, timeout=_SECONDS)
        return Reply(response.status_code, raw=response.content)

    def ask(self, base: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        result = self.forward(base, method, path, {}, json.dumps(body).encode() if body is not None else b"")
        try:
            return result.status, json.loads(result.raw or b"{}")
        except ValueError:
            return result.status, {}
