"""BigQuery: runs scripts statement by statement on a real engine, which knows neither grants nor labels."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .things import NUMBER, Reply, Things, problem

if TYPE_CHECKING:
    from .proxy import Request

_DISCOVERY = Path("/usr/lib/google-cloud-sdk/platform/bq/discovery_next/bigquery.json")


def answer(things: Things, r: "Request") -> Reply | None:
    path = re.sub("^/bigquery/v2", "", r.path)
    if "discovery" in r.path:
        return Reply(200, json.loads(_DISCOVERY.read_text()))
    if re.fullmatch(r"/projects/[^/]+/serviceAccount", path):
        email = things.agent(f"bq-{NUMBER}@bigquery-encryption.iam.gserviceaccount.com")
        return Reply(200, {"kind": "bigquery#getServiceAccountResponse", "email": email})
    if r.method == "POST" and re.fullmatch(r"/projects/[^/]+/jobs", path):
        sql = r.body.get("configuration", {}).get("query", {}).get("query", "")
        if re.search(r"^(CREATE|ALTER|GRANT|REVOKE|DROP)\b", sql):
            return _script(things, path, r.body, sql)
    if (found := re.fullmatch(r"/projects/[^/]+/jobs/([^/]+)", path)) and f"job:{found[1]}" in things.made:
        return Reply(200, things.made[f"job:{found[1]}"])
    if (found := re.fullmatch(r"/projects/[^/]+/queries/([^/]+)", path)) and f"job:{found[1]}" in things.made:
        job = things.made[f"job:{found[1]}"]
        return Reply(
            200, {"jobComplete": True, "jobReference": job["jobReference"], "totalRows": "0", "schema": {"fields": []}}
        )
    if found := re.match(r"/projects/([^/]+)/datasets/([^/]+)", path):
        status, _ = things.ask(things.bigquery, "GET", f"/bigquery/v2{found[0]}")
        if status == 404:  # https://cloud.google.com/bigquery/docs/error-messages, notFound
            return problem(404, "notFound", f"Not found: Dataset {found[1]}:{found[2]}")
    result = things.forward(things.bigquery, r.method, f"/bigquery/v2{path}", r.query, r.raw)
    if (found := re.fullmatch(r"/projects/[^/]+/datasets/([^/]+)", path)) and result.status == 200:
        if r.method == "DELETE":
            things.made.pop(f"labels:{found[1]}", None)
            return result
        labels = things.made.get(f"labels:{found[1]}", {})
        return Reply(200, json.loads(result.raw or b"{}") | {"labels": labels})
    return result


def _script(things: Things, path: str, body: dict[str, Any], sql: str) -> Reply:
    job_id = body.get("jobReference", {}).get("jobId") or f"job{len(things.made)}"
    reference = {"projectId": path.split("/")[2], "jobId": job_id, "location": "US"}
    for statement in re.split(r";\n", sql.strip() + "\n"):
        if problem_ := _run(things, path, statement.strip().rstrip(";")):
            return problem(400, "invalidQuery", f"{problem_} in: {statement[:200]}")
    query = {"statementType": "SCRIPT", "totalBytesProcessed": "0"}
    statistics = {"creationTime": "1", "startTime": "1", "endTime": "1", "query": query}
    job = body | {
        "kind": "bigquery#job",
        "id": f"x:US.{job_id}",
        "jobReference": reference,
        "status": {"state": "DONE"},
        "statistics": statistics,
    }
    things.made[f"job:{job_id}"] = job
    return Reply(200, job)


def _run(things: Things, path: str, statement: str) -> str | None:
    """Run a statement. Returns what is wrong with it, if anything."""
    if not statement:
        return None
    if found := re.match(r"(GRANT|REVOKE) `([^`]+)` ON TABLE `([^`]+)` (?:TO|FROM) (.+)", statement):
        grants = things.made.setdefault(f"grants:{found[3]}", {})
        for member in json.loads(f"[{found[4]}]"):
            grants.pop(f"{found[2]} {member}", None)
            if found[1] == "GRANT":
                grants[f"{found[2]} {member}"] = True
        return None
    if found := re.match(r"ALTER SCHEMA `[^.]+\.([^`]+)` SET OPTIONS \(labels = \[(.*)\]\)", statement):
        things.made[f"labels:{found[1]}"] = dict(re.findall(r'\("([^"]+)", "([^"]*)"\)', found[2]))
        return None
    if re.match(r"ALTER SCHEMA `[^`]+` SET OPTIONS \(default_kms_key_name = ", statement):
        return None  # the engine encrypts nothing
    if found := re.match(
        r"CREATE SCHEMA IF NOT EXISTS `([^.]+)\.([^`]+)` OPTIONS \(location = \"([^\"]+)\"", statement
    ):
        status, said = things.ask(
            things.bigquery,
            "POST",
            f"/bigquery/v2/projects/{found[1]}/datasets",
            {"datasetReference": {"projectId": found[1], "datasetId": found[2]}, "location": found[3]},
        )
        if status == 200:
            things.made[f"labels:{found[2]}"] = dict(re.findall(r'\("([^"]+)", "([^"]*)"\)', statement))
        return None if status in (200, 409) else str(said)
    if statement.startswith("ALTER TABLE") and "SET OPTIONS" in statement:
        return None  # descriptions and expiry: the engine has none
    if found := re.match(r"CREATE TABLE IF NOT EXISTS `([^.]+)\.([^.]+)\.([^`]+)` \((.+?)\n\)", statement, re.DOTALL):
        return _table(things, found[1], found[2], found[3], found[4])
    if statement.startswith("ALTER TABLE") and statement.count("ADD COLUMN") > 1:  # the engine adds one at a time
        table, *columns = re.split(r",?\n +(?=ADD COLUMN)", statement)
        return next((why for column in columns if (why := _run(things, path, f"{table} {column}"))), None)
    queries = f"/bigquery/v2{path.rsplit('/', 1)[0]}/queries"
    status, said = things.ask(things.bigquery, "POST", queries, {"query": statement, "useLegacySql": False})
    wrong = said.get("errors") or said.get("error")
    return str(wrong or said)[:500] if status != 200 or wrong else None


def _table(things: Things, project: str, dataset: str, table: str, columns: str) -> str | None:
    """Create a table by REST. By a statement, the engine's JSON columns would be strings."""
    fields = []
    for name, kind, not_null in re.findall(r"^  `(\w+)` ([\w<>]+)( NOT NULL)? OPTIONS", columns, re.MULTILINE):
        bare = kind.removeprefix("ARRAY<").removesuffix(">")
        mode = "REPEATED" if bare != kind else "REQUIRED" if not_null else "NULLABLE"
        fields.append({"name": name, "type": bare, "mode": mode})
    reference = {"projectId": project, "datasetId": dataset, "tableId": table}
    body = {"tableReference": reference, "schema": {"fields": fields}}
    status, said = things.ask(
        things.bigquery, "POST", f"/bigquery/v2/projects/{project}/datasets/{dataset}/tables", body
    )
    return None if status in (200, 409) else str(said)[:500]
