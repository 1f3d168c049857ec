"""Our rules for X: the file, and installing them where X has none."""

from pathlib import Path
from typing import Any

import tweepy
import yaml

from . import log
from .errors import ConfigurationError, Refused

FILE = Path(__file__).with_name("rules.yaml")
_LONGEST = 1_024  # characters of a rule on pay-per-use (https://docs.x.com/x-api/posts/filtered-stream)


def read(path: Path = FILE) -> list[tweepy.StreamRule]:
    """Raises ConfigurationError, naming the line or the rule."""
    try:
        items = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no rules file {path}. Write one: a list of '- tag: name' and 'value: rule'."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(
            f"{path}{where}: this is not YAML ({getattr(error, 'problem', None) or error}). Is a quote or the indentation wrong?"
        ) from None
    if not isinstance(items, list) or not items:
        raise ConfigurationError(
            f"{path} holds no rules. It should be a list: '- tag: name', and under it 'value: rule'."
        )
    return [_rule(item, f"{path}, rule {number}") for number, item in enumerate(items, start=1)]


def _rule(item: Any, where: str) -> tweepy.StreamRule:
    if not isinstance(item, dict) or not isinstance(item.get("value"), str) or not item["value"].strip():
        raise ConfigurationError(
            f"{where}: there is no value. Each rule is '- tag: name' and 'value: rule in X's language'."
        )
    if unknown := set(item) - {"value", "tag"}:
        raise ConfigurationError(f"{where}: '{sorted(unknown)[0]}' is not known. A rule has a value and a tag.")
    value = " ".join(item["value"].split())
    if len(value) > _LONGEST:
        raise ConfigurationError(f"{where}: {len(value)} characters, and X takes {_LONGEST}. Split it in two rules.")
    return tweepy.StreamRule(value=value, tag=str(item.get("tag") or ""))


def install(client: tweepy.StreamingClient, rules: list[tweepy.StreamRule]) -> None:
    """Add the rules that X lacks. Raises Refused where X takes one of them not; a failing network is a RequestException."""
    try:
        response = client.add_rules(rules)
    except tweepy.HTTPException as error:
        raise Refused(
            f"X does not take the rules: {error}. Is the token right, and is ingester/rules.yaml in X's language?"
        ) from None
    for problem in response.errors or []:
        if problem.get("title") != "DuplicateRule":
            details = "; ".join(map(str, problem.get("details") or [problem.get("detail") or problem.get("title")]))
            raise Refused(f"X refuses the rule '{problem.get('value')}': {details}. Change it in ingester/rules.yaml.")
    log.event("rules_installed", rules=len(rules))
