"""Companies whose projects, and what effort truly brings to each, are known."""

from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import ConfigError
from assay.portfolio import SHAPES, Allocation, Observation, allocate
from assay.portfolio.kinds import Floats
from assay.simulate.streams import stream

# The law of the projects. It differs from the prior of curves in every number, so that a policy
# that uses that prior is not told the truth in advance.
LOG_TAU = (np.log(24.0), 0.9)  # mean and standard deviation of log tau, person-days
Q_LEAST, Q_MOST = 0.6, 1.0
A_BETA = (4.0, 2.0)
LOG_IMPORTANCE = (0.0, 0.8)
LOG_KAPPA = (np.log(0.045), 0.4)
LARGE_SHORTFALL = (0.15, 4.0)  # probability, size in kappas
SE = 0.02
START_UP_LEAST, START_UP_MOST = 8, 30  # units
POINTS = 100.0  # in the whole headroom
S_CURVE = "s-curve"
STEEPNESS = 3.0  # exponent of the S-curves

MOST_PROJECTS = 1000


@dataclass(frozen=True, kw_only=True)
class TrueProject:
    """One project and its true curve; efforts are in person-days.

    Fields:
        key: short name.
        team: who works on it.
        importance: value of one point; a point is 0.01 of the headroom.
        family: shape of the curve, one of `SHAPES` or `s-curve`.
        tau: time scale.
        q: exponent, where the shape has one.
        height: headroom reached in the long run; 0 for a dead project.
        kappa: typical shortfall of an attempt below the curve, headroom.
        start_up: effort that brings nothing before the rest counts; its team knows it.
    """

    key: str
    team: str
    importance: float
    family: str
    tau: float
    q: float
    height: float
    kappa: float
    start_up: int = 0

    @property
    def is_dead(self) -> bool:
        """Whether no effort brings anything."""
        return self.height == 0.0

    def headroom(self, effort: ArrayLike) -> Floats:
        """Share of the headroom that the efforts truly reach, 0 to 1."""
        x = effective(effort, self.start_up)
        if self.family == S_CURVE:
            risen = (x / self.tau) ** STEEPNESS
            return self.height * risen / (1.0 + risen)
        return self.height * SHAPES[self.family](x, np.array(self.tau), np.array(self.q))

    def value(self, effort: ArrayLike) -> Floats:
        """What the efforts are truly worth: importance times points."""
        return self.importance * POINTS * self.headroom(effort)


@dataclass(frozen=True, kw_only=True)
class Company:
    """A portfolio of projects whose truth is known.

    Fields:
        seed: of everything that happens in it.
        projects: with their true curves.
    """

    seed: int
    projects: tuple[TrueProject, ...]

    def attempt(self, project: TrueProject, effort: float, rng: np.random.Generator) -> Observation:
        """Try a project once, and see a score that falls short of its curve and is noisy.

        Args:
            project: one of this company's.
            effort: spent on it so far, this attempt included; person-days.
            rng: decides how the attempt goes.

        Raises:
            PlanError: `effort` is negative or not finite.
        """
        chance, size = LARGE_SHORTFALL
        mean = project.kappa * (size if rng.random() < chance else 1.0)
        missed = rng.normal(0.0, SE) - rng.exponential(mean)
        return Observation(effort, score=float(project.headroom(effort)) + missed, se=SE)

    def value(self, efforts: ArrayLike) -> float:
        """What a split is truly worth: importance times points, summed over projects.

        Args:
            efforts: one for each project, person-days.
        """
        pairs = zip(self.projects, np.asarray(efforts, float), strict=True)
        return float(sum(project.value(effort) for project, effort in pairs))

    def values(self, budget: int) -> list[Floats]:
        """For each project the true value of its first 0, 1, ... `budget` units."""
        x = np.arange(budget + 1.0)
        return [np.maximum.accumulate(project.value(x)) for project in self.projects]

    def oracle(self, budget: int) -> Allocation:
        """The best split of a budget for somebody who knows the truth.

        Args:
            budget: whole units.

        Raises:
            PlanError: the budget is negative or not whole.
        """
        return allocate(self.values(max(int(budget), 0)), budget)

    def _repr_html_(self) -> str:
        heads = ("project", "team", "importance", "curve", "tau", "reaches", "start-up")
        body = "".join(_row("td", _cells(project)) for project in self.projects)
        head = f"Company {self.seed}: {len(self.projects)} projects"
        return f"<p><strong>{head}</strong></p><table>{_row('th', heads)}{body}</table>"


