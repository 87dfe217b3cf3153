"""One fit of `panel_resume.py`, in a process of its own that may be killed.

`python _resume_part.py TABLE OUT [FOLDER]`: fits, keeping finished parts in FOLDER, and writes all
numbers that follow to OUT.
"""

import sys
from typing import Any

import numpy as np
from _panel_part import AHEAD, LEVELS


def main() -> None:
    """Fit, forecast and write."""
    from assay import Model, NegativeBinomial, ScoreDriven

    table, out, *kept = sys.argv[1:]
    model = Model(NegativeBinomial(), mean=ScoreDriven(season=7))
    fitted: Any = model.fit(
        table, "units", time="day", by="item", checkpoint=kept[0] if kept else None
    )
    state = {f"state {name}": each for name, each in fitted.fits.state._asdict().items()}
    quantiles = fitted.forecast(AHEAD).quantiles(LEVELS)
    np.savez(out, theta=fitted.fits.theta, quantiles=quantiles, **state)


if __name__ == "__main__":
    main()
