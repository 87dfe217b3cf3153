"""How good are forecasts of real demand, beside models of statsforecast, and behind stock-outs?

Run `python benchmarks/demand.py` (some minutes on two cores), with `--quick` for few series of each
table, with `--check` to fail where a promise does not hold. It wants `pip install statsforecast`,
and the tables of `../shared/data`, without which it says so and does nothing.

Rivals forecast below zero and between whole numbers. They are shown as a fair user would take
them: never below zero, and rounded where counts are asked. PIT is the share of randomised
probability integral transforms inside (.05, .95). The plain coverage of an interval of 90 % is
higher for sparse counts: where zero is likelier than 5 % its lower end hides more than 5 %.

Under stock-outs nobody knows demand. Forecasts of fresh food are judged by what could be seen: each
day's recorded sales, given the hours in which there was stock. No day is left out. Days that
stayed in stock are quieter than others, so figures on them alone favour models that ignore
stock-outs. Where stock-outs are made, demand is known, and is compared over all days that had
stock before some of them were cut.

Intervals of what was seen of fresh food hold less than 90 %: the share of a day's demand that its
hours in stock could meet is itself a guess, from other days.

How scores are scaled and where they are clipped was chosen on these very days: on the held-back
rows of all three tables. So both tables without stock-outs are also cut a horizon earlier, at days
that nothing was chosen on. They are held to the same limits.
"""

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from _common import Options, finish, read_options, show_table
from _demand_hidden import cut_case, hidden_demand, uncut
from _demand_models import KNOWN_AHEAD, Way, judged
from _demand_rivals import RIVALS, honest, rival_quantiles
from _demand_scores import Scores, scores_of
from _demand_tables import DATA, Case, fresh, gifts, parts

EARLIER = {"gifts": 28, "parts": 6}  # steps
SERIES = {"gifts": 60, "parts": 800, "fresh": 80}  # with --quick
SEEDS = (0, 1, 2)  # of stock-outs that are made
BETTER = 0.9  # of the best rival's weighted quantile loss, at most
PIT = (0.87, 0.93)
COVERED = 0.87
WITHIN = 0.03  # bias of hidden demand
COLUMNS = ("", "WQL", "CRPS", "bias, %", "90 % interval", "PIT", "lowest")
NEEDED = ("retail_online_uk", "spare_parts_car", "retail_freshretailnet")

FRESH = {
    "stock-outs ignored": Way(),
    "days with a stock-out left out": Way(dropped=True),
    "censored": Way(hidden=True),
    "exposure": Way(exposure=True),
    "stock-outs ignored, plans": Way(features=KNOWN_AHEAD),
    "censored, plans": Way(hidden=True, features=KNOWN_AHEAD),
    "exposure, plans": Way(exposure=True, features=KNOWN_AHEAD),
}
# What needs no profile of hours, and what a shop that records hours would use.
DEFAULT, IGNORED = "censored, plans", "stock-outs ignored, plans"


@dataclass(frozen=True)
class Result:
    """One line of a table."""

    name: str
    scores: Scores

    @property
    def cells(self) -> tuple[object, ...]:
        found = self.scores
        return (
            self.name,
            f"{found.wql:.3f}",
            f"{found.crps:.3f}",
            f"{100 * found.bias:+.1f}",
            f"{found.coverage:.3f}",
            "" if np.isnan(found.pit) else f"{found.pit:.3f}",
            f"{found.lowest:g}",
        )


def rivals(case: Case) -> Iterator[Result]:
    """Scores of statsforecast's models, as a fair user takes them."""
    at, share = case.scored, case.share
    for name in RIVALS:
        quantiles, mean = rival_quantiles(name, case.past, case.steps, case.season)
        fair = honest(quantiles, whole=True, share=share)
        expected = honest(mean, whole=False, share=share)
        yield Result(name, scores_of(case.truth[at], fair[:, at], expected[at]))


def counts(case: Case) -> tuple[list[Result], list[str]]:
    """Assay and rivals where nothing is known of stock, and what falls short."""
    own = Result("Assay", judged(case, Way()))
    others = list(rivals(case))
    best = min(each.scores.wql for each in others)
    found = own.scores
    promises = {
        f"{case.name}: loss {found.wql:.3f}, the best rival's is {best:.3f}": (
            found.wql <= BETTER * best
        ),
        f"{case.name}: PIT {found.pit:.3f}": PIT[0] <= found.pit <= PIT[1],
        f"{case.name}: the interval covers {found.coverage:.3f}": found.coverage >= COVERED,
        f"{case.name}: mass below zero": found.lowest >= 0,
    }
    return [own, *others], [words for words, holds in promises.items() if not holds]


