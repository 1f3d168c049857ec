"""What another keywords.txt would have kept of the posts in `archive`, and what it would save as part of the rule at X.

A post that the filter drops has been paid for. The same words in the rule keep X from delivering it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from posts import prices
from posts.errors import BadMessage
from posts.filter import Filter, apply_filter
from posts.keywords import Keywords
from posts.post import ParsedPost, parse
from posts.rule_text import RULE_CHARACTERS, rule_clause, unsupported_entries

DOLLARS_A_POST = prices.DOLLARS
DOLLARS_AN_AUTHOR = prices.dollars("user")  # once a UTC day, when the ingester asks for authors


@dataclass(slots=True)
class Tally:
    """Counts of the posts under one keywords file."""

    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)  # by reason
    matched: Counter[str] = field(default_factory=Counter)  # posts that an entry of the file matched
    alone: Counter[str] = field(default_factory=Counter)  # posts that nothing else would have kept
    # (day, author) of those that the words would let through
    authors: set[tuple[str, str]] = field(default_factory=set)


@dataclass(slots=True)
class WhatIf:
    """The same posts under the current file and under another."""

    posts: int = 0
    unreadable: int = 0
    lost: int = 0  # kept now, and no longer then
    won: int = 0  # kept then, and not now
    now: Tally = field(default_factory=Tally)
    then: Tally = field(default_factory=Tally)
    authors: set[tuple[str, str]] = field(default_factory=set)  # (day, author) of all

    def saved_dollars(self) -> tuple[float, float]:
        """Return the dollars saved: for posts, and for authors without a kept post on that day.

        What LANGUAGES and KEEP_RETWEETS drop is not counted: they are not in the file, so its words in the rule would not save it.
        """
        dropped = self.then.dropped["no_keyword"] + self.then.dropped["excluded"]
        return dropped * DOLLARS_A_POST, len(self.authors - self.then.authors) * DOLLARS_AN_AUTHOR


def compare(posts: Iterable[tuple[str, datetime]], now: Filter, then: Filter) -> WhatIf:
    """Compare what the two filters do with the same posts, each given as (payload, received_at)."""
    result = WhatIf()
    for payload, received_at in posts:
        try:
            post = parse(payload)
        except BadMessage:
            result.unreadable += 1
            continue
        result.posts += 1
        # X bills an author only if it sent one
        author = (f"{received_at:%F}", post.columns["user_id"]) if post.columns["user_username"] else None
        if author:
            result.authors.add(author)
        before = _count(result.now, post, now, author)
        decision_then = _count(result.then, post, then, author)
        result.lost += before and not decision_then
        result.won += decision_then and not before
    return result


def report(result: WhatIf, then: Keywords, since: datetime, until: datetime) -> list[str]:
    """Lines for a person."""
    posts_saved, authors_saved = result.saved_dollars()
    saved = posts_saved + authors_saved
    monthly = saved * (timedelta(days=30) / (until - since))
    rule = rule_clause(then)
    entries = sorted((*then.keep, *then.drop), key=lambda keyword: -result.then.matched[keyword.entry])
    lines = [
        f"{since:%F %H:%M} to {until:%F %H:%M} UTC: X delivered {result.posts:,} posts "
        f"(${result.posts * DOLLARS_A_POST:,.2f}, without authors); {result.unreadable:,} messages held none.",
        "",
        f"{'':20}{'kept':>10}{'dropped':>10}",
        f"{'the file in force':20}{result.now.kept:10,}{result.posts - result.now.kept:10,}",
        f"{'the other file':20}{result.then.kept:10,}{result.posts - result.then.kept:10,}",
        f"Kept now and no longer: {result.lost:,}. Kept only then: {result.won:,}.",
        "",
    ]
    if not rule:
        return [*lines, "The other file keeps everything: there is nothing to move into the rule."]
    lines += [
        f"{'keyword of the other file':30}{'posts':>10}{'alone':>10}",
        *(f"{k.entry[:30]:30}{result.then.matched[k.entry]:10,}{result.then.alone[k.entry]:10,}" for k in entries),
        "",
        "What the filter drops has been paid for. With these words in the rule, X would not have delivered it:",
        f"${posts_saved:,.2f} less in this time, ${saved:,.2f} with authors, and so ${monthly:,.2f} less in 30 days.",
        "",
    ]
    if beginnings := unsupported_entries(then):
        return [
            *lines,
            f"X's rules have no *: {', '.join(beginnings)} cannot be said there. Write the words out, and ask again.",
        ]
    lines += [
        f"Add to each rule in ingester/rules.yaml ({len(rule):,} characters; a whole rule may have {RULE_CHARACTERS:,}).",
        "X matches words in its own way, so look at what a rule costs and finds before you drop the old one:",
        f"  {rule}",
    ]
    if len(rule) >= RULE_CHARACTERS:
        lines.append("This is too long for one rule: leave out words that keep no post alone, or make several rules.")
    return lines


def _count(tally: Tally, post: ParsedPost, topic: Filter, author: tuple[str, str] | None) -> bool:
    decision = apply_filter(post, topic)
    tally.matched.update(decision.keywords)
    if author and decision.reason not in {"no_keyword", "excluded"}:
        tally.authors.add(author)
    if decision.reason is not None:
        tally.dropped[decision.reason] += 1
        return False
    tally.kept += 1
    if len(decision.keywords) == 1:
        tally.alone[decision.keywords[0]] += 1
    return True
