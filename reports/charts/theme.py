"""The colours and letters of the charts, light and dark: Vega-Lite's configuration. The page's own are in style.css."""

from typing import Any

_PALETTE = ("#3a7ca5", "#e9a03b", "#2a9d8f", "#81559b", "#d1495b", "#7f8c8d")


def _theme(ink: str, faint: str, grid: str, steps: list[str]) -> dict[str, Any]:
    return {
        "background": "transparent",
        "font": "system-ui, Segoe UI, Roboto, Noto Sans, DejaVu Sans, sans-serif",
        "axis": {
            "labelColor": faint,
            "titleColor": faint,
            "gridColor": grid,
            "domainColor": grid,
            "tickColor": grid,
            "titleFontWeight": "normal",
            "labelFontSize": 11,
            "titleFontSize": 11,
        },
        "axisX": {"grid": False, "labelFlush": True, "labelOverlap": "greedy", "labelSeparation": 8},
        "legend": {
            "labelColor": ink,
            "titleColor": faint,
            "orient": "top",
            "titleFontWeight": "normal",
            "symbolType": "square",
        },
        "title": {"color": ink, "subtitleColor": faint, "anchor": "start", "fontSize": 14, "subtitleFontSize": 11},
        "text": {"color": faint, "fill": faint},
        "bar": {"color": _PALETTE[0]},
        "line": {"color": _PALETTE[0]},
        "area": {"color": _PALETTE[0]},
        "range": {"category": list(_PALETTE), "ordinal": steps, "ramp": steps, "heatmap": steps},
        "view": {"stroke": None},
    }


LIGHT = _theme("#1d2733", "#5b6776", "#e3e7ec", ["#dcecf3", "#a3cbdd", "#69a7c4", "#3a7ca5", "#1c4f70"])
DARK = _theme("#e6ebf1", "#98a5b3", "#2c3642", ["#22394a", "#2f5a77", "#3f80a6", "#66aed3", "#b4e1f7"])
THEMES = {"light": LIGHT, "dark": DARK}
