"""One self-contained HTML file: charts, the tables behind them, what was asked. It loads nothing from anywhere.

Everything that comes from X passes Jinja's escaping, or is data inside a JSON block; only the scripts whose hashes the page
names may run.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import orjson
import vl_convert

from posts import languages

from . import methods, overview, questions, tables
from .charts.theme import THEMES
from .disk_cache import on_disk
from .results import QuestionResult, Report

_TEMPLATES = Path(__file__).parent / "templates"
_SHOWN = 200  # rows of a table; the CSV has all
_FOLDED = frozenset(
    {"posts_to_read", "posts_by_hour", "posts_by_day", "posts_by_week", "sentiment_by_hour"}
)  # tables of what something else shows


def html(report: Report) -> str:
    """Return the whole HTML file."""
    params, first = report.params, overview.overview(report)
    charts = {
        f"{name}-{number}" if number else name: drawn.spec
        for name, result in report.results.items()
        for number, drawn in enumerate(result.charts)
    }
    glances = {
        result.question.name: result.glance.spec for part in first.parts for result in part.results if result.glance
    }
    sections = [
        (title, [report.results[name] for name in names if name in report.results and _is_shown(report, name)])
        for title, names in questions.sections(with_search=True).items()
    ]
    sql = {
        name: questions.pasteable(result.question, params, report.dataset) for name, result in report.results.items()
    }
    return render(
        "report.html",
        report=report,
        overview=first,
        titles=overview.TITLES,
        methods=methods.methods(report),
        captions={name: caption(report, result) for name, result in report.results.items()},
        sections=[(title, results) for title, results in sections if results],
        totals=next(iter(report.results["totals"].rows), None) if "totals" in report.results else None,
        complete=_completeness(report),
        since=params.local(params.since),
        until=params.local(params.until),
        last=params.last_moment,
        charts=as_json({"chart": charts, "glance": glances}),
        posts=as_json(_read(report)),
        sql=sql,
        shown=_SHOWN,
        folded=_FOLDED,
        by_time={name for name, result in report.results.items() if result.question.is_by_time},
    )


def render(template: str, **values: Any) -> str:
    """A page, with the hashes of its own scripts in its Content-Security-Policy."""
    scripts = {
        "vega": vega(),
        "app": (_TEMPLATES / template.replace(".html", ".js")).read_text(encoding="utf-8"),
        "themes": (_TEMPLATES / "themes.js").read_text(encoding="utf-8"),
    }
    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    policy = content_policy(list(scripts.values()), "'self'" if template == "live.html" else "'none'")
    return (
        _environment()
        .get_template(template)
        .render(scripts=scripts, style=style, policy=policy, themes=as_json(THEMES), **values)
    )


def content_policy(scripts: list[str], connect: str = "'none'") -> str:
    """Return a policy under which nothing is fetched and no other script runs. Vega compiles its expressions, so it needs 'unsafe-eval'."""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'none'; script-src {hashes} 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )


def as_json(value: Any) -> str:
    """Return JSON for a block in HTML, escaped so that nothing in it can end the block or begin a comment."""
    text = orjson.dumps(value, default=str).decode()
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028")


@on_disk("vl-convert-python")
def vega() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, as vl-convert carries them."""
    return (
        str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
        .replace("</script", "<\\/script")
        .replace("<!--", "<\\!--")
    )


def _read(report: Report) -> list[dict[str, Any]]:
    """Return the sample for the page's reader."""
    result = report.results.get("posts_to_read")
    return [
        {
            "posted_at": row["posted_at"].isoformat(),
            "username": row["user_username"],
            "lang": row["lang"],
            "language": languages.name(row["lang"]),
            "rules": [rule for rule in (row["rules"] or "").split(", ") if rule],
            "sentiment": row["sentiment"],
            "text": row["text"],
            "link": tables.link(row, "id"),
        }
        for row in (result.rows if result else [])
    ]


def _is_shown(report: Report, name: str) -> bool:
    """Whether the page shows an answer by itself."""
    result = report.results[name]
    is_of_a_stream = result.question.when == "streamed"
    return not result.question.is_beside and (bool(result.rows) or report.coverage is not None or not is_of_a_stream)


def caption(report: Report, result: QuestionResult) -> str:
    """Return what stands under a chart: how many posts it shows, of which period, and which filters."""
    params = report.params
    begin, end = (f"{moment:%d %b %Y}" for moment in (params.local(params.since), params.last_moment))
    limits = [f"{name}: {value}" for name, value in params.filters.items()]
    count = [f"n = {result.n}"] if result.n else []
    return " · ".join([*count, f"{begin} to {end} ({params.timezone})", *limits])


def _completeness(report: Report) -> dict[str, Any] | None:
    """Return the receipt in one line: what arrived and what is missing."""
    receipt = report.results.get("receipt")
    if receipt is None or (report.coverage is None and not receipt.rows):
        return None
    rows = receipt.rows
    return {"published": sum(row["published"] for row in rows), "balance": sum(row["balance"] for row in rows)}


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cell_of": tables.cell,
        "cell_number": lambda value: tables.cell("", value),
        "cell_share": lambda value: tables.cell("share", value),
        "cell_time": lambda value: tables.cell("", value),
        "heading": tables.heading,
        "slug": lambda title: title.lower().replace(" ", "-"),
    }
    environment.globals |= {"is_number": tables.is_number, "link": tables.link}
    return environment
