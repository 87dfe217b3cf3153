"""Does a useless model ever pass, however cleverly the answers are used, and does a sound one?

First the statistics alone, by simulation with the product's own tests: false support at the
boundary and power for one look at independent, grouped and serial rows; then many tries on the same
sealed rows; then teams that use the public interface, honest ones and attackers. Figures of the
design's simulations stand beside ours in brackets, with the difference in points.

An exact test falls short where the 99 % lower bound of its false support exceeds its level; an
asymptotic one where it exceeds its level by more than .01 (.0035 at .004, .005 at .005), its known
weak spots apart; a power where it is more than two points, and what chance may add, from the one
known.

Run `python benchmarks/integrity.py` (some twelve minutes on two cores), with `--quick` for fewer
repetitions (about a minute on one), with `--check` to fail where a promise does not hold.
"""

from dataclasses import dataclass

import numpy as np
from _attack import ALPHA, MODELS, show_attack
from _common import finish, read_options
from _counting import Workers
from _dependence_tables import show_groups, show_series
from _power_tables import show_planned, show_power
from _renames import show_renames
from _reuse_tables import show_p_values, show_reuse
from _sound import PLANS, show_sound
from _team_tables import show_closing, show_honest
from _verdict_tables import show_many_looks, show_one_look


@dataclass(frozen=True)
class Times:
    """How often each part is repeated."""

    one_look: int
    many_looks: int
    power: int
    planned: int
    groups: int
    series: int
    reuse: int
    honest: int
    closing: int
    p_values: int
    sound: int
    attack: int
    renames: int
    processes: int


FULL = Times(
    one_look=20_000,
    many_looks=4_000,
    power=2_000,
    planned=2_000,
    groups=6_000,
    series=6_000,
    reuse=500,
    honest=1_000,
    closing=2_000,
    p_values=10_000,
    sound=240,
    attack=300,
    renames=120,
    processes=2,
)
QUICK = Times(
    one_look=1_000,
    many_looks=500,
    power=100,
    planned=300,
    groups=400,
    series=400,
    reuse=16,
    honest=40,
    closing=200,
    p_values=600,
    sound=10,
    attack=12,
    renames=5,
    processes=1,
)


def main() -> None:
    """Run all parts and print their figures."""
    options = read_options("Does a useless model ever pass, and does a sound one?")
    times = QUICK if options.quick else FULL
    with Workers(times.processes) as workers:
        short = [
            *show_one_look(workers, times.one_look),
            *show_many_looks(workers, times.many_looks),
            *show_power(workers, times.power),
            *show_planned(workers, times.planned),
            *show_groups(workers, times.groups),
            *show_series(workers, times.series),
            *show_reuse(workers, times.reuse),
            *show_honest(workers, times.honest),
            *show_closing(workers, times.closing),
            *show_p_values(workers, times.p_values),
        ]
        tried, unsound = show_sound(workers, times.sound)
        attacked, pierced = show_attack(workers, times.attack)
        renamed, confused = show_renames(workers, times.renames)
    false, naive = sum(one.sealed > 0 for one in attacked), sum(one.naive > 0 for one in attacked)
    hidden = sum(one.passed > 0 for one in renamed)
    rightly = np.mean([one.rightly for one in tried if one.plan == PLANS[-1]])
    milliseconds = 1000 * sum(one.seconds for one in attacked) / sum(one.looks for one in attacked)
    figure = (
        f"integrity: {MODELS} useless models pass in {false} of {times.attack} projects "
        f"({false / times.attack:.3f}, alpha {ALPHA:g}), under many names in {hidden} of "
        f"{times.renames} ({hidden / times.renames:.3f}), in {naive / times.attack:.3f} where "
        f"scores are shown; a sound one passes in {rightly:.2f}; {milliseconds:.1f} ms a look"
    )
    finish(figure, [*short, *unsound, *pierced, *confused], options)


if __name__ == "__main__":
    main()
