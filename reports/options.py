"""The options of the command line."""

import argparse
from pathlib import Path

from .params import KINDS, MINIMUM, SAMPLE, SHARES, SOURCES, STRATA, WEEK_STARTS
from .settings import VERSION

_QUERIES = Path(__file__).with_name("questions")
NETWORKS = tuple(sorted(path.stem.removeprefix("network_of_") for path in _QUERIES.glob("network_of_*.sql")))
AUTO = "auto"  # --topics: the data decide
_WARN_ABOVE = 100.0  # GB: what a run may scan unasked


def _gigabytes(text: str) -> float:
    value = float(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError(f"{text} is no number of gigabytes")
    return value


def _positive(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1_000_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _topics(text: str) -> int | str:
    """Return the number of topics, or AUTO."""
    if text != AUTO and not (text.isdecimal() and 2 <= int(text) <= 40):
        raise argparse.ArgumentTypeError(f"{text} is neither {AUTO} nor a number from 2 to 40")
    return text if text == AUTO else int(text)


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="scripts/reports",
        allow_abbrev=False,
        description="Answers the questions in reports/questions/*.sql: tables here, CSV files and a page in --results. "
        "'serve' shows a live page instead.",
    )
    whole.add_argument("--version", action="version", version=VERSION)
    whole.add_argument("command", nargs="?", choices=("serve",), help="serve a live page")
    about = whole.add_argument_group("what about")
    about.add_argument(
        "--from",
        dest="since",
        metavar="TIME",
        help="a date, a time, 36h, 7d or 2w before the end, or all (28d; with --data, all of it)",
    )
    about.add_argument("--to", dest="until", metavar="TIME", help="a date (its whole day) or a time (now)")
    about.add_argument(
        "--timezone", default="UTC", help="time zone of hours and days, such as Europe/Berlin (%(default)s)"
    )
    about.add_argument("--keyword", help="only posts with this entry of keywords.txt")
    about.add_argument("--rule", help="only posts that the rule with this tag matched")
    about.add_argument("--language", metavar="CODE", help="only posts in this language: de, or German")
    about.add_argument("--source", choices=SOURCES, help="only posts that came this way")
    about.add_argument("--kind", choices=KINDS, help="only posts of this kind")
    about.add_argument(
        "--compare",
        metavar="WHAT",
        help="add a comparison by language, rule, keyword, source or kind: of the two with most posts, or of those named, as in "
        "language=de,en",
    )
    about.add_argument(
        "--minimum",
        type=_positive,
        default=MINIMUM,
        metavar="N",
        help="posts below which a list leaves out an entry (%(default)s)",
    )
    about.add_argument(
        "--search",
        metavar="WORDS",
        help='only posts with these words, shown in their context; "a phrase", one OR another, -without, and climate* for words that '
        "begin so",
    )
    about.add_argument(
        "--bins",
        choices=("hour", "day", "week", "month"),
        help="the bars of charts over time (the finest in which most have 30 posts)",
    )
    about.add_argument(
        "--week-starts",
        choices=WEEK_STARTS,
        default="monday",
        metavar="DAY",
        help="monday, saturday or sunday (%(default)s)",
    )
    about.add_argument(
        "--sample",
        type=_positive,
        metavar="N",
        help=f"how many posts to read are drawn ({SAMPLE}); with --export FILE.csv, for hand coding",
    )
    about.add_argument(
        "--by",
        choices=STRATA,
        default="day",
        metavar="WHAT",
        help="day, rule or language: each has its share of the sample (%(default)s)",
    )
    about.add_argument(
        "--strata",
        choices=SHARES,
        default=SHARES[0],
        help="the sample has as many posts of each day, rule or language as there are, or equally many (%(default)s)",
    )
    about.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of the sample: another number draws other posts (%(default)s)"
    )
    about.add_argument(
        "--topics",
        type=_topics,
        metavar="N",
        help="group the posts into so many topics (auto: the number that separates best); with --sample N --export FILE.csv, write "
        "FILE-topics.csv as well, with the topic of each post of the sheet",
    )
    about.add_argument(
        "--topic",
        type=_positive,
        metavar="N",
        help="only the posts of this topic, of the sample whose topics a report shows",
    )
    about.add_argument(
        "--only",
        metavar="NAME,NAME",
        help="only these questions, by the names of their files without .sql; with --search, all answers every question about the "
        "posts found",
    )
    where = whole.add_argument_group("from where")
    where.add_argument("--project", help="Google Cloud project (GOOGLE_CLOUD_PROJECT)")
    where.add_argument("--dataset", help="BigQuery dataset (BIGQUERY_DATASET, else twitter)")
    where.add_argument(
        "--demo", action="store_true", help="four weeks of synthetic posts in an embedded BigQuery: no cloud"
    )
    where.add_argument(
        "--data", type=Path, metavar="FOLDER", help="the tables of a run that was kept in .runs/<time>: no cloud"
    )
    where.add_argument("--dry-run", action="store_true", help="only say what would be scanned, and its price")
    where.add_argument(
        "--max-gigabytes",
        type=_gigabytes,
        default=_WARN_ABOVE,
        metavar="N",
        help="ask nothing that scans more (%(default)s)",
    )
    where.add_argument("--synthetic", action="store_true", help=argparse.SUPPRESS)  # scripts/run says so of its posts
    to = whole.add_argument_group("to where")
    to.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        help="where the files go (results/<time>, and results/latest leads there)",
    )
    to.add_argument("--show", metavar="NAME,NAME", help="print only these tables")
    to.add_argument(
        "--sql", action="store_true", help="print the queries, to paste into BigQuery's console, and ask nothing"
    )
    to.add_argument(
        "--export",
        type=Path,
        metavar="FILE",
        help="the posts themselves instead: FILE.csv, FILE.parquet, or FILE.jsonl as X sent them",
    )
    to.add_argument(
        "--network",
        choices=NETWORKS,
        help="with --export FILE.gexf or FILE.graphml: who or what goes together, with weights and communities, for Gephi",
    )
    to.add_argument(
        "--coders",
        metavar="NAME,NAME",
        help="with --sample N --export FILE.csv: who codes; each has a sheet of their own",
    )
    to.add_argument(
        "--columns",
        choices=("all", "stored"),
        default="all",
        help="with --export: all of X's public fields, or only the columns as they are stored, which scans less (%(default)s)",
    )
    to.add_argument("--charts", choices=("svg", "png"), help="each chart as a file of its own as well, in charts/")
    to.add_argument("--xlsx", action="store_true", help="all tables as one workbook as well, a sheet a question")
    to.add_argument("--all", action="store_true", help="print every table, and not only the overview")
    to.add_argument(
        "--for-programs",
        action="store_true",
        help="CSV files, those of --export and of the report, with texts and ids as they are stored and no byte order mark. Without it "
        "they are for a spreadsheet: with a byte order mark, and an apostrophe before an id or a text that would be run as a formula",
    )
    to.add_argument("--ids-only", action="store_true", help="with --export: ids alone, which X lets you pass on")
    live = whole.add_argument_group("serve")
    live.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s: this machine alone)")
    live.add_argument("--port", type=int, default=8765, help="port to listen on; 0 takes a free one (%(default)s)")
    return whole
