"""Pictures as files: SVG, PNG or HTML by the file's name."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import AssayError, ConfigError

if TYPE_CHECKING:
    import altair as alt

KINDS = (".svg", ".png", ".html")


def check_picture(file: Path) -> None:
    """Refuse a picture that could not be written, before anything is computed or recorded.

    Raises:
        ConfigError: its name says no kind of picture.
        AssayError: its folder is not there or may not be written to, or a folder is in its place.
    """
    if file.suffix.lower() not in KINDS:
        raise ConfigError(
            f"{file}: a picture's name must end in {', '.join(KINDS)}, this one ends in "
            f"{file.suffix or 'nothing'!r}. Write {file.with_suffix('.svg')}."
        )
    if file.is_dir():
        raise _unwritable(file, "it is a folder")
    if not file.parent.is_dir():
        raise _unwritable(file, f"there is no folder {file.parent}")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise _unwritable(file, "you may not write there")


def draw(chart: "alt.TopLevelMixin", file: Path) -> None:
    """Write a chart to `file`.

    Raises:
        AssayError: it cannot be written.
    """
    content = _content(chart, file.suffix.lower())
    try:
        file.write_bytes(content)
    except OSError as error:
        raise _unwritable(file, error.strerror or str(error)) from error


def _unwritable(file: Path, why: str) -> AssayError:
    return AssayError(
        f"{file}: the picture cannot be written: {why}. Name a file in a folder that exists and "
        "that you may write to."
    )


def _content(chart: "alt.TopLevelMixin", kind: str) -> bytes:
    if kind == ".svg":
        from assay.picture import svg

        return svg(chart, "light").encode()
    if kind == ".png":
        import vl_convert

        from assay.picture.style import VEGA_LITE

        spec = chart.to_dict() | {"background": "white"}
        return vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=2, allowed_base_urls=[])
    return chart.to_html(inline=True).encode()
