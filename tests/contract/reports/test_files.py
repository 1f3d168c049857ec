"""A report's files: CSV that is safe in a spreadsheet, Parquet, and tables in a terminal."""

import codecs
import csv
import html
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery
from pyarrow import parquet
from rich.cells import cell_len
from rich.console import Console
from twarc import expansions

from reports import charts, export, files, query, questions, results, sanitize, tables, terminal
from reports.charts import images
from reports.errors import UsageError
from reports.query import Source
from reports.rows import Context
from tests.support import attack
from tests.support.report_rows import asked, fresh

CELLS = {
    "a formula": ("=1+1", "'=1+1"),
    "a plus": ("+49 30", "'+49 30"),
    "a command": ("@SUM(A1)", "'@SUM(A1)"),
    "a tab before it": ("\t=1", "'\t'=1"),
    "blanks before it": ("  =1", "'  =1"),
    "one where the sheet's separator is another": ("a;=cmd|' /C calc'!A0", "a;'=cmd|' /C calc'!A0"),
    "control characters": ("a\x1b[31mb\x00", "a[31mb"),
    "full width": ("＝1", "'＝1"),
    "a number stays one": (-3, -3),
    "a text stays as it is": ("#music", "#music"),
    "nothing": (None, None),
    "a list": (["=a", "b"], '["=a","b"]'),
    "a list of one that looks like two": (["new music", "live"], '["new music","live"]'),
    "an id": ("1234567890123456789", "'1234567890123456789"),
    "digits that a sheet keeps": ("123456789012345", "123456789012345"),
    "X's entities": ("R&amp;B &lt;3", "R&B <3"),
    "an entity that somebody typed": ("&amp;lt;", "&lt;"),
    "a formula behind an entity": ("&lt;=1", "<=1"),
}


@pytest.mark.parametrize(("value", "written"), CELLS.values(), ids=CELLS.keys())
def test_a_cell_is_no_formula(value: Any, written: Any) -> None:
    assert sanitize.for_sheet(value) == written


def test_a_cell_holds_what_a_spreadsheet_takes() -> None:
    assert sanitize.for_sheet("x" * 32_767) == "x" * 32_767
    cut = sanitize.for_sheet("=" + "x" * 45_000)
    assert (len(cut), cut[:2], cut[-1]) == (32_767, "'=", "…")
    assert sanitize.for_program("x" * 45_000) == "x" * 45_000


def test_people_read_what_was_written() -> None:
    row = {"text": "R&amp;B &lt;3", "hashtags": ["a&amp;b"], "posts": 3, "none": None}
    read = {name: sanitize.unescape_texts(value) for name, value in row.items()}
    assert read == {"text": "R&B <3", "hashtags": ["a&b"], "posts": 3, "none": None}


PLAIN = {
    "an id": ("1234567890123456789", "1234567890123456789"),
    "X's entities": ("R&amp;B", "R&amp;B"),
    "a text like a formula": ("@me: =1", "@me: =1"),
    "a list": (["new, music", "live"], '["new, music","live"]'),
    "a number": (Decimal("1.50"), "1.50"),
    "a date": (date(2026, 11, 25), "2026-11-25"),
    "bytes": (b"\x00a", "AGE="),
    "an object": ({"a": date(2026, 11, 25)}, '{"a":"2026-11-25"}'),
    "nothing": (None, None),
}


@pytest.mark.parametrize(("value", "written"), PLAIN.values(), ids=PLAIN.keys())
def test_a_cell_for_programs_is_as_stored(value: Any, written: Any) -> None:
    assert sanitize.for_program(value) == written


def test_a_text_cannot_steer_a_terminal() -> None:
    shown = sanitize.for_terminal(f"a\x1b[31mb\u202ec\u2066d\re\nf\x9b1m{attack.BIDI}")
    assert shown == "a[31mbcd e f1mgnp.exe left open"


@pytest.fixture(scope="session")  # once a worker: the tests of a file may be spread over both
def attacked(session_client: bigquery.Client) -> Source:
    return fresh(session_client, {"tweet_versions": attack.ROWS})


