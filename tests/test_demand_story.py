"""The example of demand fails its own check where its story does not hold."""

import dataclasses
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture(scope="module")
def story(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("story", root / "examples/demand/story.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:  # its dataclasses look themselves up by name
        patch.setitem(sys.modules, "story", module)
        spec.loader.exec_module(module)
    return module


def told(story: ModuleType) -> list:
    """Six steps that hold: two weeks of costs that fall, and vary from day to day alike."""
    days = np.tile([0.5, -0.5], 7)
    below = (0.0, 0.4, 0.0, 0.0, 0.0, 0.0)
    inside = (0.0, 0.83, 0.84, 0.86, 0.94, 0.94)
    bias = (-0.1, -0.1, -0.1, -0.1, 0.03, 0.03)
    costs = [level + days for level in (8.0, 7.0, 6.5, 6.4, 6.1, 6.0)]
    each = zip(below, inside, bias, costs, strict=True)
    return [story.Told(f"{k}. step", *one) for k, one in enumerate(each, start=1)]


def test_a_story_that_holds_lacks_nothing(story: ModuleType):
    steps = told(story)
    known = dataclasses.replace(steps[-1], costs=steps[-1].costs - 0.1)
    assert story.shortfalls(steps, known) == []


@pytest.mark.parametrize(
    ("step", "change", "words"),
    [
        (1, {"below": 0.0}, "nothing is below zero"),
        (3, {"below": 0.1}, "reach below zero"),
        (4, {"inside": 0.80}, "80.0% of demand"),
        (5, {"bias": -0.12}, "is no smaller"),
        (5, {"costs": np.full(14, 6.5)}, "6. step: 6.50 a day, dearer than 6.10"),
        (5, {"costs": np.full(14, 8.5)}, "6. step: 8.50 a day is not below 8.00"),
    ],
)
def test_a_step_that_breaks_the_story_is_named(story: ModuleType, step, change, words):
    steps = told(story)
    known = dataclasses.replace(steps[-1], costs=steps[-1].costs - 0.1)
    steps[step] = dataclasses.replace(steps[step], **change)
    assert any(words in each for each in story.shortfalls(steps, known))


def test_a_step_is_dearer_beyond_noise_alone(story: ModuleType):
    last = told(story)[-1]
    noise = np.tile([1.0, -1.0], 7)
    little = dataclasses.replace(last, costs=last.costs + 0.1 + noise)
    assert not story.is_dearer(little, last)
    assert story.is_dearer(dataclasses.replace(last, costs=little.costs + 2.0), last)
