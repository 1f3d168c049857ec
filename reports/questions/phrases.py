"""The phrases of the posts, counted here, and the commonest."""

from .. import words
from ..rows import Rows
from ..sentences import most_used
from . import ReportData

finding = most_used("phrase")


def prepare(rows: Rows, report: ReportData) -> Rows:
    return words.phrases_by_language(report.texts())
