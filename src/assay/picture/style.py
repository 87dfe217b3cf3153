"""One style for all pictures, and SVG that follows the light or dark page it stands in."""

import re
from collections.abc import Callable
from hashlib import sha256
from html import escape
from typing import Any, Literal, TypeVar, get_args

import altair as alt
import vl_convert

from assay.errors import ConfigError
from assay.picture.palette import CATEGORIES, DARK, GRID, INK, LIGHT, MUTED

Mode = Literal["auto", "light", "dark"]
Chart = TypeVar("Chart", bound=alt.TopLevelMixin)

# Small enough to stay readable when a phone of 390 px shrinks the picture to its width.
WIDTH, HEIGHT = 380, 210
# vl-convert measures text as Liberation Sans; these share its widths, so no label gets cut off.
FONT = "Arial, Liberation Sans, Helvetica, sans-serif"
# Of the text around: words and lines as strong as they are on a page of its own, hues mixed with
# it so that they darken on a light page and lighten on a dark one.
AROUND = ";".join(
    [
        "--chart-ink:currentColor",
        "--chart-muted:color-mix(in srgb,currentColor 75%,transparent)",
        "--chart-grid:color-mix(in srgb,currentColor 15%,transparent)",
        *(
            f"--chart-{name}:color-mix(in srgb,{colour} 70%,currentColor)"
            for name, colour in LIGHT.items()
            if name not in ("ink", "muted", "grid")
        ),
    ]
)
VEGA_LITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


def themed(chart: Chart, *, width: int | None = None, height: int | None = None) -> Chart:
    """Give a chart Assay's style: quiet axes, few grid lines, the palette, a clear background.

    Args:
        chart: any Altair chart, finished but for its style.
        width: width of the plot itself in pixels; default 380 for a plain or layered chart.
        height: likewise; default 210. A concatenated chart keeps the sizes of its parts.

    Returns:
        A styled copy; notebooks show it as it is.
    """
    source: Any = chart  # every chart can be copied; Altair does not type it
    styled = source.copy(deep=False)
    styled.config = alt.Config(**_config())
    if isinstance(chart, alt.Chart | alt.LayerChart):
        return styled.properties(width=width or WIDTH, height=height or HEIGHT)
    return styled


def svg(chart: alt.TopLevelMixin, mode: Mode = "auto") -> str:
    """Draw a chart as SVG text: clear background, no script, no fetch, the same every time.

    Args:
        chart: a chart, best one that went through `themed`; its `description` is what a screen
            reader says.
        mode: `"auto"` writes colours as CSS variables (`--chart-ink`, ...), which `palette.css`
            sets for light and dark and which fall back to light; `"light"` and `"dark"` write
            fixed colours for a file that stands alone.

    Returns:
        One `<svg>` element that is as wide as its box, up to its natural width.

    Raises:
        ConfigError: it is no chart, or no such mode.
    """
    if not hasattr(chart, "to_dict"):
        raise ConfigError(
            f"svg: got {type(chart).__name__}, needs a chart, such as `fitted.picture()`."
        )
    if mode not in get_args(Mode):
        raise ConfigError(f"svg: mode is {mode!r}, must be one of {', '.join(get_args(Mode))}.")
    spec = chart.to_dict()
    drawn = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=[])
    return _framed(_own_ids(_coloured(drawn, mode)), str(spec.get("description", "Chart")))


def inline(chart: alt.TopLevelMixin) -> str:
    """Draw a chart for a notebook, whose page may be light or dark whatever the system is.

    Args:
        chart: as for `svg`.

    Returns:
        HTML; words and lines take the colour of the text around them.
    """
    return f'<div style="{AROUND}">{svg(chart)}</div>'


def standalone(chart: alt.TopLevelMixin) -> str:
    """Draw a chart as an SVG file of its own that follows its reader's light or dark mode.

    Args:
        chart: as for `svg`.

    Returns:
        SVG text with its size and its colours in it, for documentation that shows files.
    """
    drawn = svg(chart, "light")
    width, height = drawn.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split()
    root, inside = drawn.split(">", 1)
    return f'{root} width="{width}" height="{height}"><style>{_dark_rules()}</style>{inside}'


def _dark_rules() -> str:
    """Rules that recolour a light drawing; viewers that know no rules show it light."""
    rules = "".join(
        f'[{attribute}="{light}"]{{{attribute}:{DARK[name]}}}'
        for name, light in LIGHT.items()
        for attribute in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme:dark){{{rules}}}"


def _coloured(drawn: str, mode: Mode) -> str:
    """Replace the light colours in tags; a label that spells a colour stays what it is."""
    names = {colour: name for name, colour in LIGHT.items()}

    def swap(found: re.Match[str]) -> str:
        attribute, colour = found.groups()
        name = names.get(colour.lower())
        if name is None or mode == "light":
            return found.group()
        value = DARK[name] if mode == "dark" else f"var(--chart-{name},{colour})"
        return f'{attribute}="{value}"'

    return _in_tags(r'\b(fill|stroke)="(#[0-9a-fA-F]{6})"', swap, drawn)


def _own_ids(drawn: str) -> str:
    """Name clip paths after the picture: Vega counts them per process, and pages hold many."""
    found = list(dict.fromkeys(re.findall(r'<clipPath id="([^"]+)"', drawn)))
    plain = _in_tags(r"\bclip\d+\b", lambda _: "clip", drawn)
    stem = sha256(plain.encode()).hexdigest()[:10]
    own = {name: f"c{stem}-{place}" for place, name in enumerate(found)}
    return _in_tags(r"\bclip\d+\b", lambda name: own.get(name.group(), name.group()), drawn)


def _in_tags(pattern: str, put: Callable[[re.Match[str]], str], drawn: str) -> str:
    """Rewrite markup only: Vega escapes `<` in labels, but neither quotes nor `=`."""
    return re.sub(r"<[^>]+>", lambda tag: re.sub(pattern, put, tag.group()), drawn)


def _framed(drawn: str, description: str) -> str:
    """Make the root an image with a name that fits its box, and drop Vega's marks for editors."""
    inside = _in_tags(r' (role|aria-[a-z]+|pointer-events)="[^"]*"', lambda _: "", drawn)
    root, rest = inside[: inside.index(">")], inside[inside.index(">") + 1 :]
    written = dict(re.findall(r'(\w+)="([^"]*)"', root))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img" '
        f'viewBox="{written["viewBox"]}" aria-label="{escape(description)}" '
        f'style="display:block;width:100%;max-width:{written["width"]}px;height:auto">{rest}'
    )


def _config() -> dict[str, Any]:
    axis = {
        "labelColor": MUTED,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12.5,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "labelPadding": 5,
        "gridColor": GRID,
        "domainColor": MUTED,
        "tickColor": MUTED,
        "tickSize": 4,
        "tickCount": 5,
        "labelLimit": 180,
    }
    return {
        "aria": False,
        "background": "transparent",
        "font": FONT,
        "padding": 2,
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"grid": False, "labelOverlap": "greedy", "labelSeparation": 6},
        "axisY": {"domain": False, "ticks": False},
        "legend": {
            "orient": "top",
            "title": None,
            "labelColor": INK,
            "labelFontSize": 12,
            "symbolStrokeWidth": 2,
            "columnPadding": 14,
            "labelLimit": 220,
        },
        "title": {"anchor": "start", "color": INK, "fontSize": 13, "fontWeight": "normal"},
        "header": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12},
        "text": {"color": INK, "fontSize": 11.5},
        "range": {"category": list(CATEGORIES)},
    }
