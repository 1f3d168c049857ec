"""Our rules for X as code: the file, how it differs from what X has, and making X have it.

`stream` installs what X lacks of the file, and otherwise only says how the two differ; `rules apply` changes X. Rules that this file
does not name belong to somebody, and are removed only when that is asked for.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from runtime import log
from runtime.errors import ConfigurationError

from ..errors import Denied, Refused
from ..options import RULES
from . import grammar
from .client import Response, X

_COMMENT = re.compile(r"[ \t]+#")
_LONGEST = 1_024  # characters of a rule on pay-per-use (https://docs.x.com/x-api/posts/filtered-stream)


@dataclass(frozen=True, slots=True)
class Rule:
    """`id` is X's, '' for a rule that is only in the file."""

    value: str
    tag: str = ""
    id: str = ""

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= 80 else f"{self.value[:77]}..."
        return f"{self.tag or '(no tag)'}: {shown}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What makes X have the file. X cannot change a tag: such a rule is in `remove` and in `add`."""

    add: list[Rule]
    remove: list[Rule]
    keep: list[Rule]
    foreign: list[Rule]  # in X, and not in the file

    @property
    def changes(self) -> bool:
        return bool(self.add or self.remove)


def read(path: Path = RULES) -> list[Rule]:
    """Read the file. Values and tags stay as typed: YAML makes no numbers, dates or booleans of them and drops no #.

    Raises ConfigurationError, naming the line or the rule.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        _refuse_what_yaml_drops(text, path)
        items = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes strings, lists and mappings, and nothing else
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no rules file {path}. Write one: a list of '- tag: name' and 'value: rule'."
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror or error}. Name the rules file with --rules."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} cannot be read as UTF-8 text ({error}). Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(
            f"{path}{where}: this is not YAML ({getattr(error, 'problem', None) or error}). Is a quote or the indentation wrong?"
        ) from None
    if not isinstance(items, list) or not items:
        raise ConfigurationError(
            f"{path} holds no rules. It should be a list: '- tag: name', and under it 'value: rule'."
        )
    rules = [_rule(item, f"{path}, rule {number}") for number, item in enumerate(items, start=1)]
    for number, rule in enumerate(rules, start=1):
        if rule.value in {other.value for other in rules[: number - 1]}:
            raise ConfigurationError(
                f"{path}, rule {number}: the same value stands above. X knows a value once; leave one out."
            )
    return rules


def mistakes(rule: Rule) -> list[str]:
    """Return why X would refuse a rule, in words: the mistakes that can be seen without asking X. Pure."""
    return grammar.mistakes(rule.value)


def _refuse_what_yaml_drops(text: str, path: Path) -> None:
    """Refuse text that YAML would drop, because the rule would be wider and cost more than written.

    YAML takes a hashtag after a space for a comment, `&a` for an anchor and `!a` for a type.

    Raises ConfigurationError with the line, and yaml.YAMLError.
    """
    lines = text.splitlines()
    token: yaml.Token
    for token in yaml.scan(text, yaml.BaseLoader):
        line, column = token.end_mark.line, token.end_mark.column
        following = lines[line][column:] if line < len(lines) else ""
        is_plain = isinstance(token, yaml.ScalarToken) and token.plain
        if (is_plain or isinstance(token, yaml.ValueToken)) and _COMMENT.match(following):
            raise ConfigurationError(
                f"{path}, line {line + 1}: YAML takes '{following.strip()}' for a comment, and X would not see it. "
                "Put the whole text into single quotes, or a comment on a line of its own."
            )
        if isinstance(token, (yaml.AnchorToken, yaml.AliasToken, yaml.TagToken)):
            raise ConfigurationError(
                f"{path}, line {token.start_mark.line + 1}: YAML gives a text that begins with &, * or ! a meaning of its own. "
                "Put the whole text into single quotes."
            )
    for node in _mappings(yaml.compose(text, yaml.BaseLoader)):
        keys: set[str] = set()
        for key, _ in node.value:
            if key.value in keys:
                raise ConfigurationError(
                    f"{path}, line {key.start_mark.line + 1}: the rule has a second {key.value}, and one would be lost. "
                    "Begin each rule with '- '."
                )
            keys.add(str(key.value))


def _mappings(root: yaml.Node | None) -> list[yaml.MappingNode]:
    nodes = root.value if isinstance(root, yaml.SequenceNode) else [root]
    return [node for node in nodes if isinstance(node, yaml.MappingNode)]


def _rule(item: Any, where: str) -> Rule:
    if not isinstance(item, dict) or not isinstance(item.get("value"), str) or not item["value"].strip():
        raise ConfigurationError(
            f"{where}: there is no value. Each rule is '- tag: name' and 'value: rule in X's language'."
        )
    if unknown := set(item) - {"value", "tag"}:
        raise ConfigurationError(f"{where}: '{sorted(unknown)[0]}' is not known. A rule has a value and a tag.")
    value = _single_spaced(item["value"])
    if len(value) > _LONGEST:
        raise ConfigurationError(f"{where}: {len(value)} characters, and X takes {_LONGEST}. Split it in two rules.")
    return Rule(value, str(item.get("tag") or ""))


def _single_spaced(value: str) -> str:
    """Return a value with single spaces. X ignores the length of white space, so such rules are equal."""
    return " ".join(value.split())


async def fetch(x: X) -> list[Rule]:
    """Return X's rules. Raises Denied where X does not show them, Unavailable."""
    response = await x.rules()
    if response.status != 200:
        raise Denied(f"X does not show its rules ({response.error_text}). Is the token right?", response.status)
    return [Rule(str(r.get("value", "")), str(r.get("tag") or ""), str(r.get("id", ""))) for r in response.body["data"]]


