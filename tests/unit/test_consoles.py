"""What a stranger wrote cannot control the terminal of whoever reads it, whichever program prints it."""

import io
import re

from rich.table import Table

from runtime.console import SafeConsole
from tests.support import ROOT

HOSTILE = "a\x1b]0;title\x07b\x1b[2Jc\x9bd\u202ee\ufffef\U0010ffffg\udc00h\rI"


def test_a_console_prints_no_control_characters_of_others() -> None:
    written = io.StringIO()
    console = SafeConsole(file=written, force_terminal=True, width=200)
    table = Table("column")
    table.add_row(HOSTILE)
    console.print(HOSTILE, markup=False)
    console.print(f"[red]{HOSTILE.replace('[', '(')}[/]")
    console.print(table)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", written.getvalue())  # colours are the console's own
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ufffe\U0010ffff\udc00]", shown)
    assert "a]0;titleb[2JcdefghI" in shown


def test_every_console_is_a_safe_one() -> None:
    parts = ("dataflow", "demo", "functions", "ingester", "local", "reports")
    others = [
        str(file.relative_to(ROOT))
        for part in parts
        for file in (ROOT / part).rglob("*.py")
        if re.search(r"(?<!Safe)\bConsole\(", file.read_text())
    ]
    assert others == []
