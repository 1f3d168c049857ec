"""The parts of a comparison, in words."""

from posts import languages

from ..rows import Context, Rows
from ..sentences import enumerated, people, posts


def finding(rows: Rows, context: Context) -> str:
    is_language = context.compare == "language"
    named = [
        f"{languages.name(row['part']) if is_language else row['part']} has {posts(row['posts'])} by {people(row['authors'])}"
        for row in rows
    ]
    return f"{enumerated(named)}."
