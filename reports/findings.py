"""The answer to a question in one sentence, as the title of its chart. Pure: rows in, words out."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from posts import languages

from .query import Rows
from .regions import UNKNOWN
from .tables import WEEKDAYS

_DAYS = 4  # below, no day is usual


def of(name: str, rows: Rows, words_of_bursts: Mapping[datetime, Sequence[str]]) -> str:
    """Return the sentence, or '' where the rows say nothing as short as that."""
    if not rows:
        return ""
    if name == "trend":
        return _trend(rows, words_of_bursts)
    sentence = _SENTENCES.get(name)
    return sentence(rows) if sentence else ""


def _totals(rows: Rows) -> str:
    row = rows[0]
    if not row["total_posts"]:
        return ""
    return f"{_posts(row['total_posts'])} by {_people(row['authors'])}, {row['unique_posts']:,} excluding retweets."


def _busiest(unit: str, said: str) -> Callable[[Rows], str]:
    def sentence(rows: Rows) -> str:
        most = max(rows, key=lambda row: row["posts"])
        if not most["posts"]:
            return ""
        found = f"The busiest {unit} was {_when(most[unit], said)}, with {_posts(most['posts'])}"
        held = [row["posts"] for row in rows if not row["seconds_not_held"]]
        usual = statistics.median(held) if len(held) >= _DAYS else 0
        return f"{found}, {most['posts'] / usual:.1f} times the usual {usual:,.0f}." if usual else f"{found}."

    return sentence


def _trend(rows: Rows, words_of_bursts: Mapping[datetime, Sequence[str]]) -> str:
    both = [row for row in rows if row["week_before"] is not None]
    now, before = sum(row["posts"] for row in both), sum(row["week_before"] for row in both)
    hours, of_them = sum(row["burst"] for row in rows), sum(row["burst"] for row in both)
    change = f"{now / before - 1:+.1%} on the week before ({before:,})" if before else "nothing to compare with"
    bursts = f" {hours} hour{'s' * (hours != 1)} with a burst" if hours else " No hour with a burst"
    if hours != of_them:
        bursts += f" in the whole period, {of_them} of them this week"
    about = [f"{first:%a %d %b}: {', '.join(words[:3])}" for first, words in words_of_bursts.items() if words]
    return f"{_posts(now)} this week, {change}.{bursts}{'; ' * bool(about)}{'; '.join(about)}."


def _kinds(rows: Rows) -> str:
    of_kind = {row["kind"]: row["share"] for row in rows}
    return f"{of_kind.get('original', 0):.0%} of the posts are originals, {of_kind.get('retweet', 0):.0%} are retweets."


def _week(rows: Rows) -> str:
    known = [row for row in rows if row["posts_an_hour"] is not None]
    most = max(known, key=lambda row: row["posts_an_hour"], default=None)
    if most is None or not most["posts"]:
        return ""
    when = f"{WEEKDAYS[most['weekday']]}s at {most['hour']:02}:00"
    times = f"the mean of {most['hours']:.0f} such hours" if most["hours"] >= 2 else "one such hour"
    return f"Most was said on {when}: {most['posts_an_hour']:,.1f} posts an hour, {times}."


def _regions(rows: Rows) -> str:
    known = [row for row in rows if row["region"] != UNKNOWN]
    total, placed = sum(row["posts"] for row in rows), sum(row["posts"] for row in known)
    if not placed:
        return f"The country is not known for any of the {_posts(total)}."
    said = [f"{row['region']} ({row['posts'] / placed:.0%})" for row in known[:3]]
    return f"Of the posts whose country is known ({placed / total:.0%} of all), most are from {_and(said)}."


def _languages(rows: Rows) -> str:
    said = [f"{languages.name(row['lang'])} ({row['share']:.0%})" for row in rows[:3]]
    return f"Most posts are in {_and(said)}."


def _mood(rows: Rows) -> str:
    count = sum(row["n"] for row in rows)
    if not count:
        return ""
    mean = sum(row["sum"] for row in rows) / count  # of all posts, those of hours without a mean included
    lean = "positive" if mean > 0.05 else "negative" if mean < -0.05 else "neutral"
    return f"The mean sentiment is {mean:+.2f}, {lean}; {_posts(count)} have one."


def _first(label: str, verb: str) -> Callable[[Rows], str]:
    def sentence(rows: Rows) -> str:
        row = rows[0]
        return f"{row[label]} {verb}, in {_posts(row['posts'])} by {_people(row['authors'])}."

    return sentence


def _words(rows: Rows) -> str:
    lang = rows[0]["lang"]
    said = [
        next(value for key, value in row.items() if key in ("word", "phrase"))
        for row in rows[:3]
        if row["lang"] == lang
    ]
    return f"Most used in {languages.name(lang)}: {', '.join(said)}."


def _distinctive(rows: Rows) -> str:
    parts: dict[str, list[str]] = {}
    for row in rows:
        parts.setdefault(row["part"], []).append(row["word"])
    part, words = next(((p, w) for p, w in parts.items() if p.startswith("burst")), next(iter(parts.items())))
    return f"What is said in {part if part.startswith('the') else f'the {part}'} more than elsewhere: {', '.join(words[:4])}."


def _originals(rows: Rows) -> str:
    return f"The most retweeted post was retweeted {rows[0]['retweets_here']:,} times here."


def _same(rows: Rows) -> str:
    return (
        f"One text was posted by {_people(rows[0]['authors'])} as their own, within {_span(rows[0]['minutes'] / 60)}."
    )


def _search(rows: Rows) -> str:
    found = rows[0]["found"]
    shown = "" if found == len(rows) else f"; {len(rows):,} of them, drawn by lot, are shown"
    return f"{_posts(found)} say it, retweets apart{shown}."


def _conversations(rows: Rows) -> str:
    return f"The longest conversation has {_posts(rows[0]['posts'])} by {_people(rows[0]['authors'])}, in {_span(rows[0]['hours'])}."


def _authors(rows: Rows) -> str:
    return f"@{rows[0]['username']} has the largest reach: {_posts(rows[0]['posts'])}, {rows[0]['followers'] or 0:,} followers."


def _activity(rows: Rows) -> str:
    people, busiest = sum(row["authors"] for row in rows), rows[-1]
    once = next((row["authors"] for row in rows if row["posts_each"] == "1"), 0)
    return (
        f"{once / people:.0%} of the authors posted once; the {_people(busiest['authors'])} with {busiest['posts_each']} "
        f"posts wrote {busiest['share']:.0%} of all."
    )


def _new(rows: Rows) -> str:
    later = rows[1:]
    if len(later) < _DAYS:
        return ""
    new, all_of_them = sum(row["new_authors"] for row in later), sum(row["authors"] for row in later)
    return f"On a day {statistics.median(row['authors'] for row in later):,.0f} people write; {new / all_of_them:.0%} of them are new."


def _compared(label: str) -> Callable[[Rows], str]:
    def sentence(rows: Rows) -> str:
        of_name: dict[str, int] = {}
        for row in rows:
            of_name[row[label]] = of_name.get(row[label], 0) + row["posts"]
        said = [
            f"{languages.name(name) if label == 'lang' else name} ({posts:,})"
            for name, posts in list(of_name.items())[:3]
        ]
        return f"Most posts: {_and(said)}."

    return sentence


def _network(between: str) -> Callable[[Rows], str]:
    def sentence(rows: Rows) -> str:
        return f"{rows[0]['source']} {between} {rows[0]['target']} most: {_posts(rows[0]['weight'])}."

    return sentence


def _rules(rows: Rows) -> str:
    return (
        f"The rule {rows[0]['rule']} brought {_posts(rows[0]['posts'])}, {_at_the_price_of_posts(rows[0]['dollars'])}."
    )


def _dropped(rows: Rows) -> str:
    posts, dollars = sum(row["posts"] for row in rows), sum(row["dollars"] for row in rows)
    return f"The filter dropped {_posts(posts)}, {_at_the_price_of_posts(dollars)}."


def _at_the_price_of_posts(dollars: float) -> str:
    return f"${dollars:,.2f} at the price of a post" if dollars else "imported, which X does not charge for"


def _cost(rows: Rows) -> str:
    dearest = max(rows, key=lambda row: row["dollars"])
    days = "1 day" if len(rows) == 1 else f"{len(rows)} days"
    most = f", ${dearest['dollars']:,.2f} of it on {dearest['day']:%a %d %b}" if len(rows) > 1 else ""
    return f"X may charge ${sum(row['dollars'] for row in rows):,.2f} for {days}{most}."


def _receipt(rows: Rows) -> str:
    missing, published = sum(row["balance"] for row in rows), sum(row["published"] for row in rows)
    if not published and not missing:
        return "Nothing arrived in this period, so there is nothing to account for."
    return (
        f"{missing:,} of the {published:,} posts that arrived are missing."
        if missing
        else f"All {published:,} posts that arrived are accounted for."
    )


def _gaps(rows: Rows) -> str:
    hours = sum(row["seconds"] for row in rows) / 3_600
    missing = sum(row["missing"] or 0 for row in rows)
    times = f"{len(rows)} time{'s' * (len(rows) != 1)}"
    return f"The stream was not held {times}, {_span(hours)} in all; {missing:,} posts are known to be missing."


def _posts(count: int) -> str:
    return f"{count:,} post{'s' * (count != 1)}"


def _people(count: int) -> str:
    return f"{count:,} author{'s' * (count != 1)}"


def _span(hours: float) -> str:
    return (
        f"{hours * 60:,.0f} minutes"
        if hours < 2
        else f"{hours:,.1f} hours"
        if hours < 72
        else f"{hours / 24:,.0f} days"
    )


def _and(said: Sequence[str]) -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def _when(moment: date, said: str) -> str:
    return f"{moment:{said}}"


_SENTENCES: dict[str, Callable[[Rows], str]] = {
    "totals": _totals,
    "posts_by_hour": _busiest("hour", "%a %d %b, %H:%M"),
    "posts_by_day": _busiest("day", "%a %d %b"),
    "posts_by_week": _busiest("week", "that of %d %b"),
    "kinds": _kinds,
    "engagement_by_hour_of_week": _week,
    "posts_by_region": _regions,
    "languages": _languages,
    "sentiment_by_hour": _mood,
    "words": _words,
    "phrases": _words,
    "distinctive_words": _distinctive,
    "top_hashtags": _first("hashtag", "leads"),
    "top_emoji": _first("emoji", "leads"),
    "top_mentions": _first("mention", "is mentioned most"),
    "top_links": _first("site", "is linked most"),
    "top_pages": _first("page", "is linked most"),
    "top_originals": _originals,
    "search": _search,
    "same_texts": _same,
    "conversations": _conversations,
    "top_authors": _authors,
    "authors_by_activity": _activity,
    "authors_by_day": _new,
    "rules_over_time": _compared("rule"),
    "keywords_over_time": _compared("word"),
    "languages_over_time": _compared("lang"),
    "network_of_hashtags": lambda rows: (
        f"{rows[0]['source']} and {rows[0]['target']} are together most: {_posts(rows[0]['weight'])}."
    ),
    "network_of_mentions": _network("mentions"),
    "network_of_retweets": _network("retweets"),
    "network_of_quotes": _network("quotes"),
    "cost_by_day": _cost,
    "posts_by_rule": _rules,
    "dropped": _dropped,
    "receipt": _receipt,
    "gaps": _gaps,
}
