"""What a report is about: the period, the time zone in which days and hours are meant, and which posts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from .errors import UsageError
from .reading import Search

DAYS = 28  # of the period, where none is named: each hour of the week four times
MINIMUM = 3  # posts
SAMPLE = 200  # posts
STRATA = ("day", "rule", "language")
SHARES = ("proportional", "equal")  # of the strata in a sample
SOURCES = ("stream", "search", "import", "archive", "rejected")  # of the view tweets
KINDS = {"originals": "original", "retweets": "retweet", "quotes": "quote", "replies": "reply"}
COMPARED = ("language", "rule", "keyword", "source", "kind")
MOST_PARTS = 6  # of a comparison: as many as there are colours
WEEK_STARTS = {"monday": 0, "saturday": 5, "sunday": 6}
_AGO = re.compile(r"(\d{1,5})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_NO_PLACES = frozenset({"localtime", "Factory"})  # names that BigQuery or a browser does not know
_HOURLY = timedelta(days=3)
_LONGEST = timedelta(days=3_660)  # ten years: what BigQuery streams to


@dataclass(frozen=True, slots=True)
class Params:
    """The named parameters of every question. `since` is in the period and `until` is not; both are UTC instants."""

    since: datetime
    until: datetime
    timezone: str = "UTC"  # an IANA name
    keyword: str | None = None  # an entry of keywords.txt that the filter matched; None is all posts
    rule: str | None = None  # a tag of ingester/rules.yaml
    minimum: int = MINIMUM  # posts below which a top list leaves out an entry, and an hour's mean is none
    sample: int = SAMPLE  # posts to read
    by: str = "day"  # one of STRATA: each has its share of the sample
    strata: str = "proportional"  # one of SHARES
    seed: int = 1  # another one draws another sample
    week_start: int = 0  # weekday, 0 is Monday
    search: Search | None = None  # what the texts must say, and must not
    language: str | None = None  # a code of X's; 'und' where it knew none
    source: str | None = None  # of SOURCES
    kind: str | None = None  # of KINDS' values
    compare: str | None = None  # of COMPARED: what tells the parts apart
    parts: tuple[str, ...] = ()  # that are compared
    topics: int | None = None  # into so many the posts are grouped; None lets the data decide
    topic: str | None = None  # whose posts of the sample are meant, by its name
    topic_ids: tuple[str, ...] = ()  # these
    bins: str | None = None  # of the charts over time: hour, day, week or month; None lets the data decide

    def parameters(self) -> dict[str, tuple[str, object]]:
        """Return {name: (BigQuery type, value)}."""
        return {
            "from": ("TIMESTAMP", self.since),
            "to": ("TIMESTAMP", self.until),
            "timezone": ("STRING", self.timezone),
            "keyword": ("STRING", self.keyword),
            "rule": ("STRING", self.rule),
            "minimum": ("INT64", self.minimum),
            "sample": ("INT64", self.sample),
            "by": ("STRING", self.by),
            "strata": ("STRING", self.strata),
            "seed": ("INT64", self.seed),
            "week_start": ("INT64", self.week_start),
            "unit": ("STRING", self.unit),
            "language": ("STRING", self.language),
            "source": ("STRING", self.source),
            "kind": ("STRING", self.kind),
            "parts": ("STRING", "\n".join(self.parts)),
            "topic_ids": ("STRING", " ".join(self.topic_ids)),
            **{name: ("STRING", text) for name, text in (self.search.patterns() if self.search else {}).items()},
        }

    @property
    def filters(self) -> dict[str, str]:
        """Return what was asked for, by the name of its option."""
        filters = {name: getattr(self, name) for name in ("keyword", "rule", "language", "source", "kind", "topic")}
        filters["search"] = self.search and self.search.typed
        return {name: value for name, value in filters.items() if value is not None}

    @property
    def unit(self) -> str:
        """Return the unit of charts over time: hours for a short period, else days."""
        return "hour" if self.until - self.since <= _HOURLY else "day"

    @property
    def last_moment(self) -> datetime:
        """Return the last second of the period in its time zone: of a period that ends at midnight, the day before."""
        return self.local(self.until - timedelta(seconds=1))

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.timezone))


def period(since: str | None, until: str | None, timezone: str, now: datetime) -> tuple[datetime, datetime]:
    """UTC instants from what a person typed: a date, a time, or 36h, 7d, 2w before the end. Raises UsageError.

    A date or time without an offset is meant in `timezone`; a date as the end is its whole day. No end is after now:
    what is to come is not nothing.
    """
    zone = _zone(timezone)
    now = now.replace(microsecond=0)
    end = min(_moment(until, "--to", zone, whole_day=True), now) if until else now
    if since and (ago := _AGO.fullmatch(since)):
        try:
            begin = end - int(ago[1]) * _UNITS[ago[2]]
        except OverflowError:
            raise UsageError(f"--from {since} is before the calendar begins.") from None
    else:
        begin = _moment(since, "--from", zone, whole_day=False) if since else end - timedelta(days=DAYS)
    if begin >= end:
        raise UsageError(f"--from ({begin:%F %H:%M} UTC) is not before --to ({end:%F %H:%M} UTC).")
    if end - begin > _LONGEST:
        raise UsageError("The period is longer than ten years. Name a later --from.")
    return begin, end


def _zone(name: str) -> ZoneInfo:
    if name not in available_timezones() or name in _NO_PLACES:
        near = [zone for zone in sorted(available_timezones()) if name and name.lower() in zone.lower()]
        hint = f" Did you mean {' or '.join(near[:3])}?" if near else " Examples: UTC, Europe/Berlin, America/New_York."
        raise UsageError(f"There is no time zone '{name}'.{hint}")
    return ZoneInfo(name)


def _moment(text: str, option: str, zone: ZoneInfo, *, whole_day: bool) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if whole_day and _is_date(text):
            moment += timedelta(days=1)
        moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option} {text} is no time. Write a date (2026-11-23), a time (2026-11-23T18:00), or how long before the end "
            "(36h, 7d, 2w)."
        ) from None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def names(params: Params, parameters: set[str]) -> Mapping[str, tuple[str, object]]:
    """Return the parameters that a question uses."""
    return {name: value for name, value in params.parameters().items() if name in parameters}
