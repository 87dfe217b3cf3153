"""Pictures as files: SVG, PNG or HTML by the file's name."""

from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import AssayError, ConfigError

if TYPE_CHECKING:
    import altair as alt

KINDS = (".svg", ".png", ".html")


def check_kind(file: Path) -> None:
    """Refuse a name that says no kind of picture, before anything is computed.

    Raises:
        ConfigError: it ends in something else.
    """
    if file.suffix.lower() not in KINDS:
        raise ConfigError(
            f"{file}: a picture's name must end in {', '.join(KINDS)}, this one ends in "
            f"{file.suffix or 'nothing'!r}. Write {file.with_suffix('.svg')}."
        )


def draw(chart: "alt.TopLevelMixin", file: Path) -> None:
    """Write a chart to `file`.

    Raises:
        AssayError: it cannot be written.
    """
    content = _content(chart, file.suffix.lower())
    try:
        file.write_bytes(content)
    except OSError as error:
        raise AssayError(
            f"{file}: the picture cannot be written: {error.strerror or error}. Name a file in a "
            "folder that exists and that you may write to."
        ) from error


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
