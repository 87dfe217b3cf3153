"""One drawing serves light and dark pages, is the same every time and asks nobody for anything."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations

import altair as alt
import polars as pl
import pytest

from assay.picture import css, inline, standalone, svg, themed
from assay.picture.palette import CATEGORIES, DARK, INK, LIGHT, MUTED


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def used_colours(drawn: str) -> set[str]:
    return set(re.findall(r'\b(?:fill|stroke)="([^"]+)"', drawn)) - {"none", "transparent"}


def test_every_colour_of_every_chart_follows_the_page(chart):
    literal = {colour for colour in used_colours(svg(chart)) if not colour.startswith("var(--")}
    assert not literal, f"colours that a dark page cannot change: {literal}"


def test_dark_and_light_files_differ_only_in_their_colours(chart):
    light, dark = svg(chart, "light"), svg(chart, "dark")
    assert used_colours(dark) <= set(DARK.values())
    back = {DARK[name]: colour for name, colour in LIGHT.items()}
    restored = re.sub(
        r'\b(fill|stroke)="(#\w+)"', lambda found: f'{found[1]}="{back[found[2]]}"', dark
    )
    assert restored == light


def test_a_drawing_is_the_same_every_time(chart):
    assert svg(chart) == svg(chart)


def test_an_svg_is_well_formed_named_and_shrinks_with_its_box(chart):
    root = ET.fromstring(svg(chart))
    assert root.get("role") == "img"
    assert root.get("aria-label") == chart.to_dict()["description"]
    assert root.get("width") is None
    assert "width:100%" in (root.get("style") or "")
    assert root.get("viewBox")


def test_a_drawing_holds_no_script_and_no_address(chart):
    drawn = svg(chart).replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in drawn
    assert "http" not in drawn
    assert "<image" not in drawn


def test_a_file_that_stands_alone_has_its_size_and_both_sets_of_colours(chart):
    root = ET.fromstring(standalone(chart))
    assert [root.get("width"), root.get("height")] == root.get("viewBox", "").split()[2:]
    (style,) = [node.text or "" for node in root if node.tag.endswith("style")]
    rules = dict(re.findall(r'\[fill="(#\w+)"\]\{fill:(#\w+)\}', style))
    assert rules == {light: DARK[name] for name, light in LIGHT.items()}
    assert style.startswith("@media (prefers-color-scheme:dark){")
    assert used_colours(svg(chart, "light")) <= set(rules)


def test_a_drawing_in_a_notebook_follows_the_text_around_it_and_not_the_system(chart):
    drawn = inline(chart)
    assert "prefers-color-scheme" not in drawn
    ET.fromstring(drawn)
    named = set(re.findall(r"(--chart-\w+):[^;\"]*currentColor", drawn))
    used = {colour.split(",")[0].removeprefix("var(") for colour in used_colours(drawn)}
    assert used <= named


def test_clip_paths_of_two_pictures_on_one_page_have_different_names():
    ids = []
    for rows in (3, 4):
        table = pl.DataFrame({"x": range(rows), "y": range(rows)})
        chart = alt.Chart(table).mark_line(clip=True).encode(x="x:Q", y="y:Q")
        drawn = svg(themed(chart))
        found = set(re.findall(r'id="([^"]+)"', drawn))
        assert found == set(re.findall(r"url\(#([^)]+)\)", drawn))
        ids.append(found)
    assert ids[0]
    assert not ids[0] & ids[1]


def test_text_that_looks_like_a_colour_stays_text():
    table = pl.DataFrame({"x": [1], "name": [f'fill="{INK}"']})
    drawn = svg(themed(alt.Chart(table).mark_text().encode(x="x:Q", text="name:N")), "dark")
    assert INK in "".join(ET.fromstring(drawn).itertext())


@pytest.mark.parametrize("name", sorted(set(LIGHT) - {"grid"}))
def test_lines_and_words_are_readable_on_their_paper(name):
    assert contrast(LIGHT[name], "#f7f7f5") >= 4.5
    assert contrast(DARK[name], "#15191d") >= 4.5


def test_contrast_agrees_with_the_published_example():
    # WCAG 2.2: black on white is 21:1; #767676 is the palest grey that passes AA on white.
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


def test_categories_stay_apart_without_red_green_vision():
    """Simulated deuteranopia, Machado, Oliveira & Fernandes (2009), severity 1.0, linear RGB."""
    matrix = [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]

    def seen(colour: str) -> list[float]:
        linear = [(int(colour[at : at + 2], 16) / 255) ** 2.2 for at in (1, 3, 5)]
        return [sum(w * part for w, part in zip(row, linear, strict=True)) for row in matrix]

    for one, other in combinations(CATEGORIES[:4], 2):
        apart = sum(abs(a - b) for a, b in zip(seen(one), seen(other), strict=True))
        assert apart > 0.1, f"{one} and {other} look alike"


def test_css_names_each_colour_for_light_and_for_dark():
    light, dark = css().split("@media")
    for name in LIGHT:
        assert f"--chart-{name}:{LIGHT[name]};" in light
        assert f"--chart-{name}:{DARK[name]};" in dark


def test_a_chart_keeps_the_size_it_is_given():
    table = pl.DataFrame({"x": [1], "y": [1]})
    chart = alt.Chart(table).mark_point(color=MUTED).encode(x="x:Q", y="y:Q")
    spec = themed(chart, width=222, height=111).to_dict()
    assert (spec["width"], spec["height"]) == (222, 111)


def test_styling_a_chart_leaves_the_original_as_it_was():
    chart = alt.Chart(pl.DataFrame({"x": [1]})).mark_point().encode(x="x:Q")
    before = chart.to_dict()
    themed(chart)
    assert chart.to_dict() == before
