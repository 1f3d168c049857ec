"""X's rules: list, count, add, delete, dry run."""

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from .faults import PROBLEM
from .timeline import iso

LONGEST_RULE = 1_024
_QUOTED = re.compile(r'"[^"]*"')
_TABLE = Path(__file__).parents[3] / "posts" / "languages.json"
_OPERATORS = {entry["operator"] for entry in orjson.loads(_TABLE.read_bytes()).values()} - {None} | {"zh-CN", "zh-TW"}
_LANG = re.compile(r"\blang:([\w-]*)")


_NEGATED = re.compile(r"-\s*(?:\([^()]*\)|\"[^\"]*\"|\S+)")
_WORD = re.compile(r"\"([^\"]+)\"|([^\s()\"]+)")


def query_words(value: str) -> list[str]:
    """Return the words, hashtags and phrases that a rule looks for, as posts may use them: no operators, and nothing negated."""
    words = [quoted or bare for quoted, bare in _WORD.findall(_NEGATED.sub(" ", value))]
    return [word for word in dict.fromkeys(words) if ":" not in word and word not in ("OR", "AND", "NOT")]


def matching(rules: list[dict[str, str]], text: str, number: int) -> dict[str, str]:
    """Return a rule that has a word in common with the text; if none has, rules take turns. Operators are not evaluated."""
    lower = text.lower()
    matching = [rule for rule in rules if any(word.lower() in lower for word in query_words(rule["value"]))]
    return (matching or rules)[number % len(matching or rules)]


class RuleBook:
    """X's rules; `active` are those in force, as X shows them."""

    def __init__(self, first_id: int = 1, cap: int = 1_000) -> None:
        self.active: list[dict[str, str]] = []
        self._words: list[str] = []
        self._ids = itertools.count(first_id)
        self._cap = cap

    def topic(self) -> list[str]:
        """Return the words that all rules look for, or looked for before somebody deleted them."""
        self._words = [word for rule in self.active for word in query_words(rule["value"])] or self._words
        return self._words

    def listed(self, query: Mapping[str, str], now: float) -> dict[str, Any]:
        """Answer GET: all rules, or those with these `ids`, a page of `max_results` at a time."""
        ids = {rule_id for rule_id in query.get("ids", "").split(",") if rule_id}
        selected = [rule for rule in self.active if not ids or rule["id"] in ids]
        size = int(query["max_results"]) if query.get("max_results", "").isdecimal() else self._cap
        first = int(query.get("pagination_token") or 0)
        page = selected[first : first + size]
        meta: dict[str, Any] = {"sent": iso(now), "result_count": len(page)}
        if first + size < len(selected):
            meta["next_token"] = str(first + size)
        return {"meta": meta} | ({"data": [dict(rule) for rule in page]} if page else {})

    def counts(self) -> dict[str, Any]:
        """Answer GET .../counts: how many rules there are, and may be."""
        number = str(len(self.active))
        app = {"client_app_id": "1", "rule_count": len(self.active)}
        return {
            "data": {
                "all_project_client_apps": [app],
                "cap_per_client_app": str(self._cap),
                "cap_per_project": str(self._cap),
                "client_app_rules_count": app,
                "project_rules_count": number,
            }
        }

    def change(self, request: Mapping[str, Any], now: float, *, dry: bool) -> tuple[int, dict[str, Any]]:
        """Answer POST: add or delete rules, or only say what would happen. Duplicate and invalid rules are reported in a 2xx answer."""
        if "delete" in request:
            return 200, self._delete(request["delete"], now, dry=dry)
        return self._add(request.get("add") or [], now, dry=dry)

    def _add(self, entries: list[dict[str, str]], now: float, *, dry: bool) -> tuple[int, dict[str, Any]]:
        by_value = {" ".join(rule["value"].split()): rule for rule in self.active}
        added: list[dict[str, str]] = []
        errors: list[dict[str, Any]] = []
        for rule in entries:
            value = rule.get("value", "")
            if (same := by_value.get(" ".join(value.split()))) is not None:
                errors.append(
                    {
                        "value": value,
                        "id": same["id"],
                        "title": "DuplicateRule",
                        "type": f"{PROBLEM}duplicate-rules",
                        "detail": f"Rule already exists with id: {same['id']}",
                    }
                )
            elif refused := _refused(value):
                errors.append(
                    {
                        "value": value,
                        "title": "UnprocessableEntity",
                        "type": f"{PROBLEM}invalid-rules",
                        "detail": refused,
                        "details": [refused],
                    }
                )
            else:
                new = {"id": str(next(self._ids)), "value": value, "tag": rule.get("tag", "")}
                by_value[" ".join(value.split())] = new
                added.append(new)
        if not dry:
            self.active += added
        summary = {"created": len(added), "not_created": len(errors), "valid": len(added), "invalid": len(errors)}
        body: dict[str, Any] = {"meta": {"sent": iso(now), "summary": summary}}
        return 201 if added else 200, body | ({"data": added} if added else {}) | ({"errors": errors} if errors else {})

    def _delete(self, request: Mapping[str, list[str]], now: float, *, dry: bool) -> dict[str, Any]:
        ids, values = request.get("ids") or [], {" ".join(value.split()) for value in request.get("values") or []}
        selected = [rule for rule in self.active if rule["id"] in ids or rule["value"] in values]
        if not dry:
            self.active[:] = [rule for rule in self.active if rule not in selected]
        summary = {"deleted": len(selected), "not_deleted": len(ids) + len(values) - len(selected)}
        return {"meta": {"sent": iso(now), "summary": summary}}


def _refused(value: str) -> str | None:
    """Return why X refuses a rule, or None. Only the usual mistakes are known here."""
    if (
        not value.strip()
        or len(value) > LONGEST_RULE
        or value.count('"') % 2
        or value.count("(") != value.count(")")
        or re.search(r"\w\0|\0\w", _QUOTED.sub("\0", value))  # a quote within quotes
    ):
        return f"Rule '{value[:40]}' is not valid: empty, too long (max {LONGEST_RULE}), or quotes or parentheses do not match"
    for code in _LANG.findall(_QUOTED.sub("", value)):
        if code.lower() not in {operator.lower() for operator in _OPERATORS}:
            return f"Invalid language specifier '{code}'. Language specifier must be one of [{', '.join(sorted(_OPERATORS))}]"
    return None
