"""The console that prints for a person; what it prints may be anybody's words."""

import re
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

# Control characters but line breaks and tabs, marks that turn the direction of a line, halves of surrogate pairs, and what Unicode keeps
# free of characters: https://www.unicode.org/faq/private_use.html#nonchar1
_NOT_SHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
    + "]"
)


class SafeConsole(Console):
    """A console on which a stranger's words cannot control the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(_NOT_SHOWN.sub("", segment.text), segment.style)