def compare(file_rules: Iterable[Rule], theirs: Iterable[Rule]) -> Plan:
    """Return how X's rules become the file's."""
    here = {_single_spaced(rule.value): rule for rule in file_rules}
    listed = {_single_spaced(rule.value): rule for rule in theirs}
    same = {value for value in here.keys() & listed.keys() if here[value].tag == listed[value].tag}
    return Plan(
        add=[rule for value, rule in here.items() if value not in same],
        remove=[rule for value, rule in listed.items() if value in here and value not in same],
        keep=[listed[value] for value in here if value in same],
        foreign=[rule for value, rule in listed.items() if value not in here],
    )


def missing(file_rules: Iterable[Rule], theirs: Iterable[Rule]) -> list[Rule]:
    """Return the file's rules that X does not list under any tag."""
    values = {_single_spaced(rule.value) for rule in theirs}
    return [rule for rule in file_rules if _single_spaced(rule.value) not in values]


async def add(x: X, rules: list[Rule]) -> dict[str, str]:
    """Add the rules. Returns X's ids by the file's values, as far as X says. Raises Refused where X does not take one, Unavailable."""
    response = await x.add_rules(_as_x(rules))
    if response.status in (401, 402, 403):  # for another reason than the rules' text
        raise Denied(f"X does not take the rules ({response.error_text}).", response.status)
    if problem := _problem(response):
        raise Refused(problem)
    log.event("rules_installed", rules=len(rules))
    return _ids_by_value(response, rules)


async def check(x: X, rules: list[Rule]) -> None:
    """Let X check rules without a change. Raises Refused, Unavailable."""
    if rules and (problem := _problem(await x.add_rules(_as_x(rules), dry_run=True))):
        raise Refused(problem)


async def apply(x: X, plan: Plan, *, remove_foreign: bool) -> None:
    """Change X's rules, new ones first, so that nothing goes unmatched. A rule whose tag changes is missing for a moment."""
    retagged = {_single_spaced(rule.value) for rule in plan.remove}
    if fresh := [rule for rule in plan.add if _single_spaced(rule.value) not in retagged]:
        await add(x, fresh)
    gone = plan.remove + (plan.foreign if remove_foreign else [])
    if gone:
        response = await x.delete_rules([rule.id for rule in gone])
        if response.status != 200:
            raise Refused(f"X does not remove rules ({response.error_text}).")
    if changed := [rule for rule in plan.add if _single_spaced(rule.value) in retagged]:
        await add(x, changed)


def _ids_by_value(response: Response, rules: list[Rule]) -> dict[str, str]:
    """Return X's ids of rules that were added, in their order, and of those that X had already: it names them in its errors."""
    added, errors = response.body.get("data"), response.body.get("errors")
    listed = [*(added if isinstance(added, list) else []), *(errors if isinstance(errors, list) else [])]
    named = {
        _single_spaced(str(item.get("value"))): str(item.get("id"))
        for item in listed
        if isinstance(item, dict) and item.get("id")
    }
    ids = {rule.value: named[_single_spaced(rule.value)] for rule in rules if _single_spaced(rule.value) in named}
    if isinstance(added, list) and len(added) == len(rules):  # all are new: in the order in which they were asked for
        ids |= {
            rule.value: str(item["id"])
            for rule, item in zip(rules, added, strict=True)
            if isinstance(item, dict) and item.get("id")
        }
    return ids


def _as_x(rules: list[Rule]) -> list[dict[str, str]]:
    return [{"value": rule.value, **({"tag": rule.tag} if rule.tag else {})} for rule in rules]


def _problem(response: Response) -> str | None:
    errors = response.body.get("errors")
    for problem in errors if isinstance(errors, list) else []:
        if isinstance(problem, dict) and problem.get("title") != "DuplicateRule":
            details = "; ".join(map(str, problem.get("details") or [problem.get("detail") or problem.get("title")]))
            return f"X refuses the rule '{problem.get('value')}': {details}. Change it in ingester/rules.yaml."
    if response.status not in (200, 201):
        return f"X does not take the rules ({response.error_text}). Is the token right, and is ingester/rules.yaml in X's language?"
    return None
