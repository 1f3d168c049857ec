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

from . import questions, tables
from .disk_cache import on_disk
from .results import Report

_TEMPLATES = Path(__file__).parent / "templates"
_SHOWN = 200  # rows of a table; the CSV has all


def html(report: Report) -> str:
    """Return the whole HTML file."""
    asked = report.asked
    charts = {name: answer.chart for name, answer in report.answers.items() if answer.chart}
    sections = [
        (title, [report.answers[name] for name in names if name in report.answers])
        for title, names in questions.sections().items()
    ]
    sql = {name: questions.pasteable(answer.question, asked, report.dataset) for name, answer in report.answers.items()}
    return render(
        "report.html",
        report=report,
        sections=[(title, answers) for title, answers in sections if answers],
        totals=next(iter(report.answers["totals"].rows), None) if "totals" in report.answers else None,
        complete=_completeness(report),
        since=asked.local(asked.since),
        until=asked.local(asked.until),
        charts=as_json(charts),
        posts=as_json(_posts(report)),
        sql=sql,
        shown=_SHOWN,
        by_time={name for name, answer in report.answers.items() if answer.question.is_by_time},
    )


def render(template: str, **values: Any) -> str:
    """A page, with the hashes of its own scripts in its Content-Security-Policy."""
    scripts = {
        "vega": vega(),
        "app": (_TEMPLATES / template.replace(".html", ".js")).read_text(encoding="utf-8"),
        "themes": (_TEMPLATES / "themes.js").read_text(encoding="utf-8"),
    }
    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    policy = policy_of(list(scripts.values()), "'self'" if template == "live.html" else "'none'")
    return _environment().get_template(template).render(scripts=scripts, style=style, policy=policy, **values)


def policy_of(scripts: list[str], connect: str = "'none'") -> str:
    """Vega compiles its expressions, so 'unsafe-eval'; nothing is fetched, and no other script runs."""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'none'; script-src {hashes} 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )


def as_json(value: Any) -> str:
    """For a JSON block in HTML: nothing in it can end the block or begin a comment."""
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


def _posts(report: Report) -> list[dict[str, Any]]:
    """Return the sample for the page's reader."""
    answer = report.answers.get("posts_to_read")
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
        for row in (answer.rows if answer else [])
    ]


def _completeness(report: Report) -> dict[str, Any] | None:
    """Return the receipt in one line: what arrived and what is missing."""
    receipt = report.answers.get("receipt")
    if receipt is None:
        return None
    rows = receipt.rows
    return {"published": sum(row["published"] for row in rows), "balance": sum(row["balance"] for row in rows)}


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "cell_of": tables.cell,
        "cell_number": lambda value: tables.cell("", value),
        "cell_share": lambda value: tables.cell("share", value),
        "cell_time": lambda value: tables.cell("", value),
        "heading": tables.heading,
    }
    made.globals |= {"is_number": tables.is_number, "link": tables.link}
    return made
