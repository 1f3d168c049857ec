"""What a person runs by hand: rules, search, replays. Each says what it will do, and what it costs, before it does it."""

import asyncio
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Coroutine
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from .backfill import backfill, replay
from .backfill.backfill import Filled
from .budget import Budget
from .errors import ConfigurationError, Denied, LedgerFailed, NoLedger, PublishFailed, Refused, Unavailable
from .ledger import history
from .ledger.ledger import Ledger
from .ledger.model import Event, Gap
from .ledger.store import Store
from .prices import COUNTS, DOLLARS, most
from .pubsub.publisher import Publisher
from .run import SystemClock, first_token, holder_id
from .settings import Settings
from .timeouts import Timeouts
from .x import rules, search
from .x.bearer import Secret, Tokens
from .x.client import X
from .x.http import Http
from .x.rate_limit import XTime
from .x.rules import Rule

T = TypeVar("T")

_DRAIN_SECONDS = 60.0
_LEDGER_SECONDS = 30.0
_LATE = timedelta(minutes=2)  # so much later a rejected message may appear in BigQuery than its time says
_PRICED = timedelta(days=6, hours=23)  # recent counts go back seven days

# what is piped into a file or another program is not wrapped
_is_seen = sys.stderr.isatty() or "COLUMNS" in os.environ
console = Console(stderr=True, highlight=False, width=None if _is_seen else 1_000)
_loop = asyncio.Runner()
_clock = SystemClock()


def check(arguments: Namespace) -> int:
    """Look at the rules file alone, without X, a token or a project. Exit code 1 where a rule has a mistake."""
    ours = rules.read(arguments.rules)
    wrong = 0
    for rule in ours:
        console.print(f"{escape(str(rule))}  [dim]{len(rule.value):,} characters[/]")
        for mistake in rules.mistakes(rule):
            wrong += 1
            console.print(f"  [red]{escape(mistake)}[/]")
        if why := search.cannot_ask(rule.value):
            console.print(f"  [yellow]after a disconnect, search cannot be asked for what was missed: {escape(why)}[/]")
    console.print(
        f"{len(ours)} rule{'s' * (len(ours) != 1)}, {wrong or 'no'} mistake{'s' * (wrong != 1)} that can be seen without X. "
        "rules plan asks X, and --price what they cost."
    )
    return 1 if wrong else 0


def plan(settings: Settings, arguments: Namespace) -> int:
    """Exit code 0: X has the file's rules; 1: `apply` would change something."""
    ours = rules.read(arguments.rules)
    x = _x(settings)
    found = rules.compare(ours, _asked(rules.there(x)))
    _asked(rules.check(x, found.add))
    if arguments.json:
        print(orjson.dumps(_as_json(x, ours, found, price=arguments.price)).decode())
        return 1 if found.changes else 0
    table = Table("", "rule", *(["posts a day", "$ a day", "$ a month"] if arguments.price else []))
    kinds = [("add", found.add), ("change (leave)", found.remove), ("keep", found.keep), ("not ours", found.foreign)]
    for what, listed in kinds:
        for rule in listed:
            table.add_row(what, escape(str(rule)), *(_price(x, rule.value, settings) if arguments.price else []))
    console.print(table)
    if arguments.price:
        console.print(f"X bills a request for counts: ${COUNTS * DOLLARS:.3f} for each rule that was priced.")
    if found.foreign:
        console.print("Rules that are not ours are left alone; rules apply --remove-foreign removes them.")
    console.print(
        f"{len(found.add)} to add, {len(found.remove)} to change, {len(found.keep)} as they are, {len(found.foreign)} not ours."
    )
    return 1 if found.changes else 0


def apply(settings: Settings, arguments: Namespace) -> int:
    """Changes only what differs, without a disconnect."""
    ours = rules.read(arguments.rules)
    x = _x(settings)
    found = rules.compare(ours, _asked(rules.there(x)))
    gone = found.foreign if arguments.remove_foreign else []
    if not found.changes and not gone:
        console.print("X has the file's rules already. Nothing is changed.")
        return 0
    for what, listed in (("add", found.add), ("remove", found.remove), ("remove, not ours", gone)):
        for rule in listed:
            console.print(f"{what}: {escape(str(rule))}")
    retagged = {old.value for old in found.remove}
    _asked(rules.check(x, [rule for rule in found.add if rule.value not in retagged]))
    if not _agreed(arguments, "Change X's rules so?"):
        return 1
    _asked(rules.apply(x, found, remove_foreign=arguments.remove_foreign))
    console.print("Done. X needs up to 20 s to know new rules; the stream stays as it is.")
    return 0


