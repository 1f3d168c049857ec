"""How many authors wrote how much, in words."""

from ..rows import Context, Rows
from ..sentences import people


def finding(rows: Rows, context: Context) -> str:
    everybody, busiest = sum(row["authors"] for row in rows), rows[-1]
    once = next((row["authors"] for row in rows if row["posts_each"] == "1"), 0)
    return (
        f"{once / everybody:.0%} of the authors posted once; the {people(busiest['authors'])} with {busiest['posts_each']} "
        f"posts wrote {busiest['share']:.0%} of all."
    )
