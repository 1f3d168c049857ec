"""The roles of infra/roles.tsv, which are what Google is asked for."""

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
    """The table's name of what a policy was set on."""
    resource = path.removesuffix(":setIamPolicy")
    if "/subscriptions/eventarc-" in resource:
        return "subscription:load-tweet"
    return next((name for end, name in _NAMES.items() if resource.endswith(end)), "project")


def table() -> set[tuple[str, str, str]]:
    """(resource, role, who); what is on the buckets is given on the project, under a condition."""
    rows = [line.split("\t") for line in (ROOT / "infra" / "roles.tsv").read_text().splitlines()]
    return {("project" if on == "buckets" else on, role, who) for who, role, on, _ in rows}
