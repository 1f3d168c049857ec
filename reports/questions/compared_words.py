"""Words that set the parts of a comparison apart."""

from .. import words
from ..rows import Rows
from . import ReportData


def prepare(rows: Rows, report: ReportData) -> Rows:
    parts = report.params.parts
    texts = [text for text in report.texts() if any(part in text.parts for part in parts)]
    return words.distinctive(
        texts, {part: [part in text.parts for text in texts] for part in parts}, report.params.minimum
    )
