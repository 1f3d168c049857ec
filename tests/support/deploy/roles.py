"""The roles of infra/roles.tsv, which must be the ones that Google is asked for."""

from tests.support import ROOT

_NAMES = {
    "topics/tweets-dead": "topic:tweets-dead",
    "topics/tweets": "topic:tweets",
    "subscriptions/tweets-archive": "subscription:tweets-archive",
    "secrets/x-bearer-token": "secret:x-bearer-token",
    "repositories/twitter-data-stream": "repository:twitter-data-stream",
    "jobs/ingester": "job:ingester",
    "serviceAccounts/tds-push@demo-proj.iam.gserviceaccount.com": "account:tds-push",
    "b/demo-proj-tds-source/iam": "bucket:source",
    "services/load-tweet": "service:load-tweet",
    "services/remove-deleted": "service:remove-deleted",
}


def place(path: str) -> str:
    """Return the table's name for the resource of a policy."""
    resource = path.removesuffix(":setIamPolicy")
    if "/subscriptions/eventarc-" in resource:
        return "subscription:load-tweet"
    return next((name for end, name in _NAMES.items() if resource.endswith(end)), "project")


def listed_roles() -> set[tuple[str, str, str]]:
    """Return (resource, role, who). Roles on buckets are granted on the project, under a condition."""
    rows = [line.split("\t") for line in (ROOT / "infra" / "roles.tsv").read_text().splitlines()]
    return {("project" if on == "buckets" else on, role, who) for who, role, on, _ in rows}
