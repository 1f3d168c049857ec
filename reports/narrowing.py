"""Narrows what a report is about to what is stored: the hours in which posts were collected, a topic, the parts that are compared."""

from dataclasses import replace
from datetime import datetime, timedelta

from . import query, questions, topics
from .errors import UsageError
from .params import Params
from .query import Source
from .sanitize import for_terminal

EVER = timedelta(days=3_650)  # the longest period of a report
_HOUR = timedelta(hours=1)
QUIET = timedelta(minutes=5)  # the ingester writes a heartbeat each minute


def collected_period(source: Source, params: Params) -> Params | None:
    """Return `params` with the hours in which posts were collected; None where nothing is stored. Raises ReportError.

    Before and after them posts are unknown, not zero. Collecting began with the ingester's first row, or with the first post if that is
    earlier; it ended with the last row or post.
    """
    (row,) = query.run(source, questions.load("live/collected"), params)
    begins = [moment for moment in (row["first_told"], row["first_post"]) if moment is not None]
    ends = [moment for moment in (row["last_told"], row["last_post"]) if moment is not None]
    if not begins:
        return None
    first, last = min(begins), max(ends)
    if first >= params.until or last < params.since:
        return params
    since = max(_hour(first), params.since)
    until = min(_hour(last) + _HOUR, params.until) if params.until - last > QUIET else params.until
    return replace(params, since=since, until=until)


def collected_part(source: Source, params: Params, now: datetime) -> Params:
    """Return the part of the period in which posts were collected. Raises ReportError.

    All that is stored is looked at: a quiet night at the beginning of the period is not the beginning of collecting.
    """
    everything = collected_period(source, replace(params, since=params.until - EVER, until=now)) or params
    since, until = max(everything.since, params.since), min(everything.until, params.until)
    return replace(params, since=since, until=until) if since < until else params


def with_topic(source: Source, params: Params, number: int | None) -> Params:
    """Return the parameters with the posts of a topic, which the same seed finds again. Raises UsageError."""
    if number is None:
        return params
    rows = query.run(source, questions.load("topics"), params)
    assigned = topics.assigned(rows, params)
    of_topic = [row for row in assigned if row["number"] == number]
    if not of_topic:
        last = max((row["number"] for row in assigned), default=0)
        raise UsageError(
            f"--topic {number}: {f'the topics of this period are 1 to {last}' if last else 'this period has no topics'}."
        )
    return replace(params, topic=of_topic[0]["topic"], topic_ids=tuple(row["id"] for row in of_topic))


def with_parts(source: Source, params: Params) -> Params:
    """Return the parameters with the parts that are compared: where none are named, the two with most posts. Raises UsageError."""
    if params.compare is None:
        return params
    stored_parts = tuple(row["part"] for row in query.run(source, questions.load("live/parts"), params))
    if missing := [part for part in params.parts if part not in stored_parts]:
        raise UsageError(
            f"--compare {params.compare}: no post of this period is in {', '.join(map(for_terminal, missing))}. "
            f"There are: {', '.join(map(for_terminal, stored_parts[:12]))}."
        )
    if params.parts:
        return params
    if len(stored_parts) < 2:
        only = (
            f"only one {params.compare}, '{for_terminal(stored_parts[0])}'" if stored_parts else f"no {params.compare}"
        )
        raise UsageError(
            f"--compare {params.compare}: the posts of this period have {only}, so there is nothing to compare."
        )
    return replace(params, parts=stored_parts[:2])


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
