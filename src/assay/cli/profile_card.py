"""A profile on the terminal, as wide as the terminal is."""

from typing import TYPE_CHECKING

from assay.cli.terminal import console, pairs

if TYPE_CHECKING:
    from rich.text import Text

    from assay.problem import Problem, Property


def show_problem(problem: "Problem") -> None:
    """Each finding with its evidence and what follows, then the families."""
    out = console()
    out.print(f"{problem.roles.target} in {problem.frame.source}", style="bold")
    out.print()
    out.print(pairs([(each.name, _finding(each)) for each in problem.properties], gap=1))
    out.print("families that can be right", style="bold")
    out.print(pairs([(each.family, each.reason) for each in problem.suggestions]))
    if problem.ruled_out:
        out.print("\nfamilies that cannot", style="bold")
        out.print(pairs([(each.family, each.reason) for each in problem.ruled_out]))


def _finding(found: "Property") -> "Text":
    from rich.text import Text

    from assay.problem.card import evidence_line

    text = Text(found.finding)
    if found.evidence:
        text.append(f"\n{evidence_line(found.evidence)}", style="dim")
    if found.meaning:
        text.append(f"\n{found.meaning}")
    return text
