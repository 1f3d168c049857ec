"""The function `remove_deleted`: keeps the tables in line with X's policy. What was deleted on X goes from here within 24 hours.

    every 15 minutes ─► what is next (policy) ─► ask X │ see what X says │ sweep the tables │ nothing
                          └── compliance_jobs: what was done, append-only

A run waits for nothing: X's jobs take minutes to hours, and the next run looks again.
"""

import os
import sys

import functions_framework
from cloudevents.http import CloudEvent

from runtime import log
from runtime.errors import ConfigurationError, ExpectedError

from . import settings
from .rounds import Run, run_once
from .store import Store
from .x import X, read_token

# functions-framework hands Cloud Run's request timeout to gunicorn as the worker's, and reads it after this module is imported. A worker
# that was idle without CPU for longer would be killed with the request that wakes it.
os.environ["CLOUD_RUN_TIMEOUT_SECONDS"] = "0"

log.start("remove_deleted")
try:
    SETTINGS = settings.read(os.environ)
except ConfigurationError as error:
    log.event("stopped", "CRITICAL", message=str(error))
    sys.exit(2)


@functions_framework.cloud_event  # type: ignore[untyped-decorator]
def remove_deleted(event: CloudEvent) -> None:
    """Make one run, whatever the event says. What the next run may do better is no failure."""
    try:
        store = Store(SETTINGS.google_cloud_project, SETTINGS.bigquery_dataset)
        run_once(Run(store, X(lambda: read_token(SETTINGS.secret), SETTINGS.x_api_url)))
    except ExpectedError as error:
        log.event("stopped", "ERROR", message=str(error))
