"""Charts as pictures to put into a paper or a talk: SVG, or PNG of 300 dots an inch."""

import copy
from typing import Any

import vl_convert

from .base import Spec
from .graph import keep_labels_apart
from .theme import LIGHT

FORMATS = ("svg", "png")
_WIDTH = 760  # px
_PIXELS_PER_INCH = 300  # of PNG, as journals ask for


def image(spec: Spec, title: str, caption: str, kind: str) -> bytes:
    """Return a chart with its title and caption as a picture of a `kind` of FORMATS, in the light colours on white."""
    titled = copy.deepcopy(spec) | {"title": {"text": title, "subtitle": caption}}
    config = LIGHT | {"background": "white"}
    if "/vega-lite/" in spec["$schema"]:
        titled["width"] = _WIDTH
        svg = vl_convert.vegalite_to_svg(titled, config=config)
    else:
        svg = vl_convert.vega_to_svg(keep_labels_apart(_fixed(titled), _WIDTH) | {"config": _without_lite(config)})
    if kind == "svg":
        return svg.encode()
    return bytes(vl_convert.svg_to_png(svg, ppi=_PIXELS_PER_INCH))


def _fixed(spec: Spec) -> Spec:
    """Return a specification of Vega with a width of its own in place of the page's."""
    signals = [signal for signal in spec.get("signals", []) if signal.get("name") != "width"]
    return spec | {"signals": signals, "width": _WIDTH}


def _without_lite(config: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in ("font", "view", "range")} | {
        "range": {"category": config["range"]["category"]}
    }
