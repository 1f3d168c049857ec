"""Makes the tables of docs/reference from the code and the data files. cog calls these; scripts/docs check finds stale ones."""

import argparse
import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import benchmarks.options
import dataflow.options
import demo.options
import functions.load_tweet.filter.options
import functions.remove_deleted.options
import ingester.options
import local.options
import reports.options
from ingester import errors
from posts import languages
from posts.errors import REJECTED
from posts.filter import DROPPED
from posts.sentiment import accuracy
from runtime.errors import ExpectedError

ROOT = Path(__file__).parents[1]
INFRA = ROOT / "infra"
PARSERS = {
    "scripts/run": local.options.parser,
    "scripts/ingester": ingester.options.parser,
    "scripts/reports": reports.options.parser,
    "scripts/dataflow": dataflow.options.parser,
    "functions.remove_deleted": functions.remove_deleted.options.parser,
    "functions.load_tweet.filter": functions.load_tweet.filter.options.parser,
    "demo": demo.options.parser,
    "scripts/bench": benchmarks.options.parser,
}


def variables() -> None:
    """Environment variables: name, who reads it, default, meaning."""
    _table(
        ["variable", "read by", "default", "meaning"], ([f"`{row[0]}`", *row[1:]] for row in _tsv("variables.tsv")[1:])
    )


def roles(name: str) -> None:
    """Who has which role on what, and why."""
    _table(
        ["who", "role", "on", "why"], ([f"`{who}`", f"`{role}`", f"`{on}`", why] for who, role, on, why in _tsv(name))
    )


def deployer_roles() -> None:
    """What the person who deploys needs, and why."""
    _table(["role", "why"], ([f"`{role}`", why] for role, _, _, why in _tsv("deployer-roles.tsv")))


# Macro-F1 of FastText and of XLM-R, fine-tuned on all languages: Barbieri, Espinosa Anke, Camacho-Collados 2022, LREC
_PUBLISHED = {
    "ar": (46.0, 64.3),
    "de": (59.6, 72.8),
    "en": (50.9, 68.5),
    "es": (50.1, 66.0),
    "fr": (54.8, 70.5),
    "it": (54.7, 68.6),
    "pt": (55.1, 69.8),
}


def accuracies() -> None:
    """How often the scores of both models are right, beside what is published."""
    multilingual, english = accuracy.measured().values()
    rows = []
    for lang, (fasttext, xlm) in _PUBLISHED.items():
        english_f1 = f"{100 * english[lang]['three']:.1f}" if lang in english else "–"
        rows.append([languages.name(lang), english_f1, *_figures(multilingual[lang]), str(fasttext), str(xlm)])
    mean = {
        name: sum(figures[name] for figures in multilingual.values()) / len(multilingual) for name in multilingual["en"]
    }
    published = [f"{sum(column) / len(_PUBLISHED):.1f}" for column in zip(*_PUBLISHED.values(), strict=True)]
    rows.append(["mean", "", *_figures(mean), *published])
    headings = ["multilingual", "its right signs", "neutral posts scored neutral", "mean score of neutral posts"]
    _table(["macro-F1 on UMSAB", "english", *headings, "FastText", "XLM-R"], rows)


def _figures(measured: Mapping[str, float]) -> list[str]:
    shares = (f"{100 * measured[name]:.0f} %" for name in ("two", "neutral"))
    return [f"{100 * measured['three']:.1f}", *shares, f"{measured['neutral_mean']:+.2f}"]


