"""A search by hand: what the stream did not deliver, or years of history."""

from argparse import Namespace
from datetime import datetime, timedelta

from rich.markup import escape

from posts.prices import DOLLARS
from runtime.errors import ConfigurationError

from ..backfill import by_hand, manual, model
from ..errors import NoLedger, Unavailable
from ..ledger import history
from ..ledger.ledger import Ledger
from ..ledger.reservations import Reservations
from ..pubsub.publisher import Publisher
from ..x import rules, search
from ..x.client import X
from .session import Interrupted, Session, drain, until_interrupted, writing_ledger
from .terminal import check_interval, confirmed, console, progress_bar, warn

# https://cloud.google.com/bigquery/docs/streaming-data-into-bigquery, on partitioned tables: 3,650 days; one is left for the way
_STREAMABLE = timedelta(days=3_649)


async def fetch(session: Session, arguments: Namespace) -> int:
    """Search by hand between two times: what the stream did not deliver, or years of history. Says what it costs first."""
    now = session.server_clock.now()
    since, until = arguments.since, arguments.until or now
    check_interval(since, until)
    _check_streamable(since, now)
    until = min(until, now - timedelta(seconds=session.times.lag))
    x = await session.connect_x()
    searched = by_hand.searchable(await _rules_to_ask(x, arguments), is_old=since < now - search.DAYS, say=warn)
    gap = by_hand.gap(searched, since, arguments.until, until, arguments.sample)
    earlier = await session.store().searched(gap.id)
    begin = earlier.until if earlier and earlier.until else since
    if begin >= until:
        console.print("This search was finished before. Another --sample, rule or time is another search.")
        return 0
    ledger, reservations = await session.open_budget()
    budget = reservations.budget
    _require_room(budget.lowest_limit(), session.most_units)
    async with writing_ledger(ledger):
        console.print(f"X charges ${search.count_units(searched) * DOLLARS:.3f} for counting what there is.")
        counted = await search.counts(x, by_hand.without_retweets(searched), begin, until, reservations.spend_request)
        plan = by_hand.Plan(gap, searched, begin, counted, arguments.sample, earlier, session.most_units)
        for sentence in plan.sentences(budget.remaining(), budget.lowest_limit()):
            console.print(sentence)
        if arguments.dry_run or not await confirmed(arguments, "Fetch and publish them?"):
            return 0 if arguments.dry_run else 1
        return await _fetch(session, x, ledger, reservations, plan)


def _require_room(limit: int | None, most: int) -> None:
    """Raise ConfigurationError, before anything is paid for, where a day has no room for a single page: the search would never go on."""
    least = by_hand.LEAST_PAGE * most
    if limit is not None and limit < least:
        raise ConfigurationError(
            f"The limit of {limit:,} units is less than X's smallest page may cost: {by_hand.LEAST_PAGE} posts of up to {most} units, "
            f"{least} in all. Set MAX_POSTS_PER_DAY and MAX_POSTS_PER_MONTH to {least} or more, or ask for less with each post "
            "(EXPAND_AUTHORS, EXPAND_REFERENCED)."
        )


def _check_streamable(since: datetime, now: datetime) -> None:
    """Raise ConfigurationError, before anything is paid for, where the function could not store the posts that come."""
    oldest = now - _STREAMABLE
    if since < oldest:
        raise ConfigurationError(
            f"BigQuery takes nothing by streaming that is older than ten years: posts from before {oldest:%F} would be paid for "
            f"and rejected. Search with --from {oldest + timedelta(days=1):%F} or later. To have older posts, let twarc2 fetch them "
            "into a file, and load it with scripts/dataflow files: load jobs have no such limit."
        )


async def _fetch(session: Session, x: X, ledger: Ledger, reservations: Reservations, plan: by_hand.Plan) -> int:
    settings = session.settings
    publisher = Publisher(settings.topic_path, settings.dead_topic_path)
    coverage = history.last_coverage(await ledger.store.history())
    context = model.BackfillContext(
        x=x,
        publisher=publisher,
        store=ledger.store,
        reservations=reservations,
        times=session.times,
        clock=session.clock,
        server_clock=session.server_clock,
        began=session.server_clock.now(),
        authors=settings.expand_authors,
        referenced=settings.expand_referenced,
        uncounted=coverage[0] if coverage and coverage[1] == "killed" else None,
    )
    progress, result, code = plan.start_progress(), None, 130
    with progress_bar() as shown:
        task = shown.add_task("posts", total=plan.posts)

        def show(progress: model.Progress) -> None:
            shown.update(task, completed=progress.published)

        why = ""
        try:
            result = await until_interrupted(manual.fetch(context, ledger, plan, progress, show))
        except Interrupted:
            why = "Stopped, as you asked"
        except (Unavailable, NoLedger, search.QueryRefused) as error:
            why, code = f"Stopped: {escape(str(error))[:300]}", 3
    await drain(publisher)
    if progress.cut:
        console.print(f"{progress.published:,} posts published. {by_hand.CUT}")
        return 0
    if result is None:
        console.print(f"{why}; {publisher.published:,} posts published. The same command goes on.")
        return code
    console.print(f"{result.published:,} posts published. {' '.join(result.notes)}")
    return 0


async def _rules_to_ask(x: X, arguments: Namespace) -> list[search.SearchedRule]:
    """Return X's rules, or the file's if X has none, limited to the requested tags."""
    listed = await rules.fetch(x) or rules.read(arguments.rules)
    chosen = set(arguments.rule or ())
    if missing := chosen - {rule.tag for rule in listed}:
        available = ", ".join(sorted({rule.tag for rule in listed if rule.tag})) or "none"
        raise ConfigurationError(
            f"There is no rule with the tag {', '.join(sorted(missing))}. The tags are: {available}."
        )
    return [(rule.id, rule.value, rule.tag) for rule in listed if not chosen or rule.tag in chosen]
