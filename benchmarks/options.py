"""The options of scripts/bench."""

import argparse
from pathlib import Path


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures on this machine what one instance carries, beside what people would write.",
    )
    what = whole.add_subparsers(dest="what", required=True)
    command = what.add_parser("function", help="load_tweet beside the original's way, the tutorial's, and the ceilings")
    command.add_argument("--seconds", type=float, default=8.0, help="for each measurement (8)")
    command.add_argument("--milliseconds", type=float, default=40.0, help="in which BigQuery's stand-in answers (40)")
    command.add_argument("--concurrency", type=_numbers, default=[1, 8, 80, 400], help="requests at once (1,8,80,400)")
    command.add_argument(
        "--memory", type=int, default=200_000, help="messages over which memory is watched (200000; 0: not)"
    )
    command.add_argument("--no-failures", dest="failures", action="store_false", help="leave out the injected failures")
    command.add_argument("--write", type=Path, metavar="FILE", help="the tables as Markdown too")
    command = what.add_parser(
        "ingester", help="the ingester beside what people write with tweepy, and raw reading of the same socket"
    )
    command.add_argument("--posts", type=int, default=100_000, help="for each measurement (100000)")
    command.add_argument(
        "--memory", type=int, default=1_000_000, help="posts over which memory is watched (1000000; 0: not)"
    )
    command.add_argument("--write", type=Path, metavar="FILE", help="the tables as Markdown too")
    command = what.add_parser("reports", help="the reports on many rows in the embedded BigQuery")
    command.add_argument("--rows", type=int, default=1_000_000, help="in tweet_versions (1000000)")
    command.add_argument(
        "--memory",
        metavar="SIZE",
        help="for queries of the embedded BigQuery, such as 8GB (a quarter of the machine's)",
    )
    command.add_argument("--write", type=Path, metavar="FILE", help="the tables as Markdown too")
    command = what.add_parser("volume", help="files of messages to tables, beside a replay through Pub/Sub")
    command.add_argument("--messages", type=int, default=1_000_000, help="in the files (1000000)")
    command.add_argument("--write", type=Path, metavar="FILE", help="the tables as Markdown too")
    command = what.add_parser("sentiment", help="how often the scores of labelled posts are right")
    command.add_argument(
        "labelled", type=Path, help="folder of labelled posts in the form of UMSAB (benchmarks/sentiment.py)"
    )
    command.add_argument("--train", action="store_true", help="train the head anew first, and write it")
    command.add_argument(
        "--write", action="store_true", help="write posts/sentiment/accuracy.json, which the reports show"
    )
    command = what.add_parser(
        "soak", help="the whole pipeline for minutes, with faults: memory, files, latency, invariant"
    )
    command.add_argument("--seconds", type=float, default=600.0, help="(600)")
    command.add_argument("--rate", type=float, default=200.0, help="posts a second (200)")
    command.add_argument("--fault-every", type=float, default=20.0, help="seconds (20; 0: no faults)")
    command.add_argument("--seed", type=int, default=1, help="of the faults (1)")
    command.add_argument("--write", type=Path, metavar="FILE", help="the tables as Markdown too")
    return whole
