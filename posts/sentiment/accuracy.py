"""How often each model is right, by language: accuracy.json, made by `scripts/bench sentiment` from UMSAB.

For each model and language: `three`, the macro-F1 of negative, neutral and positive; `two`, the share of right signs of posts that people
called negative or positive; `neutral`, the share of neutral posts that are scored so; and `neutral_mean`, their mean score.
"""

import json
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("accuracy.json")
Measured = dict[str, dict[str, dict[str, float]]]


@cache
def measured() -> Measured:
    by_model: Measured = json.loads(FILE.read_text(encoding="utf-8"))
    return by_model


def right_signs(model: str | None, lang: str) -> float | None:
    """Return the share of right signs of a model in a language; None where it was not measured. Rows of earlier versions say `vader`."""
    for name, by_language in measured().items():
        if model == name or (model == "vader" and name.startswith("vader-")):
            return by_language.get(lang, {}).get("two")
    return None
