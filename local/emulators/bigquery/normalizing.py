"""NORMALIZE within NORMALIZE. bqemulator 1.4.0 replaces a call by one with a copy of its argument, where it finds no more calls."""

from typing import Any

from bqemulator.sql.rewriter import string_helpers
from sqlglot import exp

_replace = string_helpers._rewrite_normalize_calls


def replace_innermost_first() -> None:
    """Make bqemulator replace the innermost calls first."""
    string_helpers._rewrite_normalize_calls = _innermost_first


def _innermost_first(tree: Any) -> bool:
    changed = False
    for node in reversed(list(tree.find_all(exp.Normalize))):  # from outside to inside
        if node.parent is None:
            return _replace(tree) or changed
        changed |= _replace(node.parent)
    return changed
