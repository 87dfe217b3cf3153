"""What happened to a project, told record by record into a ledger."""

from typing import Any

from assay.ledger import History, Ledger
from assay.portfolio import points_of, project_states
from assay.record import (
    GATE_PARTS,
    AttemptBody,
    GateBody,
    ProjectBody,
    RegistrationBody,
    ReleaseBody,
    VerdictBody,
    WatchBody,
)

SHA = "0123456789abcdef" * 4
WHOLE = tuple(
    {"name": name, "outcome": "holds", "finding": "", "remedy": "", "figures": {}}
    for name in GATE_PARTS
)


class Story:
    """What happened to a project, told record by record."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.experiment = ""

    def register(
        self,
        key: str = "demand",
        *,
        loss: float = 1.0,
        ceiling: float | None = 0.0,
        sealed: int = 1,
        improve_by: float | None = 0.05,
        metric: str = "crps",
        **terms: Any,
    ):
        head = self.ledger.head()[:12]
        names = b"".join(f"{row:04}{head}".encode() for row in range(sealed))
        body = RegistrationBody(
            project=key,
            data_sha=SHA,
            target="units",
            metric=metric,
            baseline="naive",
            baseline_predictions=self.ledger.put(b"predictions"),
            improve_by=improve_by,
            expect=0.15,
            alpha=0.05,
            tries=10,
            seal={"share": 0.3},
            sealed_rows_file=self.ledger.put(names),
            n_open=70,
            n_sealed=sealed,
            test="independent",
            baseline_open_loss=loss,
            ceiling=ceiling,
            sd0=0.5,
            spec_sha=SHA,
            **terms,
        )
        self.experiment = self.ledger.append(body, key=key).hash
        return self

    def attempt(self, name: str, effort: float | None, skill: float | None = None, **fields: Any):
        se = None if skill is None else fields.pop("se", 0.02)
        body = AttemptBody(
            experiment=self.experiment,
            name=name,
            effort=effort,
            open_skill=skill,
            open_se=se,
            **fields,
        )
        self.ledger.append(body, key=name)
        return self

    def bring(self, name: str, day: int, *, key: str = "demand", **fields: Any):
        """An attempt that was imported, started on a day of 2020."""
        facts = {"source": name, "started": f"2020-01-{day:02}T00:00:00.000000Z"}
        self.ledger.append(AttemptBody(name=name, imported=facts, **fields), key=key)
        return self

    def open(self, loss: float = 1.0, se: float | None = 0.03, **skills: float | None):
        """Open the seal; each attempt has its skill on sealed rows."""
        scores = tuple(
            {"name": name, "skill": skill, "se": None if skill is None else se}
            for name, skill in skills.items()
        )
        body = VerdictBody(
            experiment=self.experiment,
            outcome="inconclusive",
            sentence="Nothing is known.",
            scores=scores,
            baseline_loss=loss,
        )
        self.ledger.append(body, key="demand")
        return self

    def withdraw(self, name: str, gain: float, rows: int):
        """Release a model, and take its verdict back by what it gained on later rows."""
        gate = GateBody(experiment=self.experiment, attempt=name, passed=True, parts=WHOLE)
        gated = self.ledger.append(gate, key="demand").hash
        body = ReleaseBody(experiment=self.experiment, gate=gated, attempt=name, alpha=0.05)
        watch = WatchBody(
            release=self.ledger.append(body, key="demand").hash,
            scored_file=self.ledger.put(b"scored"),
            rows_file=self.ledger.put(b"rows"),
            rows=rows,
            rows_so_far=rows,
            units_so_far=rows,
            mean_gain=gain,
            evidence=30.0,
            needed=20.0,
            outcome="withdrawn",
            sentence="Withdrawn.",
        )
        self.ledger.append(watch, key="demand")
        return self

    @property
    def history(self) -> History:
        return History(self.ledger).refresh()

    @property
    def points(self):
        return points_of(self.history, "demand")

    def state(self, **fields: Any):
        self.ledger.append(ProjectBody(key="demand", **fields), key="demand")
        return project_states(self.history)[0]