@pytest.fixture(scope="session")
def report(attacked: Source) -> results.Report:
    return results.make_report(attacked, asked(), questions.names())


def test_every_csv_has_the_rows_of_the_answer_and_no_formula(report: results.Report, tmp_path: Path) -> None:
    written = files.write(report, tmp_path / "new" / "results", with_page=True)
    assert {path.name for path in written} == {
        *(f"{name}.csv" for name in questions.names()),
        "report.html",
        "methods.txt",
    }
    assert sorted(path.name for path in (tmp_path / "new" / "results").iterdir()) == sorted(
        path.name for path in written
    )
    for name, answer in report.results.items():
        with (tmp_path / "new" / "results" / f"{name}.csv").open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(answer.rows)
        numbers = {column for row in answer.rows for column, value in row.items() if isinstance(value, (int, float))}
        cells = [(column, value) for row in rows for column, value in row.items() if column not in numbers]
        assert not [cell for cell in cells if cell[1].lstrip().startswith(("=", "+", "-", "@"))]


def test_the_workbook_has_a_sheet_a_question_and_texts_that_run_nothing(report: results.Report, tmp_path: Path) -> None:
    files.write(report, tmp_path, with_page=False, with_workbook=True)
    with zipfile.ZipFile(tmp_path / "report.xlsx") as book:
        names = re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        texts = book.read("xl/sharedStrings.xml").decode()
    assert names == ["contents", *report.results]
    assert not [sheet for sheet in sheets if "<f>" in sheet or "<hyperlink" in sheet]
    assert attack.FORMULA in html.unescape(texts)
    rows = report.results["top_originals"].rows
    sheet = sheets[names.index("top_originals")]
    assert sheet.count("<row ") == len(rows) + 1


@pytest.mark.parametrize("kind", images.FORMATS)
def test_each_chart_is_a_picture_with_its_title_and_what_it_is_of(source: Source, tmp_path: Path, kind: str) -> None:
    report = results.make_report(source, asked(language="en"), ["kinds", "languages", "network_of_hashtags"])
    files.write(report, tmp_path, with_page=False, charts=kind)
    drawn = {name for name, result in report.results.items() if result.charts}
    assert {path.name for path in (tmp_path / "charts").iterdir()} == {f"{name}.{kind}" for name in drawn}
    picture = (tmp_path / "charts" / f"kinds.{kind}").read_bytes()
    assert picture.startswith(b"<svg" if kind == "svg" else b"\x89PNG")
    if kind == "svg":
        assert b"Originals, retweets, quotes and replies" in picture
        assert b"language: en" in picture


def test_a_network_is_a_picture_in_which_no_label_lies_on_another(tmp_path: Path) -> None:
    edges = [
        {"source": f"#tag{one}", "target": f"#tag{other}", "weight": 5} for one in range(30) for other in range(one)
    ]
    context = Context(gaps=[], end=datetime(2026, 11, 2), begin=datetime(2026, 11, 1))  # noqa: DTZ001 - of a clock on a wall
    (drawn,) = charts.charts(questions.load("network_of_hashtags"), edges, context)
    svg = images.image(drawn.spec, "Hashtags", "n = 9", "svg").decode()
    placed = [
        (float(x), float(y), label)
        for x, y, label in re.findall(r'<text[^>]*translate\(([\d.-]+),([\d.-]+)\)"[^>]*>(#tag\d+)</text>', svg)
    ]
    assert 5 < len(placed) <= 30
    for number, (x, y, label) in enumerate(placed):
        for other_x, other_y, other in placed[:number]:
            assert abs(x - other_x) > 5 * len(label) or abs(y - other_y) > 11, (label, other)


def test_two_reports_of_one_second_have_two_folders(tmp_path: Path) -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert [files.new_folder(now, tmp_path).name for _ in range(2)] == ["20261129-120000", "20261129-120000x"]


