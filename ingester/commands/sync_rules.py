"""The rules file and X's rules: check the file, show how they differ and what they cost, and sync X with the file."""

from argparse import Namespace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from rich.markup import escape
from rich.table import Table

from ..errors import Refused
from ..prices import COUNTS, COUNTS_ALL, DOLLARS
from ..settings import Settings
from ..x import rules, search
from ..x.client import X
from ..x.reach import reach_of
from ..x.rules import Rule
from .services import answer, connect_x, most_units
from .terminal import agreed, console, warn

_PRICED = timedelta(days=6, hours=23)  # recent counts go back seven days


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
    x = connect_x(settings)
    found = rules.compare(ours, answer(rules.there(x)))
    answer(rules.check(x, found.add))
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
    x = connect_x(settings)
    found = rules.compare(ours, answer(rules.there(x)))
    gone = found.foreign if arguments.remove_foreign else []
    if not found.changes and not gone:
        console.print("X has the file's rules already. Nothing is changed.")
        return 0
    for what, listed in (("add", found.add), ("remove", found.remove), ("remove, not ours", gone)):
        for rule in listed:
            console.print(f"{what}: {escape(str(rule))}")
    if gone:
        warn(
            "A running ingester installs again what its own rules.yaml names: deploy it with this file (./deploy.sh up)."
        )
    retagged = {old.value for old in found.remove}
    answer(rules.check(x, [rule for rule in found.add if rule.value not in retagged]))
    if not agreed(arguments, "Change X's rules so?"):
        return 1
    answer(rules.apply(x, found, remove_foreign=arguments.remove_foreign))
    console.print("Done. X needs up to 20 s to know new rules; the stream stays as it is.")
    return 0


def _as_json(x: X, ours: list[Rule], found: rules.Plan, *, price: bool) -> dict[str, Any]:
    """`posts_a_day` counts a post that matches several rules once, as far as one query can hold them."""
    kinds = {"add": found.add, "change": found.remove, "keep": found.keep, "not_ours": found.foreign}
    listed = [{"what": what, "tag": r.tag, "value": r.value} for what, group in kinds.items() for r in group]
    return {"rules": listed} | ({"posts_a_day": round(_posts_a_day(x, [r.value for r in ours]), 1)} if price else {})


def _price(x: X, value: str, settings: Settings) -> tuple[str, str, str]:
    """Return posts a day, dollars a day and dollars a month, by the last seven days."""
    if search.cannot_ask(value):
        return ("?", "?", "?")
    posts = _posts_a_day(x, [value])
    dollars = posts * DOLLARS
    upto = f" to {dollars * most_units(settings):,.2f}" if most_units(settings) > 1 else ""
    return f"{posts:,.0f}", f"{dollars:,.2f}{upto}", f"{dollars * 30:,.0f}"


async def _unrecorded(units: int) -> None:
    """Rules are priced without the ledger, so these units are not in it; the sentence under the table names them."""


def _posts_a_day(x: X, values: list[str]) -> float:
    """Return posts a day by the last seven days. Costs one request for counts, or more if the rules do not fit into one query."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    asked = [("", value, "") for value in values]
    counted = answer(
        search.counts(x, [(rule, reach_of(rule[1], is_old=False)) for rule in asked], now - _PRICED, now, _unrecorded)
    )
    if counted.total is None:
        raise Refused("X does not say how many posts these rules match. Try again in a minute.")
    return counted.total / (_PRICED / timedelta(days=1))
