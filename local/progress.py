"""Shows a run while posts flow: each stage's count, how many wait before it, and posts a second."""

import time
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

_LINE_SECONDS = 2.0  # between two lines where there is no terminal


@dataclass(frozen=True, slots=True)
class Counts:
    """Distinct messages that have passed each stage."""

    sent: int = 0  # by X's stand-in; 0 against the real X
    missed: int = 0
    received: int = 0
    published: int = 0
    loaded: int = 0
    filtered: int = 0
    rejected: int = 0
    archived: int = 0

    @property
    def ended(self) -> int:
        return self.loaded + self.filtered + self.rejected

    def consistent(self) -> "Counts":
        """Return counts in which no stage is ahead of the one before it. The parts report a second apart."""
        published = max(self.published, self.ended, self.archived)
        received = max(self.received, published)
        return replace(self, published=published, received=received, sent=max(self.sent, received) if self.sent else 0)

    @property
    def waiting(self) -> int:
        """Return how many are published and not yet stored, filtered or rejected."""
        return max(0, self.published - self.ended)


class Progress:
    """Shows a live table on a terminal, elsewhere a line every two seconds."""

    def __init__(self, console: Console, posts: int) -> None:
        self._console = console
        self._posts = posts
        self._live = Live(console=console, refresh_per_second=8, transient=True) if console.is_terminal else None
        self._began = time.monotonic()
        self._reported = 0.0
        self._history: list[tuple[float, int]] = []

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, counts: Counts) -> None:
        counts = counts.consistent()
        now = time.monotonic()
        self._history = [(t, n) for t, n in self._history if now - t < 3] + [(now, counts.ended)]
        if self._live:
            self._live.update(self._table(counts))
        elif now - self._reported >= _LINE_SECONDS:
            self._reported = now
            self._console.print(
                f"{now - self._began:5.1f} s  received {counts.received:,}  published {counts.published:,}  loaded {counts.loaded:,}  "
                f"filtered {counts.filtered:,}  rejected {counts.rejected:,}  waiting {counts.waiting:,}  {self._rate():.0f} posts/s",
                highlight=False,
            )

    def _rate(self) -> float:
        (first, before), (last, now) = self._history[0], self._history[-1]
        return (now - before) / (last - first) if last > first else 0.0

    def _table(self, counts: Counts) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", min_width=9)
        table.add_column(justify="right", min_width=7)
        table.add_column(min_width=32)
        table.add_column(style="dim")
        stages = (
            ("received", counts.received, "cyan", "ingester ◄─ X's filtered stream"),
            ("published", counts.published, "blue", "ingester ─► Pub/Sub"),
            ("loaded", counts.loaded, "green", "load_tweet ─► BigQuery, tweet_versions"),
            ("filtered", counts.filtered, "yellow", "load_tweet ─► filtered: no word of keywords.txt"),
            ("rejected", counts.rejected, "red", "cannot be parsed ─► rejected, with the reason"),
        )
        for name, count, colour, where in stages:
            bar = ProgressBar(
                total=max(self._posts, 1), completed=count, width=32, complete_style=colour, finished_style=colour
            )
            table.add_row(f"[{colour}]{name}[/]", f"[bold]{count:,}[/]", bar, where)
        table.add_row(
            "waiting",
            f"{counts.waiting:,}",
            f"[dim]{self._rate():.0f} posts/s, {time.monotonic() - self._began:.0f} s[/]",
            "in Pub/Sub or on their way",
        )
        return table
