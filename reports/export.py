"""Posts themselves, for research: as CSV or Parquet, as X sent them, as a sample to code, or ids alone, which X lets people pass on.

https://developer.x.com/en/developer-terms/policy: others may be given post ids to fetch themselves, not the posts.
"""

import csv
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
from google.api_core.exceptions import GoogleAPIError
from google.cloud import bigquery
from pyarrow import parquet
from requests.exceptions import RequestException

from . import codebook, query, sanitize, topics
from .errors import ReportError, UsageError
from .params import Params, names
from .query import Source
from .questions import Question, load, parameters
from .rows import Rows
from .whole_file import whole_file

FORMATS = (".csv", ".parquet", ".jsonl")
_CODING = ("code", "coder", "remark")  # empty columns of a sample, for a person
MOST_WITH_TOPICS = 20_000  # posts of a sheet: half a minute of computing
_PAGE = 10_000  # rows: what is in memory at a time
# Of every other type (JSON, GEOGRAPHY, INTERVAL, RANGE and what is to come) Parquet has the text.
_TYPES = {
    "STRING": pa.string(),
    "INTEGER": pa.int64(),
    "FLOAT": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATETIME": pa.timestamp("us"),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "BYTES": pa.binary(),
    "NUMERIC": pa.decimal128(38, 9),
    "BIGNUMERIC": pa.decimal256(76, 38),
}
_AS_BIGQUERY_SAYS = {
    "INT64": "INTEGER",
    "FLOAT64": "FLOAT",
    "BOOL": "BOOLEAN",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
}
_OBJECTS = ("RECORD", "STRUCT")


class Kind(StrEnum):
    """What is written; the value is the query's name. Ids are what X lets people pass on."""

    POSTS = "posts"
    STORED = "stored"  # the same without what only X's message has
    IDS = "ids"
    MESSAGES = "messages"  # as X sent them, a line of JSON each: what twarc and its plugins read
    SAMPLE = "sample"  # to be coded by hand


def write(
    source: Source,
    params: Params,
    path: Path,
    kind: Kind = Kind.POSTS,
    *,
    for_programs: bool = False,
    coders: Sequence[str] = (),
    with_topics: bool = False,
    on_cut: Callable[[int], object] = lambda cells: None,
) -> int:
    """Write the posts of the view, the oldest first; return how many. Raises ReportError.

    A CSV is for a person's spreadsheet, or as it is stored `for_programs`. Ids alone are for programs. A sample has a codebook beside
    it, a copy for each of the `coders`, and `with_topics` a file with the topic of each post: neither topic nor sentiment is in the sheet,
    because they would suggest a code. `on_cut` hears how many cells were longer than a spreadsheet takes, if any were.
    """
    if path.suffix not in FORMATS:
        raise UsageError(f"{path} ends in none of {', '.join(FORMATS)}, so its format is not known.")
    if (path.suffix == ".jsonl") is not (kind is Kind.MESSAGES):
        raise UsageError("A FILE.jsonl has whole posts as X sent them; ids and samples go to a FILE.csv.")
    question = load_question(kind)
    try:
        with whole_file(path) as part:
            part.touch()  # before anything is queried and paid for
            sql = question.sql(params)
            pages, schema = query.pages(source, sql, names(params, parameters(sql)), _PAGE)
            if path.suffix == ".csv":
                to_csv = partial(_csv, for_programs=for_programs or kind is Kind.IDS, on_cut=on_cut)
                rows: Iterable[dict[str, Any]] = chain.from_iterable(pages)
                columns = [field.name for field in schema]
                if kind is Kind.SAMPLE:
                    placed: Rows | None = None
                    if with_topics:
                        rows = drawn = list(rows)
                        placed = _topics_of(source, params, drawn)
                    columns = [*(name for name in columns if name != "sentiment"), *_CODING]
                    written = to_csv(part, rows, columns)
                    book = codebook.codebook(params, written, columns, has_topics=with_topics)
                    _write_beside(path, part, book, coders)
                    if placed is not None:
                        with whole_file(topics_of(path)) as beside:
                            to_csv(beside, placed, ("id", "topic", "distance"))
                else:
                    written = to_csv(part, rows, columns)
            elif path.suffix == ".jsonl":
                written = _lines(part, pages)
            else:
                written = _parquet(part, pages, schema)
        return written
    except (GoogleAPIError, RequestException) as error:  # requests' are OSErrors too
        raise ReportError(
            f"BigQuery broke off while the posts were read: {error}. Nothing was written; try again."
        ) from None
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}. Name another file, if the disk is not full."
        ) from None


