"""Words that set a part of the posts apart."""

from .. import bursts, words
from ..rows import Context, Rows
from . import ReportData


def prepare(rows: Rows, report: ReportData) -> Rows:
    return words.distinctive(report.texts(), _parts(report), report.params.minimum)


def finding(rows: Rows, context: Context) -> str:
    parts: dict[str, list[str]] = {}
    for row in rows:
        parts.setdefault(row["part"], []).append(row["word"])
    part, words = next(((p, w) for p, w in parts.items() if p.startswith("burst")), next(iter(parts.items())))
    return f"Typical of {part if part.startswith('the') else f'the {part}'}: {', '.join(words[:4])}."


def _parts(report: ReportData) -> dict[str, list[bool]]:
    """Return, of each text, whether it is in the part: the last seven days, each burst, each rule."""
    texts = report.texts()
    rules = sorted({rule for text in texts for rule in text.rules})
    parts = {"the last 7 days": [text.is_this_week for text in texts]}
    for burst in bursts.find(report.rows("trend")):
        parts[burst.name] = [text.hour in burst.hours for text in texts]
    if len(rules) > 1:
        parts |= {f"rule {rule}": [rule in text.rules for text in texts] for rule in rules}
    return parts
