"""The colours of every picture, by role; they stay apart for colour-blind readers.

Charts are drawn in the light colours. Each light colour is also the mark by which `style.svg` finds
it again, so one drawing serves light and dark pages.

Source: hues after Okabe & Ito (2008), Color Universal Design, darkened until lines and text keep a
contrast of at least 4.5 to the page, `#f7f7f5` (dark set: to `#15191d`).
"""

from types import MappingProxyType

INK = "#1c2126"
MUTED = "#59626b"
GRID = "#e1e5e8"
BLUE = "#1f649f"
ORANGE = "#ad5711"
GREEN = "#0e7355"
RED = "#ab3618"
PURPLE = "#7b3f8c"

LIGHT = MappingProxyType(
    {
        "ink": INK,
        "muted": MUTED,
        "grid": GRID,
        "blue": BLUE,
        "orange": ORANGE,
        "green": GREEN,
        "red": RED,
        "purple": PURPLE,
    }
)
DARK = MappingProxyType(
    {
        "ink": "#e9ebed",
        "muted": "#a7b0b8",
        "grid": "#333a41",
        "blue": "#73b3ea",
        "orange": "#eaa35f",
        "green": "#52c59d",
        "red": "#f2917a",
        "purple": "#cba2de",
    }
)
CATEGORIES = (BLUE, ORANGE, GREEN, PURPLE, RED, MUTED)


def css() -> str:
    """The colours as CSS variables (`--chart-ink`, ...), for a page that shows `style.svg`.

    Returns:
        Rules for light pages and for readers who prefer dark; paper is always light.
    """
    light, dark = _declarations(LIGHT), _declarations(DARK)
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def _declarations(colours: MappingProxyType[str, str]) -> str:
    return "".join(f"--chart-{name}:{colour};" for name, colour in colours.items())
