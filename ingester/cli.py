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

from .backfill import backfill, by_hand, replay
from .backfill.backfill import Filled
from .budget import Budget
from .errors import ConfigurationError, Denied, LedgerFailed, NoLedger, PublishFailed, Refused, Unavailable
from .ledger import history
from .ledger.ledger import Ledger
from .ledger.model import Event, Gap
from .ledger.store import Store
from .prices import COUNTS, COUNTS_ALL, DOLLARS, most
from .pubsub.publisher import Publisher
from .run import SystemClock, first_token, holder_id
from .settings import Settings
from .timeouts import Timeouts
from .x import rules, search
from .x.bearer import Secret, Tokens
from .x.client import X
from .x.http import Http
from .x.rate_limit import XTime
from .x.reach import reach_of
from .x.rules import Rule

T = TypeVar("T")

_DRAIN_SECONDS = 60.0
_LEDGER_SECONDS = 30.0
_LATE = timedelta(minutes=2)  # so much later a rejected message may appear in BigQuery than its time says
_MANY = 50_000  # messages: minutes of a replay
_IN_BULK = 5_000  # messages a second on two cores, from the archive to tables (docs/benchmarks/volume.md)
_TIMES = Timeouts()
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
    """Show how X's rules differ from the file's. Exit code 1 if `apply` would change something."""
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
        console.print(
            f"X bills a request for counts: ${COUNTS * DOLLARS:.3f} for each rule that was priced, "
            f"${COUNTS_ALL * DOLLARS:.3f} for one of more than 512 characters."
        )
    if found.foreign:
        console.print("Rules that are not ours are left alone; rules apply --remove-foreign removes them.")
    console.print(
        f"{len(found.add)} to add, {len(found.remove)} to change, {len(found.keep)} as they are, {len(found.foreign)} not ours."
    )
    return 1 if found.changes else 0


def apply(settings: Settings, arguments: Namespace) -> int:
    """Sync X's rules with the file, without a disconnect."""
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
    """Search by hand between two times: what the stream did not deliver, or years of history. Says what it costs first."""
    since, until = arguments.since, arguments.until or datetime.now(UTC)
    _check_interval(since, until)
    until = min(until, datetime.now(UTC) - timedelta(seconds=times.lag))
    x = _x(settings, times)
    asked = by_hand.askable(_rules_to_ask(x, arguments), is_old=since < datetime.now(UTC) - search.DAYS, say=_warn)
    gap = by_hand.gap(asked, since, arguments.until, until, arguments.sample)
    ledger = _ledger(settings)
    earlier = _asked(_store(settings).searched(gap.id))
    begin = earlier.until if earlier and earlier.until else since
    if begin >= until:
        console.print("This search was finished before. Another --sample, rule or time is another search.")
        return 0
    counted = _asked(search.counts(x, by_hand.without_retweets(asked), begin, until))
    budget = _budget(settings, ledger, counted.units)
    plan = by_hand.Plan(gap, asked, begin, counted, arguments.sample, earlier, _most(settings))
    for sentence in plan.sentences(budget.left(), budget.limit()):
        console.print(sentence)
    if arguments.dry_run or not _agreed(arguments, "Fetch and publish them?"):
        _asked(_flush(ledger))  # what the question cost
        return 0 if arguments.dry_run else 1
    return _fetch(settings, ledger, budget, plan, (x, times))


def _fetch(settings: Settings, ledger: Ledger, budget: Budget, plan: by_hand.Plan, parts: tuple[X, Timeouts]) -> int:
    x, times = parts
    publisher = Publisher(settings.topic_path, settings.dead_topic_path)
    held = history.last_held(_asked(ledger.store.history()))
    means = backfill.Means(
        x, publisher, ledger.store, budget, times, _clock, XTime(_clock), datetime.now(UTC),
        settings.expand_authors, settings.expand_referenced,
        uncounted=held[0] if held and held[1] == "killed" else None,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, _interrupt)
    done, result, code = plan.begun(), None, 130
    with _progress() as shown:
        task = shown.add_task("posts", total=plan.posts)

        def told(done: backfill.Progress) -> None:
            shown.update(task, completed=done.published)
            ledger.write("searched", **plan.row(done))

        work = backfill.fill_by_hand(means, plan.gap, plan.wanted(told), done)
        why = "Stopped, as you asked"
        try:
            result = _loop.run(_with_ledger(ledger, work))
        except KeyboardInterrupt:
            pass
        except (Unavailable, NoLedger, search.QueryRefused) as error:
            why, code = f"Stopped: {escape(str(error))[:300]}", 3
    _published(publisher)
    _asked(_flush(ledger))
    if result is None:
        console.print(f"{why}; {publisher.published:,} posts published. The same command goes on.")
        return code
    if done.cut:
        console.print(f"{result.published:,} posts published. {by_hand.CUT}")
        return 0
    _tell(ledger, plan.gap, plan.whole(result))
    console.print(f"{result.published:,} posts published. {' '.join(result.notes)}")
    return 0


