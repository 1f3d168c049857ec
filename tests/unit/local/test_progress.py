"""The counts of a run add up, although the parts report them a second apart."""

import io

from rich.console import Console

from local.progress import Counts, Progress


def test_what_has_ended_has_been_published_and_received() -> None:
    told = Counts(sent=90, received=80, published=70, loaded=60, filtered=25, rejected=1, archived=84)
    seen = told.consistent()
    assert (seen.sent, seen.received, seen.published, seen.ended, seen.waiting) == (90, 86, 86, 86, 0)


def test_the_real_x_s_own_count_stays_unknown() -> None:
    assert Counts(received=5).consistent().sent == 0


def test_a_line_shows_one_snapshot() -> None:
    out = io.StringIO()
    with Progress(Console(file=out, width=200, force_terminal=False), 100) as progress:
        progress.show(Counts(sent=9, received=5, published=4, loaded=6))
    assert "received 6  published 6  loaded 6" in out.getvalue()