def test_programs_get_the_files_of_a_report_as_they_are_stored(report: results.Report, tmp_path: Path) -> None:
    files.write(report, tmp_path, with_page=False, for_programs=True)
    with (tmp_path / "top_originals.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [str(row["id"]) for row in report.results["top_originals"].rows]


def test_a_csv_without_rows_has_the_columns_of_one_with_rows(
    report: results.Report, nothing: Source, tmp_path: Path
) -> None:
    empty = results.make_report(nothing, report.params, tuple(report.results))
    files.write(empty, tmp_path, with_page=False)
    with_rows = {name: list(answer.rows[0]) for name, answer in report.results.items() if answer.rows}
    assert len(with_rows) > 25
    for name in report.results:
        with (tmp_path / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file))
        assert header == with_rows.get(name, header), name
        assert len(header) >= 2, name


def test_the_tables_in_a_terminal_are_one_line_a_row_and_plain(report: results.Report) -> None:
    out = io.StringIO()
    terminal.show(report, Console(file=out, width=100, force_terminal=False), questions.names())
    shown = out.getvalue()
    assert "Posts and authors" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[bold]x[/]" in shown  # as typed, not as markup


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("name", questions.names())
def test_a_narrow_terminal_gets_fewer_columns_and_whole_cells(report: results.Report, name: str, width: int) -> None:
    """The first row's cells are shown each in one piece, sentences excepted. Columns that are left out are named."""
    out = io.StringIO()
    terminal.show(report, Console(file=out, width=width, force_terminal=False), [name])
    shown, rows = out.getvalue(), report.results[name].rows
    assert all(cell_len(line) <= width for line in shown.splitlines())
    missing = " ".join(shown.partition("no room for ")[2].split())
    for column, value in rows[-1 if questions.load(name).is_by_time else 0].items() if rows else ():
        cell = sanitize.for_terminal(tables.cell(column, value))
        if (
            tables.heading(column) not in missing
            and not isinstance(value, datetime)
            and len(cell) <= 30
            and column != "note"
        ):
            assert cell in shown, column
    assert width < 200 or not missing


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_export_has_every_post_once_and_every_column_but_the_payload(
    source: Source, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"posts.{kind}"
    assert export.write(source, asked(), path) == 6
    if kind == "csv":
        assert path.read_bytes().startswith(codecs.BOM_UTF8)
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows: list[dict[str, Any]] = list(csv.DictReader(file))
    else:
        rows = sorted(parquet.read_table(path).to_pylist(), key=lambda row: row["id"])
        assert rows[0]["hashtags"] == ["Music", "music"]
        assert rows[0]["sentiment"] == 0.8
        assert str(rows[0]["received_at"]) == "2026-11-01 04:10:00+00:00"
    assert [row["id"] for row in rows] == ["101", "102", "103", "104", "105", "106"], "the oldest first"
    assert {"like_count", "impression_count", "author_verified", "author_created_at"} <= set(rows[0])
    assert "payload" not in rows[0]
    assert {"text", "created_at", "rules", "sentiment", "received_at"} <= set(rows[0])
    assert not path.with_name(f"{path.name}.part").exists()


def test_an_export_has_what_only_x_s_message_says(session_client: bigquery.Client, tmp_path: Path) -> None:
    author: dict[str, Any] = {
        "id": "7",
        "username": "ann",
        "verified": True,
        "verified_type": "blue",
        "created_at": "2010-01-02T03:04:05.000Z",
        "description": "sings",
        "public_metrics": {"followers_count": 5, "following_count": 6, "tweet_count": 7, "listed_count": 8},
    }
    metrics = {"impression_count": 900, "bookmark_count": 3, "like_count": 4}
    payload: dict[str, Any] = {
        "data": {"id": "1", "author_id": "7", "public_metrics": metrics},
        "includes": {"users": [{"id": "8", "username": "bob"}, author]},
    }
    rows: list[dict[str, Any]] = [
        {"id": "2", "created_at": "2026-11-01T13:00:00", "user_id": "9", "payload": "{}"},
        {
            "id": "1",
            "created_at": "2026-11-01T12:00:00",
            "user_id": "7",
            "user_username": "ann",
            "favorite_count": 4,
            "payload": json.dumps(payload),
        },
    ]
    export.write(fresh(session_client, {"tweet_versions": rows}), asked(), tmp_path / "posts.parquet")
    first, second = parquet.read_table(tmp_path / "posts.parquet").to_pylist()
    wanted = {
        "id": "1",
        "like_count": 4,
        "impression_count": 900,
        "bookmark_count": 3,
        "author_username": "ann",
        "author_verified": "true",
        "author_verified_type": "blue",
        "author_created_at": "2010-01-02T03:04:05.000Z",
        "author_description": "sings",
        "author_following_count": 6,
        "author_tweet_count": 7,
        "author_listed_count": 8,
    }
    assert {name: first[name] for name in wanted} == wanted
    assert {second[name] for name in wanted if name != "id"} == {None}


def test_an_export_of_stored_columns_reads_no_message(source: Source, tmp_path: Path) -> None:
    assert export.write(source, asked(), tmp_path / "posts.csv", export.Kind.STORED) == 6
    header = (tmp_path / "posts.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert "impression_count" not in header
    assert "payload" not in questions.load("exports/stored").sql(asked()).replace("EXCEPT (payload)", "")


def test_an_export_for_programs_has_no_byte_order_mark_and_lists_that_can_be_read_back(
    source: Source, tmp_path: Path
) -> None:
    export.write(source, asked(), tmp_path / "posts.csv", for_programs=True)
    with (tmp_path / "posts.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert json.loads(rows["101"]["hashtags"]) == ["Music", "music"]


@pytest.mark.parametrize(
    ("column", "value", "read"),
    [
        ("DATE", "DATE '2026-11-25'", date(2026, 11, 25)),
        ("NUMERIC", "NUMERIC '1.5'", Decimal("1.500000000")),
        ("BYTES", "b'a'", b"a"),
        ("TIME", "TIME '12:30:00'", time(12, 30)),
        ("ARRAY<DATE>", "[DATE '2026-11-25']", [date(2026, 11, 25)]),
    ],
)
def test_parquet_has_columns_of_any_type(source: Source, tmp_path: Path, column: str, value: str, read: object) -> None:
    pages, schema = query.pages(
        source,
        f"SELECT '1' AS id, {value} AS more, CAST(NULL AS {column.removeprefix('ARRAY<').strip('>')}) AS none",
        {},
        10,
    )
    assert export._parquet(tmp_path / "x.parquet", pages, schema) == 1
    (row,) = parquet.read_table(tmp_path / "x.parquet").to_pylist()
    assert (row["id"], row["more"], row["none"]) == ("1", read, None)


@pytest.mark.parametrize(
    ("kind", "value", "text"), [("JSON", {"a": 1}, '{"a":1}'), ("GEOGRAPHY", "POINT(1 2)", "POINT(1 2)")]
)
def test_parquet_has_the_text_of_a_type_it_does_not_know(tmp_path: Path, kind: str, value: object, text: str) -> None:
    fields = [bigquery.SchemaField("more", kind), bigquery.SchemaField("several", kind, mode="REPEATED")]
    assert export._parquet(tmp_path / "x.parquet", iter([[{"more": value, "several": [value]}]]), fields) == 1
    assert parquet.read_table(tmp_path / "x.parquet").to_pylist() == [{"more": text, "several": [text]}]


def test_parquet_has_the_parts_of_a_record(tmp_path: Path) -> None:
    parts = (bigquery.SchemaField("day", "DATE"), bigquery.SchemaField("names", "STRING", mode="REPEATED"))
    value = {"day": date(2026, 11, 25), "names": ["a"]}
    fields = [bigquery.SchemaField("more", "RECORD", fields=parts)]
    assert export._parquet(tmp_path / "x.parquet", iter([[{"more": value}]]), fields) == 1
    assert parquet.read_table(tmp_path / "x.parquet").to_pylist() == [{"more": value}]


def test_ids_alone_are_what_may_be_passed_on(source: Source, tmp_path: Path) -> None:
    assert export.write(source, asked(rule="brazil"), tmp_path / "ids.csv", export.Kind.IDS) == 1
    assert (tmp_path / "ids.csv").read_text().split() == ["id", "103"]


def test_an_export_of_nothing_has_its_columns(nothing: Source, tmp_path: Path) -> None:
    assert export.write(nothing, asked(), tmp_path / "none.parquet") == 0
    assert parquet.read_table(tmp_path / "none.parquet").num_rows == 0


def test_a_file_of_another_kind_is_not_written(source: Source, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="so its format is not known"):
        export.write(source, asked(), tmp_path / "posts.xlsx")
    with pytest.raises(UsageError, match="cannot be written"):
        export.write(source, asked(), tmp_path / "missing" / "posts.csv")


def test_posts_as_x_sent_them_are_what_twarc_reads(session_client: bigquery.Client, tmp_path: Path) -> None:
    sent: list[dict[str, Any]] = [
        {
            "data": {"id": "1", "text": "R&amp;B 🎧", "author_id": "7"},
            "includes": {"users": [{"id": "7", "username": "ann"}]},
            "matching_rules": [{"id": "9", "tag": "artist"}],
        },
        {"data": {"id": "2", "text": "שלום\nעולם"}},
    ]
    rows = [{"id": one["data"]["id"], "created_at": "2026-11-01T12:00:00", "payload": json.dumps(one)} for one in sent]
    posts = fresh(session_client, {"tweet_versions": rows})
    path = tmp_path / "posts.jsonl"
    assert export.write(posts, asked(), path, export.Kind.MESSAGES) == 2
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert sorted(lines, key=lambda line: line["data"]["id"]) == sent
    flat = {tweet["id"]: tweet for line in lines for tweet in expansions.ensure_flattened(line)}
    assert flat["1"]["author"]["username"] == "ann"
    assert flat["2"]["text"] == "שלום\nעולם"


def test_a_sample_to_code_by_hand_has_room_for_the_codes(source: Source, tmp_path: Path) -> None:
    path = tmp_path / "coding.csv"
    assert export.write(source, asked(sample=2, by="rule"), path, export.Kind.SAMPLE) == 2
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["id"] for line in lines] == ["104", "103"]
    assert {line[name] for line in lines for name in ("code", "coder", "remark")} == {""}
    book = (tmp_path / "coding-codebook.md").read_text()
    assert "2 posts from 2026-10-31 00:00 to 2026-11-02 23:59 (America/New_York)" in book
    assert "percentages hold for all posts but retweets" in book
    for name in lines[0]:
        assert f"| `{name}` |" in book


def test_several_coders_have_a_sheet_each(source: Source, tmp_path: Path) -> None:
    period = asked(sample=3, by="language", strata="equal")
    export.write(source, period, tmp_path / "coding.csv", export.Kind.SAMPLE, coders=("ann", "ben"))
    sheets = [(tmp_path / f"coding{name}.csv").read_bytes() for name in ("", "-ann", "-ben")]
    assert sheets[0] == sheets[1] == sheets[2]
    header = sheets[0].decode("utf-8-sig").splitlines()[0]
    assert header.endswith("text,code,coder,remark")
    assert "sentiment" not in header, "a score would suggest a code"
    assert "weight each post by `stratum_posts`" in (tmp_path / "coding-codebook.md").read_text()


MIXED = {
    "ids in X's shape": ("ids.jsonl", export.Kind.IDS),
    "whole messages in a table": ("posts.csv", export.Kind.MESSAGES),
    "a sample in X's shape": ("sample.jsonl", export.Kind.SAMPLE),
}


@pytest.mark.parametrize(("name", "kind"), MIXED.values(), ids=MIXED.keys())
def test_a_file_takes_what_its_format_can_hold(source: Source, tmp_path: Path, name: str, kind: export.Kind) -> None:
    with pytest.raises(UsageError, match=r"A FILE\.jsonl has whole posts"):
        export.write(source, asked(), tmp_path / name, kind)
    assert not list(tmp_path.iterdir())