def _rules_to_ask(x: X, arguments: Namespace) -> list[search.AskedRule]:
    """Return X's rules, or the file's where X has none; of these those whose tags were asked for."""
    found = _asked(rules.there(x)) or rules.read(arguments.rules)
    wanted = set(arguments.rule or ())
    if missing := wanted - {rule.tag for rule in found}:
        tags = ", ".join(sorted({rule.tag for rule in found if rule.tag})) or "none"
        raise ConfigurationError(f"There is no rule with the tag {', '.join(sorted(missing))}. The tags are: {tags}.")
    return [(rule.id, rule.value, rule.tag) for rule in found if not wanted or rule.tag in wanted]


def _budget(settings: Settings, ledger: Ledger, asked: int) -> Budget:
    """Return the budget as the ledger knows it, with the units that asking has cost; the ledger's rows carry it from now on."""
    events = _asked(ledger.store.history())
    budget = Budget(settings.max_posts_per_day, settings.max_posts_per_month, history.spent(events))
    ledger.today = budget.today
    budget.add_request(asked)
    ledger.write("searched", note="counts were asked for")
    return budget


def _warn(sentence: str) -> None:
    console.print(f"[yellow]{escape(sentence)}[/]")


async def _with_ledger(ledger: Ledger, work: Coroutine[Any, Any, T]) -> T:
    """Write the ledger's rows while the work goes on."""
    writing = asyncio.get_running_loop().create_task(ledger.run())
    try:
        return await work
    finally:
        writing.cancel()


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
    if source == "archive" and count > _MANY:
        console.print(
            f"Through Pub/Sub this takes about {_hours(count / arguments.rate)}. scripts/dataflow archive --from {since:%FT%TZ} "
            f"--to {until:%FT%TZ} takes about {_hours(60 + count / _IN_BULK)} on two cores, and leaves the live stream alone."
        )
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


def _hours(seconds: float) -> str:
    if seconds < 5_400:
        return f"{max(1, round(seconds / 60))} minutes"
    return f"{seconds / 3_600:.1f} hours" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"


def _redriven_until(ledger: Ledger) -> datetime:
    """Return where the last redrive ended."""
    events: list[Event] = _asked(ledger.store.history())
    ended = [event.until for event in events if event.event == "redriven" and event.until]
    return max(ended) + timedelta(microseconds=1) if ended else datetime(2020, 1, 1, tzinfo=UTC)


def _store(settings: Settings) -> Store:
    return Store(settings.google_cloud_project, settings.bigquery_dataset)


def _ledger(settings: Settings) -> Ledger:
    return Ledger(_store(settings), holder_id(os.environ), _clock, XTime(_clock))


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
    """Return posts a day by the last seven days. Costs one request for counts, or more if the rules do not fit into one query."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    asked = [("", value, "") for value in values]
    counted = _asked(search.counts(x, [(rule, reach_of(rule[1], is_old=False)) for rule in asked], now - _PRICED, now))
    if counted.total is None:
        raise Refused("X does not say how many posts these rules match. Try again in a minute.")
    return counted.total / (_PRICED / timedelta(days=1))


def _price(x: X, value: str, settings: Settings) -> tuple[str, str, str]:
    """Return posts a day, dollars a day and dollars a month, by the last seven days."""
    if search.cannot_ask(value):
        return ("?", "?", "?")
    posts = _posts_a_day(x, [value])
    dollars = posts * DOLLARS
    upto = f" to {dollars * _most(settings):,.2f}" if _most(settings) > 1 else ""
    return f"{posts:,.0f}", f"{dollars:,.2f}{upto}", f"{dollars * 30:,.0f}"


def _most(settings: Settings) -> int:
    return most(authors=settings.expand_authors, referenced=settings.expand_referenced)


def _x(settings: Settings, times: Timeouts = _TIMES) -> X:
    secret = Secret(settings)
    token = _loop.run(first_token(secret))
    return X(Http(settings.x_api_url), Tokens(secret, token), _clock, times, XTime(_clock))


def _asked(question: Coroutine[Any, Any, T]) -> T:
    """Run a request and turn failures into errors for a person, who should not wait for retries."""
    try:
        return _loop.run(question)
    except Denied as error:
        raise Refused(f"X refuses: {error}") from None
    except Unavailable as error:
        wait = f" in {error.reset_in:.0f} s" if error.reset_in else " in a minute"
        raise Refused(f"X does not answer: {error}. Try again{wait}.") from None
    except search.QueryRefused as error:
        raise Refused(f"X does not take the query: {error}.") from None
    except search.NoArchive as error:
        raise Refused(
            f"X does not let this app search the full archive: {error}. Pay-per-use apps may; recent search knows the last seven days."
        ) from None
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
    """Handle SIGTERM like Ctrl-C."""
    signal.raise_signal(signal.SIGINT)
