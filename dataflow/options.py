"""The options of the command line."""

import argparse
import os
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from posts.sentiment import CHOICES

STAGING = ".dataflow"


def _moment(text: str) -> datetime:
    """ISO 8601; UTC where no zone is named."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no time; write 2026-11-25 or 2026-11-25T10:00") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 256")
    return int(text)


def _version() -> str:
    """Return the version, which deploy.sh writes beside the code that it uploads, and pyproject.toml has in a checkout."""
    uploaded = Path(__file__).with_name("VERSION")
    if uploaded.exists():
        return uploaded.read_text(encoding="utf-8").strip()
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(project)["project"]["version"])


def _add_place(command: argparse.ArgumentParser) -> None:
    command.add_argument("--project", metavar="ID", help="Google Cloud project (GOOGLE_CLOUD_PROJECT)")
    command.add_argument("--dataset", metavar="NAME", help="BigQuery dataset (BIGQUERY_DATASET, or twitter)")
    command.add_argument("--data", type=Path, metavar="FOLDER", help="use an embedded BigQuery in this folder")
    command.add_argument(
        "--sentiment", choices=CHOICES, help="how posts are scored (SENTIMENT, or multilingual); off scores none"
    )
    command.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="python -m dataflow",
        allow_abbrev=False,
        description="Loads many posts at once: files in X's and other formats, or the table archive once more. Runs here, or on Dataflow.",
        epilog="Any other options go to Beam, such as --region, --temp_location, --service_account_email, --sdk_container_image.",
    )
    whole.add_argument("--version", action="version", version=_version())
    commands = whole.add_subparsers(dest="command", required=True, metavar="command")
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument(
        "--runner", default="DirectRunner", help="where to run; DataflowRunner runs it in the cloud (%(default)s)"
    )
    _add_place(everywhere)
    everywhere.add_argument("--languages", metavar="LIST", help="keep only posts in these languages (LANGUAGES)")
    everywhere.add_argument(
        "--keep-retweets", "--keep_retweets", choices=("true", "false"), help="whether to keep retweets (KEEP_RETWEETS)"
    )
    everywhere.add_argument(
        "--no-filter", action="store_true", help="keep every post, whatever keywords.txt and LANGUAGES say"
    )
    batches = argparse.ArgumentParser(add_help=False)
    batches.add_argument(
        "--workers",
        type=_count,
        default=os.cpu_count() or 1,
        metavar="N",
        help="number of processes on this machine (all cores)",
    )
    batches.add_argument("--staging", metavar="PLACE", help=f"folder or gs:// path for intermediate files ({STAGING})")
    batches.add_argument("--again", action="store_true", help="load again what was loaded before")
    batches.add_argument("--dry-run", action="store_true", help="only say what would be read")
    command = commands.add_parser(
        "files",
        parents=[everywhere, batches],
        allow_abbrev=False,
        help="files of posts: X's JSON of API v2 and v1.1, and what other programs make of it (docs/how-to/import.md)",
    )
    command.add_argument("files", nargs="+", metavar="FILE", help="a path or pattern, compressed or not, here or gs://")
    command.add_argument("--tag", default="", help="tag in the column rules for posts that name no rule")
    command = commands.add_parser(
        "archive",
        parents=[everywhere, batches],
        allow_abbrev=False,
        help="messages of archive, after a change of the filter or parser",
    )
    command.add_argument(
        "--from", dest="since", type=_moment, required=True, metavar="TIME", help="start, in ISO 8601, UTC"
    )
    command.add_argument("--to", dest="until", type=_moment, metavar="TIME", help="end (now)")
    command = commands.add_parser(
        "scores",
        allow_abbrev=False,
        help="the sentiment of stored posts once more, after a change of SENTIMENT or of the model",
    )
    command.add_argument(
        "--from",
        dest="since",
        type=_moment,
        required=True,
        metavar="TIME",
        help="start of created_at, in ISO 8601, UTC",
    )
    command.add_argument("--to", dest="until", type=_moment, metavar="TIME", help="end (now)")
    _add_place(command)
    command.add_argument("--dry-run", action="store_true", help="only say what would be scored, and the price")
    command.set_defaults(languages=None, keep_retweets=None, no_filter=True, staging=None)  # it loads nothing
    command = commands.add_parser(
        "stream",
        parents=[everywhere],
        allow_abbrev=False,
        help="messages of a subscription, in place of the function load_tweet",
    )
    command.add_argument(
        "--subscription", default="tweets-dataflow", metavar="NAME", help="Pub/Sub subscription (%(default)s)"
    )
    return whole