def sheets_of(path: Path, coders: Sequence[str]) -> list[Path]:
    """Return where each coder's own sheet is: coders do not see each other's codes."""
    return [path.with_name(f"{path.stem}-{name}{path.suffix}") for name in coders]


def codebook_of(path: Path) -> Path:
    """Return where the codebook of a coding sheet is."""
    return path.with_name(f"{path.stem}-codebook.md")


def topics_of(path: Path) -> Path:
    """Return where the topics of a coding sheet's posts are."""
    return path.with_name(f"{path.stem}-topics{path.suffix}")


def load_question(kind: Kind) -> Question:
    return load("posts_to_read" if kind is Kind.SAMPLE else f"exports/{kind}")


def _topics_of(source: Source, params: Params, drawn: Rows) -> Rows:
    """Return the topic of each post of a sample. Raises UsageError where the period has no topics."""
    question = load("topics")
    placed = topics.assigned_to_others(drawn, query.run(source, question, params), params)
    if drawn and not placed:
        raise UsageError(f"{question.empty_sentence(params)} Leave out --topics, or name a longer period.")
    return placed


def _lines(path: Path, pages: Iterator[list[dict[str, Any]]]) -> int:
    """One message a line. A row without one, as an older version may have left it, is no line."""
    count = 0
    with path.open("wb") as file:
        for row in chain.from_iterable(pages):
            payload = row["payload"]
            if payload:
                file.write((payload if isinstance(payload, str) else orjson.dumps(payload).decode()).encode() + b"\n")
                count += 1
    return count


def _write_beside(path: Path, sheet: Path, book: str, coders: Sequence[str]) -> None:
    """Write what goes with a coding sheet: its codebook, and a copy for each coder."""
    with whole_file(codebook_of(path)) as part:
        part.write_text(book, encoding="utf-8")
    for copy in sheets_of(path, coders):
        shutil.copyfile(sheet, copy)


def _csv(
    path: Path,
    rows: Iterable[dict[str, Any]],
    columns: Sequence[str],
    *,
    for_programs: bool,
    on_cut: Callable[[int], object],
) -> int:
    """Return the number of rows. With a byte order mark for people: without it Excel takes the file for Windows-1252.

    A column that the rows do not have is empty.
    """
    cell = sanitize.for_program if for_programs else sanitize.for_sheet
    with path.open("w", encoding="utf-8" if for_programs else "utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        count = cut = 0
        for row in rows:
            cells = [cell(row.get(name)) for name in columns]
            writer.writerow(cells)
            count += 1
            cut += 0 if for_programs else sum(isinstance(text, str) and len(text) == sanitize.CELL for text in cells)
    if cut:
        on_cut(cut)
    return count


def _parquet(path: Path, pages: Iterator[list[dict[str, Any]]], schema: list[bigquery.SchemaField]) -> int:
    arrow = pa.schema([(field.name, _type(field)) for field in schema])
    as_text = [field.name for field in schema if _is_text(field)]
    count = 0
    with parquet.ParquetWriter(path, arrow, compression="zstd") as writer:
        for rows in pages:
            for row in rows:
                row.update({name: _texts(row[name]) for name in as_text})
            writer.write_table(pa.Table.from_pylist(rows, schema=arrow))
            count += len(rows)
    return count


def _type(field: bigquery.SchemaField) -> pa.DataType:
    if field.field_type in _OBJECTS:
        arrow_type = pa.struct([(part.name, _type(part)) for part in field.fields])
    else:
        arrow_type = _TYPES.get(_AS_BIGQUERY_SAYS.get(field.field_type, field.field_type), pa.string())
    return pa.list_(arrow_type) if field.mode == "REPEATED" else arrow_type


def _is_text(field: bigquery.SchemaField) -> bool:
    return _type(field) in (pa.string(), pa.list_(pa.string()))


def _texts(value: Any) -> Any:
    """Return a value as text, for a type that Parquet does not have: as BigQuery's client gives it, objects as JSON."""
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value if value is None or isinstance(value, str) else str(sanitize.for_program(value))
