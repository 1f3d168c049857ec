"""Lints all SQL with sqlfluff. A question of the reports is linted with its macros and every filter, as BigQuery gets it."""

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT))

from reports import questions, reading  # noqa: E402 - found from here
from reports.params import Params  # noqa: E402

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_EVERY_FILTER = Params(
    _NOW,
    _NOW,
    keyword="a",
    rule="a",
    search=reading.parse("a -b"),
    language="en",
    source="stream",
    kind="quote",
    compare="kind",
)


def _text(path: Path) -> str:
    if questions.FOLDER in path.parents:
        return questions.load(str(path.relative_to(questions.FOLDER).with_suffix(""))).sql(_EVERY_FILTER)
    return path.read_text(encoding="utf-8")


def main() -> int:
    files = [path for part in ("reports", "infra", "functions") for path in sorted((_ROOT / part).rglob("*.sql"))]
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            if questions.FOLDER / "shared" in path.parents:
                continue  # linted in the questions that use it
            copy = Path(folder) / path.relative_to(_ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(_text(path), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "sqlfluff",
            "lint",
            ".",
            "--config",
            str(_ROOT / ".sqlfluff"),
            "--disable-progress-bar",
        ]
        return subprocess.run(command, cwd=folder, check=False, timeout=300).returncode


if __name__ == "__main__":
    sys.exit(main())
