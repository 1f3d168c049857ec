"""Finds where each JSON value begins and ends in text that is not one value a line: arrays and objects over several lines. Pure.

Nothing is parsed here, so an element that is damaged costs no other element. A string that a line break ends is damage: reading goes on at
the next line that begins with `{`.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_TOKEN = re.compile(rb'"(?:[^"\\\n]|\\[^\n])*+\\?(?P<end>"|\n|\Z)|[\[\]{}]')
_SCALAR = re.compile(rb"[^\s,\[\]{}]+")
_BLANK = re.compile(rb"[\s,]*")
_AFTER_DAMAGE = re.compile(rb"^[ \t]*(?=[{\[\]])", re.MULTILINE)


_LONG = 1_000_000  # bytes of a line that is skipped


class Unit(NamedTuple):
    """A value, or what stands where one should be; `line` is the number of the line on which it begins, from 0 on.

    Of a value longer than the limit only the beginning is kept, and `is_whole` is False.
    """

    line: int
    data: bytes
    is_whole: bool = True


def units(blocks: Iterable[bytes], most: int) -> Iterator[Unit]:
    """Yield the elements of top-level arrays, and other top-level values, of at most `most` bytes each."""
    text = _Text(blocks)
    in_array = False
    while True:
        text.skip(_BLANK)
        sign = text.peek()
        if not sign:
            return
        if sign == b"[" and not in_array:
            in_array = True
            text.drop(1)
        elif sign == b"]":
            in_array = False
            text.drop(1)
        elif sign in b"{[":
            yield _nested(text, most)
        else:
            yield _scalar(text, most)


def is_open(text: bytes) -> bool:
    """Return whether the text begins an array or object that goes on after it: its end is not in a string, which is damage."""
    depth = 0
    for found in _TOKEN.finditer(text):
        if found["end"] is not None and found["end"] != b'"':
            return False
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(found.group(), 0)
    return text[:1] in (b"{", b"[") and depth > 0


def _scalar(text: "_Text", most: int) -> Unit:
    line = text.line
    found = text.match(_TOKEN if text.peek() == b'"' else _SCALAR, most)
    size = found.end() if found else 1  # a bracket that closes nothing
    return Unit(line, text.take(size))


def _nested(text: "_Text", most: int) -> Unit:
    """Take an object or array to its closing bracket, or to the end of the line on which a string is not closed."""
    line, depth, at = text.line, 0, 0
    while True:
        found = _TOKEN.search(text.held, at)
        if found is None or found["end"] == b"":  # what is held ends outside of a string, or in the middle of one
            at = found.start() if found else len(text.held)
            if len(text.held) > most:
                return _too_long(text, line, most)
            if text.more():
                continue
            return Unit(line, text.take(len(text.held)))
        at = found.end()
        if found.group() in (b"{", b"["):
            depth += 1
        elif found.group() in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return Unit(line, text.take(at)) if at <= most else _too_long(text, line, most)
        elif found["end"] == b"\n":
            damaged = Unit(line, text.take(at))
            text.skip_to(_AFTER_DAMAGE)
            return damaged


def _too_long(text: "_Text", line: int, most: int) -> Unit:
    kept = text.take(most)
    text.skip_to(_AFTER_DAMAGE)
    return Unit(line, kept, is_whole=False)


class _Text:
    """What has been read and not taken yet, and the number of its first line."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self.held = b""
        self.line = 0

    def more(self) -> bool:
        """Read on, about as much as is held: a long value is not looked at again for each block. Returns whether there was anything."""
        read: list[bytes] = []
        size = 0
        for block in self._blocks:
            read.append(block)
            size += len(block)
            if size >= len(self.held):
                break
        self.held += b"".join(read)
        return size > 0

    def take(self, size: int) -> bytes:
        taken, self.held = self.held[:size], self.held[size:]
        self.line += taken.count(b"\n")
        return taken

    def drop(self, size: int) -> None:
        self.take(size)

    def peek(self) -> bytes:
        if not self.held:
            self.more()
        return self.held[:1]

    def skip(self, pattern: re.Pattern[bytes]) -> None:
        while True:
            found = pattern.match(self.held)
            self.drop(found.end() if found else 0)
            if self.held or not self.more():
                return

    def skip_to(self, pattern: re.Pattern[bytes]) -> None:
        """Drop lines up to the first that matches. What is held begins a line, or the rest of its line is dropped too."""
        while True:
            found = pattern.search(self.held)
            if found:
                self.drop(found.start())
                return
            self.drop(self.held.rfind(b"\n") + 1)
            if len(self.held) > _LONG:
                self.drop(len(self.held))
                self.held = b"."  # the rest of the line does not begin one
            if not self.more():
                self.drop(len(self.held))
                return

    def match(self, pattern: re.Pattern[bytes], most: int) -> re.Match[bytes] | None:
        """Return the match at the beginning, after reading on as long as it reaches the end of what is held."""
        while True:
            found = pattern.match(self.held)
            if found is None or found.end() < len(self.held) or len(self.held) > most or not self.more():
                return found
