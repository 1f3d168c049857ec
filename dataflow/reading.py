"""Reads the lines, or the values, of a part of a file, in whatever format it is."""

import codecs
import io
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import IO

import orjson

from . import containers, opening
from .errors import Nested, Unreadable
from .files import Part
from .formats import pairs, personal, tables
from .opening import BUFFER_BYTES, blocks, opened
from .shapes import DAMAGED, TAR, Shape, account_beside, shape_of
from .units import Unit, units
from .unpack import CutOff


def lines(part: Part) -> Iterator[Unit]:
    """Yield the lines of a part, or the JSON values of one that is not written in lines, numbered from 0 on. Raises CutOff."""
    if part.shape.format == DAMAGED:
        raise CutOff("the header of the next file in the archive cannot be read")
    with opened(part.path, part.member) as file:
        yield from _lines_of(file, part)


def files_of(part: Part) -> Iterator[tuple[Part, Iterator[Unit]]]:
    """Yield the part with its lines. Of a tar archive that is compressed, yield each file in it as a part of its own: damage in one
    costs no other.
    """
    if part.shape.format != TAR:
        yield part, lines(part)
        return
    try:
        with opened(part.path, part.member) as file:
            for member, content, is_whole in containers.streamed(blocks(file, part.shape.packing)):
                inner = part._replace(start=0, end=member.size, member=member)
                try:
                    content.seek(0)
                    inner = inner._replace(shape=shape_of(content, part.path, in_archive=True))
                except Nested as error:
                    yield inner, _cut_off(f"it {error}")
                    continue
                except Unreadable:
                    continue  # such archives have indexes and read-me files too
                ending = () if is_whole else _cut_off("the archive ends in the middle of it")
                yield inner, chain(_lines_of(content, inner), ending)
    except CutOff as error:
        yield part, _cut_off(str(error))


def _cut_off(why: str) -> Iterator[Unit]:
    raise CutOff(why)
    yield  # makes it a generator


def _lines_of(file: IO[bytes], part: Part) -> Iterator[Unit]:
    if part.shape != Shape():
        damage: list[CutOff] = []
        content = _as_utf8(_until_damage(blocks(file, part.shape.packing), damage), part.shape.encoding)
        if part.shape.line_break != b"\n":
            content = (block.replace(part.shape.line_break, b"\n") for block in content)
        yield from _raise_at_damage(_values(content, part), damage)
        return
    if file.tell() != max(0, part.start - 1):
        file.seek(max(0, part.start - 1))
    reader = io.BufferedReader(file, BUFFER_BYTES)  # type: ignore[type-var]
    at = max(0, part.start - 1)
    if part.start:
        at += _skip_line(reader)  # the part before reads the line that crosses the border
    try:
        yield from _lines(reader, at, part.end)
        reader.read(1)  # at its end a file of a zip archive says whether it is whole
    except containers.ZIP_DAMAGE as error:
        raise CutOff(f"{type(error).__name__}: {error}") from None
    finally:
        reader.detach()  # whoever opened the file closes it


def _values(blocks: Iterator[bytes], part: Part) -> Iterator[Unit]:
    """Yield the values of a text, by its format."""
    shape = part.shape
    match shape.format:
        case "":
            return _split_lines(blocks) if shape.is_lines else units(blocks, opening.LINE_BYTES)
        case personal.NAME:
            return personal.read(blocks, account_beside(part.path), opening.LINE_BYTES)
        case pairs.NAME:
            with opened(pairs.users_file(part.path)) as users:
                return iter([pairs.page(b"".join(blocks), users.read())])
    return tables.read(blocks, shape.format, shape.delimiter, opening.LINE_BYTES)


@lru_cache(maxsize=256)
def lines_before(part: Part) -> int:
    """Return how many lines of the file begin before those of the part. Reads the file up to there."""
    if not part.start:
        return 0
    count, unread = 0, part.start
    with opened(part.path, part.member) as file:
        while unread > 0 and (block := file.read(min(unread, BUFFER_BYTES))):
            unread -= len(block)
            count += block.count(b"\n")
            ended = block.endswith(b"\n")
    return count if ended else count + 1


def _lines(reader: IO[bytes] | io.BufferedReader, at: int, end: int) -> Iterator[Unit]:
    number = 0
    while at < end:
        data = reader.readline(opening.LINE_BYTES)
        if not data:
            return
        is_whole = len(data) < opening.LINE_BYTES or data.endswith(b"\n")
        skipped = 0 if is_whole else _skip_line(reader)
        yield Unit(number, data, is_whole)
        number += 1
        at += len(data) + skipped


def _skip_line(reader: IO[bytes] | io.BufferedReader) -> int:
    """Read on to the next line, and return how many bytes that were."""
    skipped = 0
    while block := reader.readline(BUFFER_BYTES):
        skipped += len(block)
        if block.endswith(b"\n"):
            break
    return skipped


def _until_damage(blocks: Iterator[bytes], damage: list[CutOff]) -> Iterator[bytes]:
    """Yield blocks, and note why there are no more: those who wait for the end of a line get what there is of it."""
    try:
        yield from blocks
    except CutOff as error:
        damage.append(error)


def _raise_at_damage(values: Iterator[Unit], damage: list[CutOff]) -> Iterator[Unit]:
    """Yield the whole values, then raise CutOff if the file is damaged; the error carries the incomplete last value, if there is one."""
    last: Unit | None = None
    try:
        for unit in values:
            if last:
                yield last
            last = unit
    except CutOff as error:
        damage.append(error)
    if last and (not damage or _is_json(last.data)):
        yield last
    elif last:
        damage[0].incomplete = last
    if damage:
        raise damage[0]


def _as_utf8(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Yield UTF-8 without a byte order mark."""
    first = next(blocks, b"")
    while len(first) < len(codecs.BOM_UTF8) and (following := next(blocks, b"")):
        first += following
    if encoding == "utf-8":
        yield from chain([first.removeprefix(codecs.BOM_UTF8)], blocks)
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for number, block in enumerate(chain([first], blocks)):
        text = decoder.decode(block)
        yield (text if number else text.removeprefix("\ufeff")).encode()


def _split_lines(blocks: Iterable[bytes]) -> Iterator[Unit]:
    """Yield the lines of a text that comes in blocks."""
    line_buffer, number, is_whole = bytearray(), 0, True
    for block in blocks:
        line_buffer += block
        if b"\n" in block:
            *ended, incomplete = bytes(line_buffer).split(b"\n")
            for line in ended:
                data = line + b"\n"
                yield Unit(number, data[: opening.LINE_BYTES], is_whole and len(data) <= opening.LINE_BYTES)
                number, is_whole = number + 1, True
            line_buffer = bytearray(incomplete)
        if len(line_buffer) > opening.LINE_BYTES:
            del line_buffer[opening.LINE_BYTES :]
            is_whole = False
    if line_buffer:
        yield Unit(number, bytes(line_buffer), is_whole)


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except ValueError:
        return False
    return True
