"""`assay plan`: how a budget is best split."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.budgets import Goal, read_goal
from assay.cli.drawing import draw
from assay.cli.options import AsJson, Budget, LedgerFile, PortfolioPath
from assay.cli.plan_answers import Asked, answers_of, caution, read_factors
from assay.cli.plan_answers_table import show_answers
from assay.cli.plan_drawing import check_kind, plan_drawing
from assay.cli.plan_table import show_budgets, show_plan
from assay.cli.teach import command
from assay.cli.terminal import answer, aside, working
from assay.cli.workspace import open_ledger, portfolio_at
from assay.errors import PlanError

if TYPE_CHECKING:
    from typing import Unpack

    from assay.ledger import History
    from assay.portfolio import Plan, ProjectState
    from assay.portfolio.answers import Case
    from assay.portfolio.state import Wanted
    from assay.record import Portfolio

LEARNING = "learning the curves"

Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="N",
        help="Find the least budget that adds this value; 90% is of what the file's budget adds.",
        show_default="none",
    ),
]
Price = Annotated[
    str | None,
    typer.Option(
        "--price",
        metavar="N",
        help="Find the budget up to which a unit of effort is worth this much.",
        show_default="none",
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Draw the plan (of the first budget): .svg, .png or .html.",
        show_default="none",
    ),
]
Drawn = Annotated[
    str | None,
    typer.Option(
        "--draw",
        metavar="KIND",
        help="What --picture shows: optimum (worth against effort), curves (accuracy against "
        "effort, attempts, stages of work), budgets (the split as the budget grows), marginal "
        "(what one unit more adds), returns (what accuracy is worth), information (what attempts "
        "are worth), credit (whose they are).",
        show_default="optimum",
    ),
]
Why = Annotated[
    bool,
    typer.Option("--why", help="Say for each project what would move a unit to or from it."),
]
Information = Annotated[
    bool,
    typer.Option(
        "--information", help="What past attempts, failures and their hiding mean to the plan."
    ),
]
NextOne = Annotated[
    bool, typer.Option("--next", help="Which attempt to make next, and where to stop.")
]
Frontier = Annotated[
    bool,
    typer.Option("--frontier", help="Budget and importance at which each stage of work pays."),
]
Importance = Annotated[
    str | None,
    typer.Option(
        "--importance",
        metavar="KEY=N[,N...]",
        help="The split if a project were N times as important.",
        show_default="none",
    ),
]
Credit = Annotated[
    bool, typer.Option("--credit", help="Whose attempts the plan rests on, failed ones included.")
]
Data = Annotated[
    bool, typer.Option("--data", help="The split where labelling further rows competes as well.")
]


def add(app: typer.Typer) -> None:
    """Announce `assay plan`."""

    @command(
        app,
        "plan",
        purpose="Split a budget of effort over the projects, and say why.",
        more="Curves come from the attempts in the ledger; where there are none, from the belief "
        "or the known curve in assay.toml. It works without a ledger too. Further answers are "
        "about the plan of the first budget.",
        example=(
            "assay plan examples/grocery --budget 100,300",
            "assay plan examples/grocery --target 60",
            "assay plan examples/grocery --price 0.3",
            "assay plan . --picture plan.svg",
            "assay plan examples/grocery --picture marginal.png --draw marginal",
            "assay plan . --information --next --why",
            "assay plan examples/grocery --importance pricing=0.5,2,8",
        ),
        writes="nothing but the picture.",
    )
    def plan(
        path: PortfolioPath,
        budget: Budget = None,
        target: Target = None,
        price: Price = None,
        picture: Picture = None,
        drawn: Drawn = None,
        why: Why = False,
        information: Information = False,
        next_one: NextOne = False,
        frontier: Frontier = False,
        importance: Importance = None,
        credit: Credit = False,
        data: Data = False,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        kind = check_kind(drawn, picture)
        factors = None if importance is None else read_factors(importance)
        asked = Asked(why, information, next_one, frontier, factors, credit, data)
        portfolio, goal = portfolio_at(path), read_goal(budget, target, price)
        from assay.compute.progress import waiting

        with _history(portfolio, ledger) as history, working():
            with waiting(LEARNING):
                cases = _cases(history, portfolio)
                plans = _plans(portfolio, [case.state for case in cases], goal)
            plans[0], answers = answers_of(asked.and_to_draw(kind), portfolio, cases, plans[0])
            without = caution(asked, portfolio, cases)
            if picture is not None:
                draw(plan_drawing(kind, plans[0], answers), picture)
            answers = {name: answers[name] for name in answers if getattr(asked, name)}
        if as_json:
            answer(_as_dict(plans, goal, answers, without))
        else:
            _show(plans)
            show_answers(answers, plans[0], without)
        if picture is not None:
            aside(f"picture: {picture}")


def _plans(portfolio: "Portfolio", states: Sequence["ProjectState"], goal: Goal) -> list["Plan"]:
    """One plan for each budget, or the one that the goal asks for."""
    from assay.portfolio import plan_states

    def made(**asked: "Unpack[Wanted]") -> "Plan":
        return plan_states(states, portfolio, **asked)

    if goal.share is not None:
        return [_share(made(), goal.share, made)]
    if goal.target is not None or goal.price is not None:
        return [made(target=goal.target, price=goal.price)]
    return [made(budget=budget) for budget in goal.budgets or (None,)]


def _share(whole: "Plan", share: float, made: Callable[..., "Plan"]) -> "Plan":
    """The least budget that adds a share of what the portfolio's budget does."""
    from assay.portfolio.reason import amount, worth

    if whole.value <= 0:
        raise PlanError(
            f"--target {100 * share:g}% is a share of what the portfolio's budget adds, which is "
            f"nothing: {amount(whole.budget, whole.effort_unit)} are left of it. Write a value."
        )
    plan = made(target=share * whole.value)
    all_of_it = amount(whole.budget, whole.effort_unit)
    value = worth(whole.value, whole.value_unit)
    words = f"That is {100 * share:g} % of the {value} that {all_of_it} are worth."
    return replace(plan, notes=(plan.notes[0], words, *plan.notes[1:]))


def _cases(history: "History | None", portfolio: "Portfolio") -> tuple["Case", ...]:
    from assay.portfolio.answers import cases_of

    return cases_of(history, portfolio)


@contextmanager
def _history(portfolio: "Portfolio", said: Path | None) -> Iterator["History | None"]:
    """Of the ledger that was named or, if it is there, of the portfolio's."""
    if said is None and not portfolio.ledger.exists():
        yield None
        return
    from assay.ledger import History

    with open_ledger(said or portfolio.ledger) as opened:
        yield History(opened).refresh()


def _as_dict(
    plans: list["Plan"], goal: Goal, answers: Mapping[str, object], without: str
) -> dict[str, object]:
    units = {
        line.key: [plan.lines[at].units for plan in plans] for at, line in enumerate(plans[0].lines)
    }
    return {
        "goal": goal.as_dict(),
        "budgets": [plan.budget for plan in plans],
        "units_by_budget": units,
        "plans": [plan.as_dict() for plan in plans],
        **({"answers": answers} if answers else {}),
        **({"answers_leave_out": without} if without else {}),
    }


def _show(plans: list["Plan"]) -> None:
    for place, plan in enumerate(plans):
        if place:
            typer.echo()
        show_plan(plan)
    if len(plans) > 1:
        typer.echo()
        show_budgets(plans)
