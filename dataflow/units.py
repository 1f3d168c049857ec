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
_RESUME_POINT = re.compile(rb"^[ \t]*(?=[{\[\]])", re.MULTILINE)
_SKIPPED_AT_ONCE = 1_000_000  # bytes of a line that is skipped: no more of it is kept in memory


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
    for token in _TOKEN.finditer(text):
        if token["end"] is not None and token["end"] != b'"':
            return False
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(token.group(), 0)
    return text[:1] in (b"{", b"[") and depth > 0


def _scalar(text: "_Text", most: int) -> Unit:
    line = text.line
    match = text.match(_TOKEN if text.peek() == b'"' else _SCALAR, most)
    size = match.end() if match else 1  # a bracket that closes nothing
    return Unit(line, text.take(size))


def _nested(text: "_Text", most: int) -> Unit:
    """Take an object or array to its closing bracket, or to the end of the line on which a string is not closed."""
    line, depth, at = text.line, 0, 0
    while True:
        token = _TOKEN.search(text.buffer, at)
        if token is None or token["end"] == b"":  # what is held ends outside of a string, or in the middle of one
            at = token.start() if token else len(text.buffer)
            if len(text.buffer) > most:
                return _too_long(text, line, most)
            if text.read_on():
                continue
            return Unit(line, text.take(len(text.buffer)))
        at = token.end()
        if token.group() in (b"{", b"["):
            depth += 1
        elif token.group() in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return Unit(line, text.take(at)) if at <= most else _too_long(text, line, most)
        elif token["end"] == b"\n":
            damaged = Unit(line, text.take(at))
            text.skip_to(_RESUME_POINT)
            return damaged


def _too_long(text: "_Text", line: int, most: int) -> Unit:
    beginning = text.take(most)
    text.skip_to(_RESUME_POINT)
    return Unit(line, beginning, is_whole=False)


class _Text:
    """What has been read and not taken yet, and the number of its first line."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self.buffer = b""
        self.line = 0

    def read_on(self) -> bool:
        """Read on, about as much as is held: a long value is not looked at again for each block. Returns whether there was anything."""
        read: list[bytes] = []
        size = 0
        for block in self._blocks:
            read.append(block)
            size += len(block)
            if size >= len(self.buffer):
                break
        self.buffer += b"".join(read)
        return size > 0

    def take(self, size: int) -> bytes:
        removed, self.buffer = self.buffer[:size], self.buffer[size:]
        self.line += removed.count(b"\n")
        return removed

    def drop(self, size: int) -> None:
        self.take(size)

    def peek(self) -> bytes:
        if not self.buffer:
            self.read_on()
        return self.buffer[:1]

    def skip(self, pattern: re.Pattern[bytes]) -> None:
        while True:
            match = pattern.match(self.buffer)
            self.drop(match.end() if match else 0)
            if self.buffer or not self.read_on():
                return

    def skip_to(self, pattern: re.Pattern[bytes]) -> None:
        """Drop lines up to the first that matches. What is held begins a line, or the rest of its line is dropped too."""
        while True:
            match = pattern.search(self.buffer)
            if match:
                self.drop(match.start())
                return
            self.drop(self.buffer.rfind(b"\n") + 1)
            if len(self.buffer) > _SKIPPED_AT_ONCE:
                self.drop(len(self.buffer))
                self.buffer = b"."  # the rest of the line does not begin one
            if not self.read_on():
                self.drop(len(self.buffer))
                return

    def match(self, pattern: re.Pattern[bytes], most: int) -> re.Match[bytes] | None:
        """Return the match at the beginning, after reading on as long as it reaches the end of what is held."""
        while True:
            match = pattern.match(self.buffer)
            if match is None or match.end() < len(self.buffer) or len(self.buffer) > most or not self.read_on():
                return match