def tables() -> None:
    """Each table with its columns."""
    layout = json.loads((INFRA / "bigquery" / "layout.json").read_text(encoding="utf-8"))
    for name, how in layout.items():
        partition = f" Partitioned by day of `{how['partition']}`." if "partition" in how else ""
        cluster = f" Clustered by `{'`, `'.join(how['cluster'])}`." if "cluster" in how else ""
        print(f"\n### {name}\n\n{how['description']}.{partition}{cluster}\n")
        fields = json.loads((INFRA / "bigquery" / f"{name}.json").read_text(encoding="utf-8"))
        kinds = (f"{field['type']}{' (repeated)' if field['mode'] == 'REPEATED' else ''}" for field in fields)
        _table(
            ["column", "type", "meaning"],
            ([f"`{field['name']}`", kind, field["description"]] for field, kind in zip(fields, kinds, strict=True)),
        )


def views() -> None:
    """Each view with the question that it answers: the comment at its head."""
    rows = []
    for path in sorted((INFRA / "bigquery" / "views").glob("*.sql")):
        head = re.match(r"(?:-- .*\n)+", path.read_text(encoding="utf-8"))
        assert head, path
        rows.append([f"`{path.stem}`", " ".join(line.removeprefix("-- ") for line in head[0].splitlines())])
    _table(["view", "what it answers"], rows)


# How often a table gets rows while all is well: hours until dbt warns, and the condition that prunes partitions.
_FRESH = {
    "tweets": ("loaded_at", 24, "created_at >= datetime_sub(current_datetime(), interval 7 day)"),
    "ingester_events": ("`at`", 1, "`at` >= timestamp_sub(current_timestamp(), interval 7 day)"),
}
_UNIQUE = {"tweets": "id"}  # the tables are append-only, and may have a row twice


def dbt_tables() -> None:
    """The dataset's view tweets and its tables as a source of dbt, with descriptions, tests and freshness."""
    layout = json.loads((INFRA / "bigquery" / "layout.json").read_text(encoding="utf-8"))
    shown = "One row a post: the newest version of each edit chain, nothing that was deleted, no duplicates"
    fields = {name: json.loads((INFRA / "bigquery" / f"{name}.json").read_text(encoding="utf-8")) for name in layout}
    counted = {"name": "counted_at", "description": "When the counts of the post were read", "mode": "NULLABLE"}
    _dbt_table("tweets", shown, [*fields["tweet_versions"], counted])
    for name, how in layout.items():
        _dbt_table(name, how["description"], fields[name])


def _dbt_table(name: str, description: str, fields: Iterable[dict[str, str]]) -> None:
    print(f"      - name: {name}\n        description: {json.dumps(description, ensure_ascii=False)}")
    if name in _FRESH:
        column, hours, condition = _FRESH[name]
        print("        config:")
        print(f"          loaded_at_field: {json.dumps(column)}")
        print(f"          freshness: {{warn_after: {{count: {hours}, period: hour}}, filter: {json.dumps(condition)}}}")
    print("        columns:")
    for field in fields:
        tests = ["not_null"] if field["mode"] == "REQUIRED" else []
        tests += ["unique"] if field["name"] == _UNIQUE.get(name) else []
        print(f"          - name: {json.dumps(field['name'])}")
        if field["name"] == "at":  # a keyword of GoogleSQL
            print("            quote: true")
        print(f"            description: {json.dumps(field['description'], ensure_ascii=False)}")
        if tests:
            print(f"            data_tests: [{', '.join(tests)}]")


def reasons(heading: str) -> None:
    """Values of the column `reason`."""
    named = {"rejected": REJECTED, "filtered": DROPPED}[heading]
    _table(["reason", "meaning"], ([f"`{reason}`", meaning] for reason, meaning in named.items()))


def exit_codes() -> None:
    """The ingester's exit codes, from its errors."""
    rows = [
        ["0", "told to stop, and everything is published; or nothing to do"],
        ["1", "a bug; or `rules plan` or `rules check` found something"],
    ]
    table = re.findall(r"^  (\w+) +(\d) +(.+)$", errors.__doc__ or "", re.MULTILINE)
    codes = {error.__name__: error.exit_code for error in ExpectedError.__subclasses__()}
    assert {name: int(code) for name, code, _ in table} == codes
    rows += [[code, what] for name, code, what in table if int(code)]
    _table(["code", "what happened"], [*rows, ["130", "interrupted by Ctrl-C"]])


