"""The batch pipeline: each element is a part of what is read, and a worker makes files of rows of it.

One element for thousands of posts, because Beam costs more than half as much as the row code for each element.
"""

import gc
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions

from posts.sentiment import scorer

from . import archive, staging
from . import convert as converting
from .archive import Window
from .convert import Options
from .files import Part
from .staging import Staging
from .totals import OUTCOMES

Work = tuple[str, Part | Window]  # the part's name, and what to read


class Convert(beam.DoFn):  # type: ignore[misc]
    """Makes files of rows of a part, and yields how many messages it had."""

    def __init__(self, options: Options, place: Staging) -> None:
        self._options = options
        self._staging = place
        self._scorer: Any = None

    def setup(self) -> None:
        """Look for reference cycles between parts only, and only among new objects: the row code makes many objects and no cycles.

        Looking at the 300,000 objects of Beam and Google's clients takes a quarter of a second each time.
        """
        self._scorer = scorer(self._options.settings.sentiment)
        gc.collect()
        gc.freeze()
        gc.disable()

    def teardown(self) -> None:
        """Look everywhere again: with one worker, the process is the command's own."""
        gc.unfreeze()
        gc.enable()

    def process(self, work: Work) -> Iterator[int]:
        name, what = work
        if isinstance(what, Part):
            records = converting.file_records(what, self._options.tag)
        else:
            settings = self._options.settings
            records = archive.messages(settings.google_cloud_project, settings.bigquery_dataset, what)
        totals = converting.convert(records, self._options, self._staging, name, self._scorer)
        gc.collect()
        Metrics.counter("messages", "read").inc(totals.read)
        for outcome in OUTCOMES:
            Metrics.counter("messages", outcome).inc(totals.outcomes[outcome])
        yield totals.read


def run(parts: Sequence[Part | Window], options: Options, place: Staging, beam_options: Sequence[str]) -> None:
    """Convert the parts that are not done yet, and return when all are. Raises what Beam does."""
    done = place.parts_done()
    works = [(name, part) for name, part in zip(staging.part_names(len(parts)), parts, strict=True) if name not in done]
    if not works:
        return
    pipeline = beam.Pipeline(options=PipelineOptions(list(beam_options)))
    _ = pipeline | "parts" >> beam.Create(works) | "rows" >> beam.ParDo(Convert(options, place))
    pipeline.run().wait_until_finish()


def local_options(workers: int) -> list[str]:
    """Return Beam's options for this machine: so many processes."""
    mode = "multi_processing" if workers > 1 else "in_memory"
    return ["--runner=DirectRunner", f"--direct_num_workers={workers}", f"--direct_running_mode={mode}"]
