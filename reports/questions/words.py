"""The words of the posts, counted here, and the commonest."""

from .. import words
from ..rows import Rows
from ..sentences import most_used
from . import Answers

finding = most_used("word")


def prepare(rows: Rows, answers: Answers) -> Rows:
    return words.by_language(answers.texts())