def company(
    seed: int = 0, *, projects: int = 5, share_dead: float = 0.25, share_late: float = 0.0
) -> Company:
    """Draw a company with known curves, from another law than the prior of curves.

    Each project has one of the six shapes with a log-normal time scale, an importance of
    logN(0, 0.8), and with probability `share_dead` nothing to gain. A late project, as likely as
    not, follows an S-curve that nobody foresees, or has a start-up cost of 8 to 30 units that its
    team knows.

    Args:
        seed: makes the same company again, 0 or above.
        projects: how many, 1 to 1000.
        share_dead: probability that a project is dead, 0 to 1.
        share_late: probability that a project brings nothing at first, 0 to 1.

    Returns:
        The company. More projects leave the first ones of a smaller company unchanged, and other
        shares leave those projects unchanged that they do not concern.

    Raises:
        ConfigError: an argument is out of range.
    """
    check_company(seed, projects, share_dead, share_late)
    drawn = (_project(seed, at, share_dead, share_late) for at in range(projects))
    return Company(seed=seed, projects=tuple(drawn))


def check_company(seed: int, projects: int, share_dead: float, share_late: float) -> None:
    """Refuse what no company can be drawn from.

    Raises:
        ConfigError: an argument is out of range.
    """
    if not (seed >= 0 and seed == int(seed)):
        raise _refusal("seed", seed, "a whole number from 0 on", "Pass `seed=1`.")
    if not (1 <= projects <= MOST_PROJECTS and projects == int(projects)):
        accepted = f"a whole number from 1 to {MOST_PROJECTS:,}"
        raise _refusal("projects", projects, accepted, "Pass `projects=5`.")
    for name, share in (("share_dead", share_dead), ("share_late", share_late)):
        if not 0 <= share <= 1:  # written so that nan is refused too
            raise _refusal(name, share, "from 0 to 1", f"Write `{name}=0.25` for one in four.")


def effective(effort: ArrayLike, start_up: int) -> Floats:
    """The effort that counts: nothing of the first `start_up` units does."""
    return np.maximum(np.asarray(effort, float) - start_up, 0.0)


def _project(seed: int, at: int, share_dead: float, share_late: float) -> TrueProject:
    """Every number is drawn, needed or not, so that no share shifts the numbers after it."""
    rng = stream(seed, "project", at)
    family = list(SHAPES)[rng.integers(len(SHAPES))]
    tau = float(np.exp(rng.normal(*LOG_TAU)))
    q, height = float(rng.uniform(Q_LEAST, Q_MOST)), float(rng.beta(*A_BETA))
    is_dead, is_late, is_s_curve = rng.random(3) < (share_dead, share_late, 0.5)
    start_up = int(rng.integers(START_UP_LEAST, START_UP_MOST + 1))
    return TrueProject(
        key=f"P{at + 1:02d}",
        team=f"T{1 + int(rng.integers(3))}",
        importance=float(np.exp(rng.normal(*LOG_IMPORTANCE))),
        family=S_CURVE if is_late and is_s_curve else family,
        tau=tau,
        q=q,
        height=0.0 if is_dead else height,
        kappa=float(np.exp(rng.normal(*LOG_KAPPA))),
        start_up=start_up if is_late and not is_s_curve else 0,
    )


def _refusal(name: str, found: float, accepted: str, remedy: str) -> ConfigError:
    return ConfigError(f"company: `{name}` is {found}, must be {accepted}. {remedy}")


def _cells(project: TrueProject) -> tuple[object, ...]:
    reaches = "nothing" if project.is_dead else f"{project.height:.0%}"
    name, importance = (project.key, project.team), f"{project.importance:.2f}"
    return (*name, importance, project.family, f"{project.tau:.0f}", reaches, project.start_up)


def _row(tag: str, cells: tuple[object, ...]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"
