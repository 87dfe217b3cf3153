"""A report as one HTML page: no script, nothing fetched, readable on a phone and on paper."""

import os
import re
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from assay.errors import AssayError
from assay.picture.palette import css
from assay.report.content import PlanContent, ReportContent

# What pictures from `assay.picture` are made of: nothing that runs, links or fetches.
_SHAPES = {"svg", "g", "defs", "clipPath", "path", "line", "rect", "circle", "text", "tspan"}
_FETCH = re.compile(r"url\(\s*(?!#)", re.IGNORECASE)


def render(content: ReportContent) -> str:
    """Lay a report out as one self-contained HTML page.

    Args:
        content: what the page says.

    Returns:
        HTML that needs no script and no network.

    Raises:
        AssayError: a picture is not plain SVG, or two projects have one key.
    """
    _check_keys(content)
    style = Markup(css() + files("assay.report").joinpath("templates/page.css").read_text("utf-8"))
    page = environment().get_template("page.html").render(report=content, style=style)
    return "\n".join(line.rstrip() for line in page.splitlines() if line.strip()) + "\n"


def write(content: ReportContent, path: str | Path) -> Path:
    """Write the page; whoever has the old one open sees either it or the new one, whole.

    Args:
        content: what the page says.
        path: the file; its folder must exist.

    Returns:
        The path written.

    Raises:
        AssayError: the page cannot be laid out, or the folder is missing or read-only.
    """
    target = Path(path)
    page = render(content)
    try:
        write_whole(target, page)
    except OSError as error:
        raise AssayError(
            f"report: {target} cannot be written: {error.strerror or error}. A file in a folder "
            "that exists and that you may write to is accepted. Choose another path."
        ) from error
    return target


def write_whole(target: Path, page: str) -> None:
    """Write a page whole or not at all.

    It fills a neighbour first: a rename within one folder is atomic, a write is not.
    """
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process's mask; `mkstemp` files are private, and a report is there to be shared."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _check_keys(content: ReportContent) -> None:
    keys = [project.key for project in content.projects]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise AssayError(
            f"report: project {twice[0]!r} stands {keys.count(twice[0])} times, a key may stand "
            "once. Give each project its own key."
        )


@cache
def environment() -> Environment:
    """Where templates are, and what they may ask for."""
    environment = Environment(
        loader=PackageLoader("assay.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "svg": _svg,
        "number": _number,
        "plural": _plural,
        "units_of": _units_of,
        "slug": _slug,
        "prose": _prose,
    }
    return environment


def _svg(text: str) -> Markup:
    """Let a picture through unescaped, once it is known to be only a picture."""
    found = _not_a_picture(text)
    if found:
        raise AssayError(
            f"report: a picture holds {found}; one <svg> element of shapes and text, without "
            "script, style or link, is accepted. Draw it with assay.picture.svg."
        )
    return Markup(text)


def _not_a_picture(text: str) -> str:
    """What an SVG holds that a page must not take over unescaped; empty where all is well."""
    if "<!" in text or "<?" in text or not text.startswith("<svg"):
        return repr(text[:40])
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        return f"broken markup ({error})"
    for node in root.iter():
        name = node.tag.rpartition("}")[2]
        if name not in _SHAPES:
            return f"<{name}>"
        for attribute, value in node.attrib.items():
            if re.match(r"on|.*href$", attribute, re.IGNORECASE) or _FETCH.search(value):
                return f'{attribute}="{value[:40]}"'
    return ""


def _prose(text: str) -> Markup:
    """Escape a sentence, set `names` as code and keep numbers beside their signs."""
    kept = str(escape(text)).replace(" %", "\u00a0%")
    kept = re.sub(r"\bp (=|&lt;) ", "p\u00a0\\1\u00a0", kept)
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", kept))


def _number(value: float) -> str:
    """At most one decimal, thousands apart: 1200 -> 1,200; 2.50 -> 2.5."""
    return f"{value:,.1f}".removesuffix(".0")


def _plural(unit: str, value: float) -> str:
    return unit if value == 1 or unit.endswith("s") else f"{unit}s"


def _units_of(plan: PlanContent | None, key: str) -> float | None:
    if plan is None:
        return None
    return next((row.units for row in plan.rows if row.key == key), None)


def _slug(key: str) -> str:
    """A fragment for links: two keys never share one."""
    return "project-" + re.sub(r"[^a-zA-Z0-9]", lambda found: f"_{ord(found.group()):x}", key)