def observed(case: Case) -> tuple[list[Result], list[str]]:
    """What is seen of fresh food in each day's hours in stock."""
    own = {name: judged(case, way) for name, way in FRESH.items()}
    others = list(rivals(case))
    found, ignored = own[DEFAULT], own[IGNORED]
    wql = min(ignored.wql, *(each.scores.wql for each in others))
    crps = min(ignored.crps, *(each.scores.crps for each in others))
    promises = {
        f"{case.name}: loss {found.wql:.3f}, another's is {wql:.3f}": found.wql < wql,
        f"{case.name}: CRPS {found.crps:.3f}, another's is {crps:.3f}": found.crps < crps,
        f"{case.name}: mass below zero": found.lowest >= 0,
    }
    results = [Result(f"Assay, {name}", scores) for name, scores in own.items()]
    return [*results, *others], [words for words, holds in promises.items() if not holds]


def hidden(seed: int, series: int | None) -> tuple[list[Result], list[str]]:
    """Demand behind stock-outs that were made."""
    case = cut_case(seed, series)
    known = Result("all demand known, plans", hidden_demand(uncut(case), Way(features=KNOWN_AHEAD)))
    own = {name: hidden_demand(case, way) for name, way in FRESH.items()}
    found = own[DEFAULT]
    # What knows the hours is no rival of what does not.
    others = [name for name in FRESH if name not in (DEFAULT, "exposure, plans")]
    least = min(own[name].wql for name in others)
    promises = {
        f"hidden demand: bias {100 * found.bias:+.1f} %": abs(found.bias) <= WITHIN,
        f"hidden demand: loss {found.wql:.3f}, another's is {least:.3f}": found.wql < least,
    }
    results = [known, *(Result(name, scores) for name, scores in own.items())]
    return results, [words for words, holds in promises.items() if not holds]


def shown(title: str, results: list[Result]) -> list[Result]:
    """The same results, after their table is printed."""
    show_table(title, COLUMNS, [each.cells for each in results])
    return results


def reason_to_skip() -> str | None:
    """Why nothing can be measured here."""
    missing = [name for name in NEEDED if not (DATA / name).is_dir()]
    if missing:
        return f"{DATA} has no {', '.join(missing)}"
    if importlib.util.find_spec("statsforecast") is None:
        return "statsforecast is not installed (pip install statsforecast)"
    return None


def cases(few: dict[str, int | None]) -> Iterator[Case]:
    """Tables without stock-outs, each at its end and a horizon earlier."""
    for earlier in (False, True):
        for key, read in (("gifts", gifts), ("parts", parts)):
            case = read(few[key], EARLIER[key] if earlier else 0)
            yield replace(case, name=f"{case.name}, an earlier cut") if earlier else case


def main() -> None:
    """Forecast three tables, and what stock-outs hide of one."""
    options: Options = read_options("How good are forecasts of real demand?")
    reason = reason_to_skip()
    if reason is not None:
        finish(f"demand: skipped, {reason}", [], options)
    few = {name: size if options.quick else None for name, size in SERIES.items()}
    short: list[str] = []
    figures = []
    for case in cases(few):
        print(f"{case.name} ...", file=sys.stderr, flush=True)
        results, lacks = counts(case)
        shown(f"{case.name}: {case.scored.sum():,} values held back", results)
        best = min(each.scores.wql for each in results[1:])
        figures.append(f"{case.name} {results[0].scores.wql:.3f} (rivals {best:.3f})")
        short += lacks
    case = fresh(few["fresh"])
    print(f"{case.name} ...", file=sys.stderr, flush=True)
    results, lacks = observed(case)
    shown(f"{case.name}, what was seen: {case.scored.sum():,} days held back", results)
    best = min(each.scores.wql for each in results[len(FRESH) :])
    own = dict(zip(FRESH, results, strict=False))[DEFAULT].scores
    figures.append(f"{case.name} {own.wql:.3f} (rivals {best:.3f})")
    short += lacks
    for seed in SEEDS[: 1 if options.quick else None]:
        results, lacks = hidden(seed, None if few["fresh"] is None else 3 * few["fresh"])
        shown(f"demand behind stock-outs that were made, seed {seed}", results)
        own = next(each.scores for each in results if each.name == DEFAULT)
        figures.append(f"hidden demand {100 * own.bias:+.1f} %")
        short += lacks
    finish(f"demand: loss {', '.join(figures)}", short, options)


if __name__ == "__main__":
    main()
