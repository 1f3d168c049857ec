"""Pub/Sub's subscription filters on attributes: https://cloud.google.com/pubsub/docs/subscription-message-filter.

NOT attributes.source = "archive" AND NOT attributes.source = "rejected"
"""

import re
from collections.abc import Callable, Mapping

Attributes = Mapping[str, str]
Filter = Callable[[Attributes], bool]

_TOKEN = re.compile(r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<name>[A-Za-z_][\w.-]*)|(?P<sign>!=|[=:(),-]))')


class BadFilter(ValueError):
    """The filter is not valid."""


def parse(text: str) -> Filter:
    """Parse a filter; an empty one lets everything through. Raises BadFilter."""
    if not text.strip():
        return lambda attributes: True
    parser = _Parser(text)
    alternatives = parser.alternatives()
    if parser.tokens:
        raise BadFilter(f"'{parser.tokens[0]}' is not expected there: {text}")
    return alternatives


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self.tokens = self._tokens(text)

    def _tokens(self, text: str) -> list[str]:
        tokens, at = [], 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise BadFilter(f"cannot read '{text[at:].strip()}'")
            tokens.append(match.group().strip())
            at = match.end()
        return tokens

    def _take(self, *tokens: str) -> str:
        if not self.tokens or (tokens and self.tokens[0] not in tokens):
            raise BadFilter(f"expected {' or '.join(tokens) or 'more'} in: {self._text}")
        return self.tokens.pop(0)

    def alternatives(self) -> Filter:
        parts = [self._conjunction()]
        while self.tokens and self.tokens[0] == "OR":
            self._take()
            parts.append(self._conjunction())
        return lambda attributes: any(part(attributes) for part in parts)

    def _conjunction(self) -> Filter:
        parts = [self._term()]
        while self.tokens and self.tokens[0] == "AND":
            self._take()
            parts.append(self._term())
        return lambda attributes: all(part(attributes) for part in parts)

    def _term(self) -> Filter:
        if self.tokens and self.tokens[0] in ("NOT", "-"):
            self._take()
            negated = self._term()
            return lambda attributes: not negated(attributes)
        if self.tokens and self.tokens[0] == "(":
            self._take()
            inner = self.alternatives()
            self._take(")")
            return inner
        if self.tokens and self.tokens[0] == "hasPrefix":
            return self._prefix()
        return self._comparison()

    def _prefix(self) -> Filter:
        self._take()
        self._take("(")
        key = self._key(self._take())
        self._take(",")
        prefix = self._string()
        self._take(")")
        return lambda attributes: attributes.get(key, "").startswith(prefix) and key in attributes

    def _comparison(self) -> Filter:
        name = self._take()
        sign = self._take("=", "!=", ":")
        if sign == ":":
            if name != "attributes":
                raise BadFilter(f"only attributes:key asks whether a key is there: {self._text}")
            attribute = self._take().strip('"')
            return lambda attributes: attribute in attributes
        key, value = self._key(name), self._string()
        if sign == "=":
            return lambda attributes: attributes.get(key) == value
        return lambda attributes: attributes.get(key) != value

    def _key(self, name: str) -> str:
        if not name.startswith("attributes.") or name == "attributes.":
            raise BadFilter(f"'{name}': only attributes.key can be compared")
        return name.removeprefix("attributes.")

    def _string(self) -> str:
        token = self._take()
        if not token.startswith('"'):
            raise BadFilter(f"{token} should be in double quotes: {self._text}")
        return re.sub(r"\\(.)", r"\1", token[1:-1])
