"""The files in queries/: what each asks, what one should know of the answer, and its text for BigQuery's console."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

from .params import Params

FOLDER = Path(__file__).parent / "queries"
# How texts are compared (posts/text.py's fold), and the signs that are emoji: both too long to stand in each query.
_FOLDED = (FOLDER / "shared" / "folded.sql").read_text(encoding="utf-8").strip()
_EMOJI = (FOLDER / "shared" / "emoji.txt").read_text(encoding="utf-8").strip()
_MACRO = re.compile(r"\bFOLDED\((\w+)\)|(?<=\[)EMOJI(?=\])")
_PARAMETER = re.compile(r"@([a-z_]+)")
_RELATION = re.compile(r"\b(FROM|JOIN) (tweets|filtered|receipt|stream_gaps|spending|ingester_events)\b( AS \w+)?")

# What a page shows, in this order, under these headlines.
SECTIONS = {
    "How many": ("totals", "posts_by_hour", "posts_by_day", "posts_by_week", "trend", "kinds"),
    "When": ("engagement_by_hour_of_week",),
    "Where": ("posts_by_region", "points", "languages"),
    "In what mood": ("sentiment_by_hour", "sentiment_extremes"),
    "About what": (
        "words", "phrases", "distinctive_words", "top_hashtags", "top_emoji", "top_links", "top_pages", "top_originals", "same_texts",
        "conversations",
    ),
    "By whom": ("top_authors", "authors_by_activity", "authors_by_day", "top_mentions"),
    "Compared": ("rules_over_time", "keywords_over_time", "languages_over_time"),
    "Who with whom": ("network_of_hashtags", "network_of_mentions", "network_of_retweets", "network_of_quotes"),
    "To read": ("posts_to_read",),
    "For how much": ("cost_by_day", "posts_by_rule", "dropped"),
    "How complete": ("receipt", "gaps"),
}  # fmt: skip
NAMES = tuple(name for names in SECTIONS.values() for name in names)


@dataclass(frozen=True, slots=True)
class Question:
    """`title` is the question in English, `note` what one should know, `scans` what is read and so paid for."""

    name: str
    title: str
    note: str
    scans: str
    sql: str

    @property
    def parameters(self) -> set[str]:
        return set(_PARAMETER.findall(_without_comments(self.sql)))


def read(name: str) -> Question:
    """Return one of NAMES. A file may name the query of another one: `-- Query: words`, for which BigQuery is then asked once.

    With `-- Query: shared/posts_per_unit, with day = DATE(local)` the shared query's {column} and {expression} are these two.
    """
    sql = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    head = list(takewhile(lambda line: line.startswith("--"), sql.splitlines()))
    sql = _MACRO.sub(lambda found: _FOLDED.replace("{text}", found[1]) if found[1] else _EMOJI, sql)
    note, _, other = " ".join(line.removeprefix("-- ") for line in head).partition(" Query: ")
    title, _, rest = note.partition(" Scans: ")
    scans, _, note = rest.partition(" Note: ")
    if "_" not in note.partition(" ")[0]:  # the name of a column stays as it is
        note = note[:1].upper() + note[1:]
    return Question(name, title, note, scans, _shared(other, head) if other else sql)


def _shared(other: str, head: list[str]) -> str:
    name, _, filled = other.partition(", with ")
    if not filled:
        return read(other).sql
    column, _, expression = filled.partition(" = ")
    sql = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    body = sql[sql.index("WITH ") :].replace("{column}", column).replace("{expression}", expression)
    return "\n".join([*head[:-1], body])


def pasteable(question: Question, asked: Params, dataset: str) -> str:
    """The same query for BigQuery's console, which takes no parameters: with their values, and with `dataset` (project.name)."""
    values = asked.parameters()
    head = question.sql.splitlines()[: _first_line(question.sql)]
    body = "\n".join(question.sql.splitlines()[_first_line(question.sql) :])
    body = _RELATION.sub(lambda found: f"{found[1]} `{dataset}.{found[2]}`{found[3] or f' AS {found[2]}'}", body)
    body = _PARAMETER.sub(lambda found: _literal(*values[found[1]]), body)
    return "\n".join([*head, body.strip(), ""])


def _literal(kind: str, value: object) -> str:
    if value is None:
        return f"CAST(NULL AS {kind})"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')} UTC'"
    if isinstance(value, int):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def _first_line(sql: str) -> int:
    """The first line that is no comment."""
    return next(number for number, line in enumerate(sql.splitlines()) if not line.startswith("--"))


def _without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*", "", sql)