def metrics() -> None:
    """Log-based metrics."""
    metrics = (
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((INFRA / "monitoring" / "metrics").glob("*.json"))
    )
    _table(
        ["metric", "meaning"],
        (
            [f"`{metric['name'].replace('${PREFIX}', 'tds')}`", metric["description"].removeprefix("${APP}: ")]
            for metric in metrics
        ),
    )


def alerts() -> None:
    """Alerts, and what their condition says."""
    policies = (
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((INFRA / "monitoring" / "alerts").glob("*.json"))
    )
    _table(
        ["alert", "severity"],
        ([policy["displayName"].removeprefix("${APP}: "), policy["severity"].lower()] for policy in policies),
    )


def commands() -> None:
    """Each program with its options."""
    for name, make in PARSERS.items():
        parser = make()
        print(f"\n### {name if name.startswith('scripts') else f'python -m {name}'}\n")
        print(f"{_sentence(parser.description or '')}\n")
        _options(parser, defaults=parser.formatter_class is argparse.ArgumentDefaultsHelpFormatter)


def deploy() -> None:
    """The help of deploy.sh."""
    text = (ROOT / "deploy.sh").read_text(encoding="utf-8")
    match = re.search(r"cat <<'HELP'\n(.*?)\nHELP", text, re.DOTALL)
    assert match
    print(f"\n```text\n{match[1]}\n```\n")


def decisions() -> None:
    """A line for each decision, with its title."""
    for file in sorted((ROOT / "docs" / "decisions").glob("0*.md")):
        title = re.sub(r"^# (\d{4}: )?", "", file.read_text(encoding="utf-8").splitlines()[0])
        print(f"- [{file.name[:4]}]({file.name}): {title}")


def _options(parser: argparse.ArgumentParser, command: str = "", *, defaults: bool = False) -> None:
    rows = [row for action in parser._actions for row in _option(action, defaults=defaults)]
    if rows:
        _table([f"`{command}`" if command else "option", "meaning"], rows)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, sub in action.choices.items():
                words = f"{command} {name}".strip()
                print(f"\n**{words}**: {helps[name]}\n")
                _options(sub, words)


def _option(action: argparse.Action, *, defaults: bool) -> Iterator[list[str]]:
    if (
        isinstance(action, argparse._SubParsersAction | argparse._HelpAction | argparse._VersionAction)
        or action.help == argparse.SUPPRESS
    ):
        return
    shown = ", ".join(action.option_strings) or str(action.metavar or action.dest)
    if action.choices and not action.option_strings:
        shown = " or ".join(map(str, action.choices))
    elif action.nargs != 0 and action.option_strings:
        choices = "|".join(map(str, action.choices)) if action.choices else None
        shown += f" {choices or action.metavar or action.dest.upper()}"
    meaning = (
        (action.help or "") % {"default": action.default, "prog": "", "dest": action.dest}
        if "%(" in (action.help or "")
        else (action.help or "").replace("%%", "%")
    )
    if defaults and action.default not in (None, True, False):
        meaning += f" ({action.default})"
    yield [f"`{shown}`", _strip_markup(meaning)]


def _strip_markup(text: str) -> str:
    """Without what differs from machine to machine."""
    return " ".join(text.replace(str(ROOT) + "/", "").split())


def _sentence(text: str) -> str:
    return _strip_markup(text)


def _tsv(name: str) -> list[list[str]]:
    with (INFRA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    print(f"\n| {' | '.join(head)} |")
    print(f"| {' | '.join('---' for _ in head)} |")
    for row in rows:
        print("| " + " | ".join(_cell(cell) for cell in row) + " |")
    print("")


def _cell(text: str) -> str:
    return text.replace("|", "\\|") if "`" not in text else re.sub(r"(?<!\\)\|", r"\\|", text)
