"""Removes what may not be kept: python -m functions.remove_deleted.

... --post ID [--post ID ...]   a person asks: these posts go, with their retweets and the copies inside other posts
... --user ID                   the same for every post of this author
... --due                       what the schedule does every 15 minutes: X is asked, its answers are applied
... --status                    what was done, and until when all posts have been asked about

What is removed is out of the views at once and out of the tables now; rows that were streamed within the last 90 minutes follow
at the schedule's next runs. It cannot be undone after BigQuery's time travel (48 hours).
"""

import argparse
import os
import sys
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from runtime.errors import ConfigurationError, ExpectedError

from . import policy, settings
from .policy import Event
from .rounds import Run, record
from .scrub import message_payload, referenced_posts
from .store import Store, as_json
from .sweep import sweep
from .x import X, read_token

_GIB = 1 << 30
_SWEEP_SECONDS = 3_600.0


def main(arguments: argparse.Namespace) -> int:
    """Exit codes: 0 done; 1 BigQuery or X did not answer; 2 bad usage or a setting to correct."""
    try:
        loaded = settings.read(os.environ, needs_x=arguments.due)
        store = Store(loaded.google_cloud_project, loaded.bigquery_dataset)
        if arguments.status:
            return _status(store)
        if arguments.due:
            token = read_token(loaded.secret)  # a person should hear of a malformed token first
            waits = Run(store, X(lambda: token, loaded.x_api_url), arguments.age).run_steps()
            print(f"{waits[0].upper()}{waits[1:]}.")
            return 0
        return _request(store, arguments)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    except ExpectedError as error:
        print(f"{error}\nWhat was done stays done; the same command again goes on.", file=sys.stderr)
        return 1


def _request(store: Store, arguments: argparse.Namespace) -> int:
    ids = list(dict.fromkeys(arguments.post))
    if arguments.user:
        ids, unread = _stored_posts(store, arguments.user)
        if unread:
            print(
                f"{_count(unread, 'bad message')} in the table rejected name {arguments.user} and cannot be read: look at them by hand."
            )
        if not ids:
            print(
                f"No post of user {arguments.user} is here. Is it the number, and not the @name? A row's user_id has it."
            )
            return 0
    (would,) = store.rows("would_remove", ids=as_json([{"id": post_id} for post_id in ids]))
    print(
        f"{_count(len(ids), 'post')}, with {_count(would['tweet_versions'], 'row')} of tweet_versions (retweets with them) and "
        f"{_count(would['archive'], 'message')} of the archive. Copies inside other posts and dead letters go too."
    )
    if arguments.dry_run:
        print("Nothing was removed: --dry-run.")
        return 0
    if not arguments.yes and not _agrees():
        print("Nothing was removed.")
        return 0
    now = datetime.now(UTC)
    event = f"request-{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
    record(store, ({"id": post_id, "reason": "request"} for post_id in ids), event, lambda: now)
    store.note(Event("requested", now, job_id=event, answers=len(ids)))
    began = datetime.now(UTC)
    done = sweep(store, began, arguments.age, _SWEEP_SECONDS)
    swept = Event("swept", began, removed=done.removed, rewritten=done.rewritten, left_fresh=done.left_fresh)
    store.note(replace(swept, bytes_scanned=store.bytes_scanned))
    print(
        f"Removed {_count(done.removed, 'row')}, cleaned {_count(done.rewritten, 'row')}. No view shows them any more."
    )
    if done.left_fresh:
        print(
            f"{_count(done.left_fresh, 'row')} came within the last {arguments.age.total_seconds() / 60:.0f} minutes: BigQuery lets nobody "
            "touch those yet. They are out of the views, and the schedule removes them within two hours."
        )
    if done.removed or done.rewritten:
        print(f"The record of it is in the table removals: event = '{event}'.")
    print(f"BigQuery scanned {store.bytes_scanned / _GIB:.3f} GiB.")
    return 0


def _stored_posts(store: Store, user: str) -> tuple[list[str], int]:
    """Return the ids of an author's posts, and how many unreadable messages name the author."""
    ids = {str(row["id"]) for row in store.rows("posts_of_user", user=user)}
    unread = 0
    for row in store.rows("rejected/of_user", user=user):
        message = message_payload(row["data"])
        if message is None:
            unread += 1
        else:
            ids |= referenced_posts(message, user)
    return sorted(ids), unread


def _status(store: Store) -> int:
    now = datetime.now(UTC)
    history = store.history(now - timedelta(days=8))
    finished = [event.round for event in history if event.event == "finished" and event.round]
    if not history:
        print("Nothing has been done yet: ./deploy.sh up makes the schedule, and --due is one run of it.")
        return 0
    for event in history[-12:]:
        counts = ", ".join(
            f"{name} {value:,}"
            for name in ("ids", "answers", "removed", "rewritten", "left_fresh", "bytes_scanned")
            if (value := getattr(event, name))
        )
        line = f"{event.at:%Y-%m-%d %H:%M:%S}  {event.event:9}  {event.job_id:22}  {counts}  {event.note}".rstrip()
        print("".join(c if c.isprintable() else " " for c in line))  # a note may have X's words
    if finished:
        print(f"X has been asked about every post that was stored at {max(finished):%Y-%m-%d %H:%M} UTC.")
    late = policy.overdue_since(history, now)
    if late:
        print(
            f"That is {late.total_seconds() / 3_600:.0f} hours ago, and X's policy gives 24. The function's log says what keeps it."
        )
    return 0


def _agrees() -> bool:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "This asks before it removes anything, and there is no one to ask. Add --yes, or --dry-run to look."
        )
    return input("Remove them? It cannot be undone. [y/N] ").strip().lower() in ("y", "yes")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
