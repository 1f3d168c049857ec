"""The phrases of the posts, counted here, and the commonest."""

from .. import words
from ..rows import Rows
from ..sentences import most_used
from . import Answers

finding = most_used("phrase")


def prepare(rows: Rows, answers: Answers) -> Rows:
    return words.phrases_by_language(answers.texts())
