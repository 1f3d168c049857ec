"""The rules file and X's rules: check the file, show how they differ and what they cost, and sync X with the file."""

from argparse import Namespace
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from rich.markup import escape
from rich.table import Table

from posts.prices import DOLLARS

from ..errors import LedgerFailed, Refused
from ..ledger.ledger import Ledger
from ..ledger.reservations import Reservations
from ..x import rules, search
from ..x.client import X
from ..x.rules import Rule
from ..x.search_endpoints import SearchEndpoint, endpoint_for
from .session import Session, writing_ledger
from .terminal import confirmed, console, warn

NO_PROJECT = "none"  # ./deploy.sh estimate has none, and no ledger
_PRICED = timedelta(days=6, hours=23)  # recent counts go back seven days


def check(arguments: Namespace) -> int:
    """Look at the rules file alone, without X, a token or a project. Exit code 1 where a rule has a mistake."""
    file_rules = rules.read(arguments.rules)
    wrong = 0
    for rule in file_rules:
        console.print(f"{escape(str(rule))}  [dim]{len(rule.value):,} characters[/]")
        for mistake in rules.mistakes(rule):
            wrong += 1
            console.print(f"  [red]{escape(mistake)}[/]")
        if why := search.why_not_searchable(rule.value):
            console.print(f"  [yellow]after a disconnect, search cannot be asked for what was missed: {escape(why)}[/]")
    console.print(
        f"{len(file_rules)} rule{'s' * (len(file_rules) != 1)}, {wrong or 'no'} mistake{'s' * (wrong != 1)} that can be seen without X. "
        "rules plan asks X, and --price what they cost."
    )
    return 1 if wrong else 0


async def plan(session: Session, arguments: Namespace) -> int:
    """Show how X's rules differ from the file's. Exit code 1 if `apply` would change something."""
    file_rules = rules.read(arguments.rules)
    x = await session.connect_x()
    plan = rules.compare(file_rules, await rules.fetch(x))
    await rules.check(x, plan.add)
    kinds = [("add", plan.add), ("change (leave)", plan.remove), ("keep", plan.keep), ("not ours", plan.foreign)]
    pricing = None
    if arguments.price:
        priced = (
            [[rule.value for rule in file_rules]]
            if arguments.json
            else [[rule.value] for _, group in kinds for rule in group]
        )
        pricing = await _open_pricing(x, session, priced)
    if arguments.json:
        print(orjson.dumps(await _as_json(file_rules, plan, pricing)).decode())
        return 1 if plan.changes else 0
    table = Table("", "rule", *(["posts a day", "$ a day", "$ a month"] if arguments.price else []))
    for what, listed in kinds:
        for rule in listed:
            table.add_row(what, escape(str(rule)), *(await _price(pricing, rule.value) if pricing else []))
    console.print(table)
    if pricing and (ages := session.settings.refresh_after):
        console.print(
            f"With REFRESH_AFTER each post that is no retweet is read again at {len(ages)} age{'s' * (len(ages) != 1)}: up to "
            f"${DOLLARS * len(ages):.3f} a post on top, within REFRESH_SHARE and REFRESH_MAX_PER_DAY. ./deploy.sh estimate has the sum."
        )
    if plan.foreign:
        console.print("Rules that are not ours are left alone; rules apply --remove-foreign removes them.")
    console.print(
        f"{len(plan.add)} to add, {len(plan.remove)} to change, {len(plan.keep)} as they are, {len(plan.foreign)} not ours."
    )
    return 1 if plan.changes else 0


