"""Shows what the filter does with posts, before it does it to yours: python -m functions.load_tweet.filter.

... --explain < posts.jsonl            which keyword keeps or drops each post, one a line on stdin
... --what-if new-keywords.txt         what another file would have kept of the archive, and what it would save
"""

import argparse
import codecs
import os
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from posts.errors import BadMessage
from posts.filter import FilterDecision, apply_filter
from posts.keywords import Keywords, KeywordsError, read_keywords
from posts.post import ParsedPost
from runtime.errors import ConfigurationError
from warehouse import settings
from warehouse.errors import BadMoment

from . import posts, what_if

_SHOWN = 160  # characters of a post


def main(arguments: argparse.Namespace) -> int:
    """Exit codes: 0 done; 1 some lines held no post, or BigQuery did not answer; 2 bad usage or a file to correct."""
    try:
        keywords = _keywords(arguments.keywords)
        if arguments.explain:
            return _explain(keywords, arguments.json)
        return _what_if(keywords, _keywords(arguments.what_if), arguments)
    except (ConfigurationError, KeywordsError) as error:
        print(error, file=sys.stderr)
        return 2
    except BadMoment as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # piped into head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _explain(keywords: Keywords, as_json: bool) -> int:
    topic = settings.read({"GOOGLE_CLOUD_PROJECT": "none", **os.environ}).filter(keywords)  # --explain needs no project
    outcomes: Counter[str] = Counter()
    decided: Counter[str] = Counter()
    for line in _lines():
        if not line.strip():
            continue
        try:
            post = posts.read(line.rstrip("\n"))
        except BadMessage as error:
            outcomes["unreadable"] += 1
            print(f"{'unreadable':10} {_printable(str(error))}", file=sys.stderr)
            continue
        decision = apply_filter(post, topic)
        outcomes["dropped" if decision.reason else "kept"] += 1
        decided.update(decision.keywords or [f"({decision.reason})"] if decision.reason else decision.keywords)
        print(_as_json(post, decision) if as_json else _as_line(post, decision))
    counts = ", ".join(f"{entry} {count:,}" for entry, count in decided.most_common(20))
    print(
        f"\n{outcomes['kept']:,} kept, {outcomes['dropped']:,} dropped, {outcomes['unreadable']:,} unreadable. {counts}",
        file=sys.stderr,
    )
    return 1 if outcomes["unreadable"] else 0


def _lines() -> Iterator[str]:
    """Yield the lines of stdin without a byte order mark. Raises ConfigurationError for UTF-16, which PowerShell writes."""
    for number, line in enumerate(sys.stdin.buffer):
        if number == 0 and (line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in line):
            raise ConfigurationError("The input is UTF-16 and not UTF-8, so no post can be read. Save it as UTF-8.")
        yield line.decode("utf-8-sig" if number == 0 else "utf-8", "replace")


def _as_line(post: ParsedPost, decision: FilterDecision) -> str:
    what = f"dropped: {decision.reason}" if decision.reason else "kept"
    by = f" by {', '.join(decision.keywords)}" if decision.keywords else ""
    return f"{what + by:40} {'' if post.id == '0' else post.id:20} {_printable(post.text)}"


def _as_json(post: ParsedPost, decision: FilterDecision) -> str:
    kept = decision.reason is None
    return orjson.dumps(
        {"id": post.id, "kept": kept, "reason": decision.reason, "keywords": decision.keywords, "text": post.text}
    ).decode()


def _printable(text: str) -> str:
    """Remove control characters, because a stranger's text must not control the terminal."""
    shown = "".join(c if c.isprintable() else " " for c in text[:_SHOWN])
    return shown + ("…" if len(text) > _SHOWN else "")


def _what_if(now: Keywords, then: Keywords, arguments: argparse.Namespace) -> int:
    from .archive import DOLLARS_A_TEBIBYTE, Archive  # noqa: PLC0415 - to explain needs no Google

    setting = settings.read(os.environ)
    until = arguments.until or datetime.now(UTC)
    since = arguments.since or until - timedelta(days=arguments.days)
    if since >= until:
        raise ConfigurationError(f"--from {since:%F %T} is not before --to {until:%F %T}. Name an earlier one.")
    archive = Archive(setting.google_cloud_project, setting.bigquery_dataset, since, until)
    size = archive.bytes()
    dollars = size / 2**40 * DOLLARS_A_TEBIBYTE
    print(f"Reads {size / 2**20:,.0f} MiB: ${dollars:.2f} at most, as 1 TiB a month is free.", file=sys.stderr)
    if dollars > arguments.max_dollars:
        raise ConfigurationError(
            f"That is over --max-dollars {arguments.max_dollars}. Ask for fewer --days, or allow more."
        )
    result = what_if.compare(archive.posts(), setting.filter(now), setting.filter(then))
    print("\n".join(what_if.report(result, then, since, until)))
    return 0


def _keywords(path: Path) -> Keywords:
    """Read a keywords file that the user named. Raises ConfigurationError if there is none."""
    if not path.exists():
        raise ConfigurationError(f"There is no file {path}. Name a keywords file: one word, #hashtag or phrase a line.")
    return read_keywords(path)
