"""What `assay forecast` says of a forecast, and of what a stopped one leaves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.cli.terminal import answer as print_json
from assay.cli.terminal import console, pairs

if TYPE_CHECKING:
    from assay.series import Answer

FINDINGS = 10  # series whose message is printed

Files = tuple[Path, Path | None, Path | None]


@contextmanager
def saying_what_is_kept(folder: Path | None) -> Iterator[None]:
    """Inside, Ctrl-C tells what it leaves and how to go on."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if folder is None:
            raise KeyboardInterrupt("; nothing is kept without --resume FOLDER") from stop
        from assay.series.fitting.kept import Kept

        raise KeyboardInterrupt(
            f"; kept in {folder}: {Kept(folder).told()}, run the same command again to go on"
        ) from stop


def told_of(answer: "Answer") -> dict[str, Any]:
    """Everything that takes long to know: total, what was lost, scores."""
    total, lost = answer.total, answer.lost_sums
    return {
        "total": {"mean": total.mean, "lo-90": total.low, "hi-90": total.high},
        "lost_sales": None if lost is None else lost[0].row(0, named=True),
        "backtest": None if answer.tested is None else answer.tested.summary().to_dicts(),
    }


def say(answer: "Answer", told: dict[str, Any], files: Files, *, as_json: bool) -> None:
    """Print it.

    Args:
        answer: the forecast.
        told: of it.
        files: forecast, page and model, as far as they were written.
        as_json: whether as JSON.
    """
    found = answer.forecast
    if not as_json:
        console().print(pairs(_rows(answer, told, files)))
        return
    out, report, saved = files
    print_json(
        {
            "forecast": str(out),
            "report": None if report is None else str(report),
            "saved": None if saved is None else str(saved),
            "series": found.series,
            "horizon": found.horizon,
            "step": found.future.grid.said,
            "model": list(answer.said),
            **told,
            "notes": list(answer.notes),
            "findings": answer.odd.drop("__n").to_dicts(),
        }
    )


def _rows(answer: "Answer", told: dict[str, Any], files: Files) -> list[tuple[str, str]]:
    found, total, lost = answer.forecast, told["total"], told["lost_sales"]
    rows = [
        ("series", f"{found.series:,}, {found.future.grid.quantity(found.horizon)} ahead"),
        (
            "total",
            f"{total['mean']:,.0f} expected, {total['lo-90']:,.0f} to {total['hi-90']:,.0f} with a "
            "chance of 90 %",
        ),
    ]
    if lost is not None:
        rows.append(
            (
                "lost sales",
                f"{lost['mean']:,.0f} so far, {lost['low']:,.0f} to {lost['high']:,.0f}, on "
                f"{lost['days']:,} sold-out days",
            )
        )
    if answer.own is not None:
        within = f"{100 * answer.own['pit_90']:.0f} % within 90 % intervals, by randomised PIT"
        rows.append(("held back", within))
    rows += [("note", each) for each in answer.notes]
    for row in answer.odd.head(FINDINGS).to_dicts():
        rows.append(("finding", f"{answer.fitted.panel.name(row['__n'])}: {row['message']}"))
    more = answer.odd.height - FINDINGS
    if more > 0:
        rows.append(("findings", f"{more:,} more series with a message: --json lists them"))
    return rows + [("wrote", str(file)) for file in files if file is not None]