async def apply(session: Session, arguments: Namespace) -> int:
    """Sync X's rules with the file, without a disconnect."""
    file_rules = rules.read(arguments.rules)
    x = await session.connect_x()
    plan = rules.compare(file_rules, await rules.fetch(x))
    gone = plan.foreign if arguments.remove_foreign else []
    if not plan.changes and not gone:
        console.print("X has the file's rules already. Nothing is changed.")
        return 0
    for what, listed in (("add", plan.add), ("remove", plan.remove), ("remove, not ours", gone)):
        for rule in listed:
            console.print(f"{what}: {escape(str(rule))}")
    if gone:
        warn(
            "A running ingester installs again what its own rules.yaml names: deploy it with this file (./deploy.sh up)."
        )
    retagged = {old.value for old in plan.remove}
    await rules.check(x, [rule for rule in plan.add if rule.value not in retagged])
    if not await confirmed(arguments, "Change X's rules so?"):
        return 1
    await rules.apply(x, plan, remove_foreign=arguments.remove_foreign)
    console.print("Done. X needs up to 20 s to know new rules; the stream stays as it is.")
    return 0


async def _as_json(file_rules: list[Rule], plan: rules.Plan, pricing: "_Pricing | None") -> dict[str, Any]:
    """Return the plan as JSON. `posts_a_day` counts a post that matches several rules once, as far as the rules fit into one query."""
    kinds = {"add": plan.add, "change": plan.remove, "keep": plan.keep, "not_ours": plan.foreign}
    listed = [{"what": what, "tag": r.tag, "value": r.value} for what, group in kinds.items() for r in group]
    if pricing is None:
        return {"rules": listed}
    return {"rules": listed, "posts_a_day": round(await pricing.posts_a_day([rule.value for rule in file_rules]), 1)}


async def _price(pricing: "_Pricing", value: str) -> tuple[str, str, str]:
    """Return posts a day, dollars a day and dollars a month, by the last seven days."""
    if search.why_not_searchable(value):
        return ("?", "?", "?")
    posts = await pricing.posts_a_day([value])
    dollars = posts * DOLLARS
    upto = f" to {dollars * pricing.most_units:,.2f}" if pricing.most_units > 1 else ""
    return f"{posts:,.0f}", f"{dollars:,.2f}{upto}", f"{dollars * 30:,.0f}"


@dataclass(frozen=True, slots=True)
class _Pricing:
    """Counts posts by the last seven days, and spends from the budget of stream and searches, where there is a ledger."""

    x: X
    session: Session
    ledger: Ledger | None
    reservations: Reservations | None

    @property
    def most_units(self) -> int:
        return self.session.most_units

    async def posts_a_day(self, values: list[str]) -> float:
        """Ask X. Costs one request for counts, or more if the rules do not fit into one query."""
        until = self.session.server_clock.now() - timedelta(minutes=1)
        spend = self.reservations.spend_request if self.reservations else _spend_unrecorded
        async with writing_ledger(self.ledger) if self.ledger else nullcontext():
            counted = await search.counts(self.x, _with_window(values), until - _PRICED, until, spend)
        if counted.total is None:
            raise Refused("X does not say how many posts these rules match. Try again in a minute.")
        return counted.total / (_PRICED / timedelta(days=1))


async def _open_pricing(x: X, session: Session, priced: list[list[str]]) -> _Pricing:
    """Say what X charges for it. `priced` are the values that are asked for, a list for each request.

    Raises Refused where a limit is reached.
    """
    units = sum(search.count_units(_with_window(values)) for values in priced)
    console.print(f"X charges ${units * DOLLARS:.3f} for counting what the rules match.")
    if session.settings.google_cloud_project == NO_PROJECT:
        return _Pricing(x, session, None, None)
    try:
        ledger, reservations = await session.open_budget()
    except LedgerFailed as error:
        warn(f"This is not in the ledger, so the limits do not count it: {str(error)[:300]}")
        return _Pricing(x, session, None, None)
    if reached := reservations.budget.reached_limit():
        raise Refused(
            f"{reached.setting} is reached: {reached.units:,} of {reached.limit:,} units. Rules can be priced when it is not."
        )
    return _Pricing(x, session, ledger, reservations)


def _with_window(values: list[str]) -> list[tuple[search.SearchedRule, SearchEndpoint]]:
    return [(("", value, ""), endpoint_for(value, is_old=False)) for value in values]


async def _spend_unrecorded(units: int) -> None:
    """Record nothing, because there is no ledger; the price has been printed already."""
