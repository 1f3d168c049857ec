"""X's rules endpoints: add, delete, dry run. As at X, duplicate and invalid rules are reported in a 2xx answer."""

import itertools
import re
import time
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from .faults import PROBLEM
from .responses import json, now, problem

LONGEST_RULE = 1_024
_QUOTED = re.compile(r'"[^"]*"')
_TABLE = Path(__file__).parents[3] / "posts" / "languages.json"
_OPERATORS = {entry["operator"] for entry in orjson.loads(_TABLE.read_bytes()).values()} - {None} | {"zh-CN", "zh-TW"}
_LANG = re.compile(r"\blang:([\w-]*)")


_NEGATED = re.compile(r"-\s*(?:\([^()]*\)|\"[^\"]*\"|\S+)")
_WORD = re.compile(r"\"([^\"]+)\"|([^\s()\"]+)")


def words_of(value: str) -> list[str]:
    """Return the words, hashtags and phrases that a rule looks for, as posts may use them: no operators, and nothing negated."""
    found = [quoted or bare for quoted, bare in _WORD.findall(_NEGATED.sub(" ", value))]
    return [word for word in dict.fromkeys(found) if ":" not in word and word not in ("OR", "AND", "NOT")]


def matching(rules: list[dict[str, str]], text: str, number: int) -> dict[str, str]:
    """Return a rule that has a word in common with the text; if none has, rules take turns. Operators are not evaluated."""
    lower = text.lower()
    found = [rule for rule in rules if any(word.lower() in lower for word in words_of(rule["value"]))]
    return (found or rules)[number % len(found or rules)]


class Rules:
    """X's rules; `held` are those in force, as X shows them."""

    def __init__(self) -> None:
        self.held: list[dict[str, str]] = []
        self._words: list[str] = []
        self._ids = itertools.count(time.time_ns())

    def topic(self) -> list[str]:
        """Return the words that all rules look for, or looked for before somebody deleted them."""
        self._words = [word for rule in self.held for word in words_of(rule["value"])] or self._words
        return self._words

    async def get(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = {"meta": {"sent": now(), "result_count": len(self.held)}}
        if self.held:
            body["data"] = self.held
        return json(200, body)

    async def post(self, request: web.Request) -> web.Response:
        try:
            wanted = orjson.loads(await request.read())
        except orjson.JSONDecodeError:
            return problem(400, "Invalid Request", f"{PROBLEM}invalid-request", detail="The body is not JSON.")
        dry = request.query.get("dry_run", "").lower() == "true"
        if "delete" in wanted:
            return self._delete(wanted["delete"], dry)
        return self._add(wanted.get("add") or [], dry)

    def _add(self, wanted: list[dict[str, str]], dry: bool) -> web.Response:
        known = {rule["value"]: rule for rule in self.held}
        added: list[dict[str, str]] = []
        errors: list[dict[str, Any]] = []
        for rule in wanted:
            value = rule.get("value", "")
            if value in known:
                errors.append(
                    {
                        "value": value,
                        "id": known[value]["id"],
                        "title": "DuplicateRule",
                        "type": f"{PROBLEM}duplicate-rules",
                    }
                )
            elif refused := _refused(value):
                details = [refused]
                errors.append(
                    {
                        "value": value,
                        "details": details,
                        "title": "UnprocessableEntity",
                        "type": f"{PROBLEM}invalid-rules",
                    }
                )
            else:
                known[value] = {"id": str(next(self._ids)), "value": value, "tag": rule.get("tag", "")}
                added.append(known[value])
        if not dry:
            self.held += added
        summary = {"created": len(added), "not_created": len(errors), "valid": len(added), "invalid": len(errors)}
        body: dict[str, Any] = {"meta": {"sent": now(), "summary": summary}}
        return json(
            201 if added else 200, body | ({"data": added} if added else {}) | ({"errors": errors} if errors else {})
        )

    def _delete(self, wanted: dict[str, list[str]], dry: bool) -> web.Response:
        values = {" ".join(value.split()) for value in wanted.get("values") or []}
        found = [rule for rule in self.held if rule["id"] in (wanted.get("ids") or []) or rule["value"] in values]
        if not dry:
            self.held[:] = [rule for rule in self.held if rule not in found]
        asked = len(wanted.get("ids") or []) + len(values)
        return json(
            200, {"meta": {"sent": now(), "summary": {"deleted": len(found), "not_deleted": asked - len(found)}}}
        )


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
