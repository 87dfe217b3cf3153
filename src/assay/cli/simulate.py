"""`assay simulate`: a company to play with, in which ways of splitting effort compete."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.drawing import check_picture, draw
from assay.cli.options import AsJson
from assay.cli.teach import command
from assay.cli.terminal import answer, aside, console, table, working

if TYPE_CHECKING:
    from rich.table import Table

    from assay.simulate import Company, Comparison

Policies = Annotated[
    str,
    typer.Option("--policy", metavar="NAME[,NAME...]", help="Ways of splitting, side by side."),
]
Projects = Annotated[int, typer.Option(metavar="N", help="Projects in a company.")]
Budget = Annotated[int, typer.Option(metavar="N", help="Person-days that a company spends.")]
Rounds = Annotated[int, typer.Option(metavar="N", help="Rounds of plan, attempt and learn.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Of the first company.")]
Companies = Annotated[int, typer.Option(metavar="N", help="How many, drawn from the next seeds.")]
ShareDead = Annotated[
    float, typer.Option(metavar="SHARE", help="Projects that no effort helps, 0 to 1.")
]
ShareLate = Annotated[
    float,
    typer.Option(metavar="SHARE", help="Projects with a start-up cost or an S-curve, 0 to 1."),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Draw regret against effort: .svg, .png or .html.",
        show_default="none",
    ),
]

MOST_COMPANIES = 1000


def add(app: typer.Typer) -> None:
    """Announce `assay simulate`."""

    @command(
        app,
        "simulate",
        purpose="Play rounds in a company whose truth is known.",
        more="Each round splits its effort by a policy, makes one attempt in every project that "
        "got some, and learns from what came of it. Regret is what is missing of the best split "
        "of the same effort, in per cent of it: what not knowing the truth costs.\n\n"
        "Policies: equal; posterior-mean (the plan of `assay plan`), and the same with failed "
        "attempts hidden (posterior-mean-hidden) or told in one bit (posterior-mean-one-bit); "
        "least-squares, -best and -hidden (a curve a log(b x) fitted to all attempts, to the best "
        "so far, or to the successes); thompson; greedy.",
        example=(
            "assay simulate --seed 3",
            "assay simulate --policy posterior-mean,posterior-mean-hidden \\",
            "    --companies 30 --share-dead 0.5 --picture regret.svg",
        ),
        writes="nothing but the picture.",
    )
    def simulate(
        policy: Policies = "posterior-mean,equal,least-squares",
        projects: Projects = 5,
        budget: Budget = 100,
        rounds: Rounds = 10,
        seed: Seed = 1,
        companies: Companies = 1,
        share_dead: ShareDead = 0.25,
        share_late: ShareLate = 0.0,
        picture: Picture = None,
        as_json: AsJson = False,
    ) -> None:
        if picture is not None:
            check_picture(picture)
        from assay.simulate import compare
        from assay.simulate import policy as policy_called

        with working():
            chosen = [policy_called(name) for name in policy.split(",")]
            drawn = _drawn(
                companies, seed, projects=projects, share_dead=share_dead, share_late=share_late
            )
            found = compare(drawn, chosen, budget=budget, rounds=rounds)
            if picture is not None:
                draw(found.picture(), picture)
        if as_json:
            answer(found.as_dict())
        else:
            _show(found)
        if picture is not None:
            aside(f"picture: {picture}")


def _drawn(companies: int, seed: int, **settings: Any) -> "list[Company]":
    from assay.errors import ConfigError
    from assay.simulate import company

    if not 1 <= companies <= MOST_COMPANIES:
        raise ConfigError(
            f"--companies is {companies}, must be from 1 to {MOST_COMPANIES:,}. Thirty tell "
            "policies apart that differ by a few per cent."
        )
    return [company(seed + at, **settings) for at in range(companies)]


def _show(found: "Comparison") -> None:
    out, count = console(), len(found.companies)
    first = found.companies[0]
    seeds = f"{first.seed}" if count == 1 else f"{first.seed} to {first.seed + count - 1}"
    out.print(
        f"{count} compan{'y' if count == 1 else 'ies'} of {len(first.projects)} projects (seed "
        f"{seeds}), {found.budget:,} person-days in {len(found.efforts)} rounds",
        style="bold",
    )
    out.print()
    out.print(_regrets(found))
    out.print()
    out.print(_meaning(count), style="dim", soft_wrap=False)
    out.print()
    title = "Where the effort went" + ("" if count == 1 else f" in company {first.seed}")
    out.print(title, style="bold")
    out.print()
    out.print(_splits(found))


def _meaning(count: int) -> str:
    words = "Regret: what is missing of the best split of the effort so far, in % of it."
    return words if count == 1 else f"{words} Mean over companies ± standard error."


def _regrets(found: "Comparison") -> "Table":
    """A row a policy; columns are the rounds, as many as fit, and the end."""
    shown_rounds = _some(len(found.efforts))
    heads = tuple(f"{found.efforts[at]:,}" for at in shown_rounds[:-1])
    last = f"{found.efforts[-1]:,} (the end)"
    shown = table("regret after", *heads, last, right=(*heads, last), wraps=("regret after",))
    rows = found.table()
    for name in found.policies:
        of_one = rows.filter(rows["policy"] == name)
        regret, se = of_one["regret"].to_list(), of_one["se"].to_list()
        end = f"{regret[-1]:.1f}" + ("" if se[-1] is None else f" ± {se[-1]:.1f}")
        shown.add_row(name, *(f"{regret[at]:.1f}" for at in shown_rounds[:-1]), end)
    return shown


def _some(rounds: int, most: int = 6) -> list[int]:
    """The last round, and others spread evenly before it."""
    count = min(rounds, most)
    return [(number + 1) * rounds // count - 1 for number in range(count)]


def _splits(found: "Comparison") -> "Table":
    """A row a project: what it is, what the oracle would spend, what each policy spent."""
    splits = found.splits()
    heads = ("importance", "oracle", *(_short(name) for name in found.policies))
    shown = table("project", *heads, right=heads, wraps=("project",))
    for row in splits.to_dicts():
        key = f"{row['project']}{' (dead)' if row['is_dead'] else ''}"
        spent = (f"{row[name]:,}" for name in ("oracle", *found.policies))
        shown.add_row(key, f"{row['importance']:.2f}", *spent)
    return shown


def _short(name: str) -> str:
    return name.replace("posterior-mean", "mean").replace("least-squares", "squares")