def fetch(settings: Settings, arguments: Namespace, times: Timeouts) -> int:
    """Search by hand: what the stream did not deliver between two times."""
    since, until = arguments.since, arguments.until or datetime.now(UTC)
    _check_interval(since, until)
    until = min(until, datetime.now(UTC) - timedelta(seconds=times.lag))
    if since < datetime.now(UTC) - search.DAYS:
        raise ConfigurationError("Search knows the last seven days. Name a later --from.")
    x = _x(settings)
    asked = [(rule.id, rule.value, rule.tag) for rule in _asked(rules.there(x)) or rules.read(arguments.rules)]
    for _, value, tag in asked:
        if why := search.cannot_ask(value):
            console.print(f"[yellow]The rule '{escape(tag or value[:40])}' cannot be asked: {why}.[/]")
    counted = _asked(search.counts(x, asked, since, until))
    asking = f"Asking for it cost ${counted.requests * COUNTS * DOLLARS:.3f}."
    if counted.total is None:
        console.print(
            f"X does not say how many posts there are from {since:%F %H:%M:%S} to {until:%F %H:%M:%S} UTC. {asking}"
        )
    else:
        console.print(
            f"{counted.total:,} posts from {since:%F %H:%M:%S} to {until:%F %H:%M:%S} UTC, retweets counted, which search does not "
            f"return: ${counted.total * DOLLARS:,.2f} to ${counted.total * _most(settings) * DOLLARS:,.2f}, by how many authors and "
            f"referenced posts come with them. X bills a post that the stream delivered the same UTC day only once. {asking}"
        )
    if arguments.dry_run or not _agreed(arguments, "Fetch and publish them?"):
        return 0 if arguments.dry_run else 1
    ledger = _ledger(settings)
    publisher = Publisher(settings.topic_path, settings.dead_topic_path)
    events = _asked(ledger.store.history())
    budget = Budget(settings.max_posts_per_day, settings.max_posts_per_month, history.spent(events))
    for _ in range(counted.requests):
        budget.add_request()
    ledger.today = budget.today
    gap = Gap(f"manual-{datetime.now(UTC):%Y%m%dT%H%M%S}", since, "manual", until, tuple(asked))

    held = history.last_held(events)
    means = backfill.Means(
        x, publisher, ledger.store, budget, times, _clock, XTime(_clock), datetime.now(UTC),
        settings.expand_authors, settings.expand_referenced,
        uncounted=held[0] if held and held[1] == "killed" else None,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        result = _asked(backfill.by_hand(means, gap))
    except KeyboardInterrupt:
        _published(publisher)
        console.print(f"Stopped, as you asked; {publisher.published:,} posts published. The same command goes on.")
        return 130
    _tell(ledger, gap, result)
    console.print(f"{result.published:,} posts published. {' '.join(result.notes)}")
    return 0


def _tell(ledger: Ledger, gap: Gap, result: Filled) -> None:
    """Close the gap, and with it those that lie within and were left unfilled."""
    assert gap.until is not None
    past = _asked(ledger.store.since(gap.since))
    for closed in [gap, *history.skipped_within(past, gap.since, gap.until)]:
        ledger.write(
            "gap_filled", gap_id=closed.id, since=closed.since, until=closed.until, reason=closed.reason,
            status=result.status, posts_expected=result.expected, posts_recovered=result.recovered,
            note=" ".join(result.notes) or None,
        )  # fmt: skip
    _asked(_flush(ledger))


def again(settings: Settings, arguments: Namespace) -> int:
    """Publish posts of `archive`, or messages of `rejected`, again."""
    source = arguments.command
    until = arguments.until or datetime.now(UTC)
    since = arguments.since
    ledger = _ledger(settings)
    if since is None:
        since = datetime(2020, 1, 1, tzinfo=UTC) if arguments.again else _redriven_until(ledger)
    _check_interval(since, until)
    posts = replay.Replay(settings, source, since, until)
    count = posts.count()
    console.print(f"{count:,} messages of {source} from {since:%F %H:%M:%S} to {until:%F %H:%M:%S} UTC.")
    if arguments.dry_run or not count:
        return 0
    publisher = Publisher(settings.topic_path, settings.dead_topic_path)
    last: list[replay.Again] = []
    signal.signal(signal.SIGTERM, _interrupt)
    interrupted = False
    with _progress() as progress:
        task = progress.add_task(source, total=count)

        def done(one: replay.Again) -> None:
            last[:] = [one]
            progress.advance(task)

        try:
            replay.run(posts, publisher, arguments.rate, done)
        except KeyboardInterrupt:
            interrupted = True
    _published(publisher)
    if source == "rejected" and last and since <= _redriven_until(ledger):  # else what lies between would be forgotten
        until_now = min(last[0].at, datetime.now(UTC) - _LATE)
        ledger.write("redriven", since=since, until=until_now, posts_recovered=publisher.published)
        _asked(_flush(ledger))
    console.print(f"{publisher.published:,} messages published.")
    if interrupted:
        where = last[0].at if last else since
        console.print(
            f"Stopped, as you asked. To go on: python -m ingester {source} --from {where.astimezone(UTC):%FT%T.%fZ} --to {until:%FT%TZ}"
        )
        return 130
    return 0


def _redriven_until(ledger: Ledger) -> datetime:
    """Where the last redrive ended: what was tried again since is not new."""
    events: list[Event] = _asked(ledger.store.history())
    ended = [event.until for event in events if event.event == "redriven" and event.until]
    return max(ended) + timedelta(microseconds=1) if ended else datetime(2020, 1, 1, tzinfo=UTC)


def _ledger(settings: Settings) -> Ledger:
    store = Store(settings.google_cloud_project, settings.bigquery_dataset)
    return Ledger(store, holder_id(os.environ), _clock, XTime(_clock))


async def _flush(ledger: Ledger) -> None:
    """Write the rows that wait, for half a minute at most."""
    writing = asyncio.get_running_loop().create_task(ledger.run())
    try:
        await ledger.flush(_LEDGER_SECONDS)
    finally:
        writing.cancel()


def _as_json(x: X, ours: list[Rule], found: rules.Plan, *, price: bool) -> dict[str, Any]:
    """`posts_a_day` counts a post that matches several rules once, as far as one query can hold them."""
    kinds = {"add": found.add, "change": found.remove, "keep": found.keep, "not_ours": found.foreign}
    listed = [{"what": what, "tag": r.tag, "value": r.value} for what, group in kinds.items() for r in group]
    return {"rules": listed} | ({"posts_a_day": round(_posts_a_day(x, [r.value for r in ours]), 1)} if price else {})


def _posts_a_day(x: X, values: list[str]) -> float:
    """By the last seven days. Costs a request for counts, or one for each rule where they do not fit into one query."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    asked = [("", value, "") for value in values]
    counted = _asked(search.counts(x, asked, now - _PRICED, now))
    if counted.total is None:
        raise Refused("X does not say how many posts these rules match. Try again in a minute.")
    return counted.total / (_PRICED / timedelta(days=1))


def _price(x: X, value: str, settings: Settings) -> tuple[str, str, str]:
    """Posts a day, and dollars, by the last seven days."""
    if search.cannot_ask(value):
        return ("?", "?", "?")
    posts = _posts_a_day(x, [value])
    dollars = posts * DOLLARS
    upto = f" to {dollars * _most(settings):,.2f}" if _most(settings) > 1 else ""
    return f"{posts:,.0f}", f"{dollars:,.2f}{upto}", f"{dollars * 30:,.0f}"


def _most(settings: Settings) -> int:
    return most(authors=settings.expand_authors, referenced=settings.expand_referenced)


def _x(settings: Settings) -> X:
    secret = Secret(settings)
    token = _loop.run(first_token(secret))
    return X(Http(settings.x_api_url), Tokens(secret, token), _clock, Timeouts(), XTime(_clock))


def _asked(question: Coroutine[Any, Any, T]) -> T:
    """A person waits: what X does not answer now is said, not tried for minutes."""
    try:
        return _loop.run(question)
    except Denied as error:
        raise Refused(f"X refuses: {error}") from None
    except Unavailable as error:
        wait = f" in {error.reset_in:.0f} s" if error.reset_in else " in a minute"
        raise Refused(f"X does not answer: {error}. Try again{wait}.") from None
    except search.Refused as error:
        raise Refused(f"X does not take the query: {error}.") from None
    except NoLedger as error:
        raise LedgerFailed(f"{error}. Does the dataset exist, and may this account query it?") from None


def _agreed(arguments: Namespace, question: str) -> bool:
    if arguments.yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigurationError("This asks before it does anything, and there is no one to ask. Add --yes.")
    return console.input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _published(publisher: Publisher) -> None:
    if left := publisher.drain(_DRAIN_SECONDS):
        raise PublishFailed(f"{left} messages were not published within {_DRAIN_SECONDS:.0f} s. Is Pub/Sub reachable?")


def _check_interval(since: datetime, until: datetime) -> None:
    if since >= until:
        raise ConfigurationError(f"--from {since:%F %T} is not before --to {until:%F %T}. Name an earlier one.")


def _progress() -> AbstractContextManager[Progress]:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


def _interrupt(number: int, frame: object) -> None:
    """SIGTERM ends what runs as Ctrl-C does."""
    signal.raise_signal(signal.SIGINT)
