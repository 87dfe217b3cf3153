"""What a registration holds: the project's own words, the split, and what was measured on it."""

import hashlib

import numpy as np

from assay.experiment.claiming import Power
from assay.experiment.overlaps import open_names
from assay.experiment.task import SealedTask
from assay.ledger import Ledger
from assay.predictive import to_bytes
from assay.record import RegistrationBody
from assay.verdict import Claim

SAME: tuple[str, ...] = (
    "question", "hypothesis", "claimed", "claim_source", "metric", "levels", "expect", "alpha",
    "tries", "effort_budget", "ceiling", "population", "if_supported", "if_refuted",
    "if_inconclusive", "author", "tags",
)  # fmt: skip
"""Fields that are the project's keys of the same name."""


def registration_body(
    task: SealedTask,
    claim: Claim,
    power: Power,
    ledger: Ledger,
    accepted: str | None,
) -> RegistrationBody:
    """Everything that registration fixes, with the files that it names put beside the ledger.

    Args:
        task: problem and split.
        claim: what is claimed, with its cap.
        power: what the sealed rows can show of it.
        ledger: keeps the files.
        accepted: why too few sealed rows are accepted, `None` if they suffice.

    Raises:
        PredictionsError: the metric cannot score the baseline.
    """
    project, sealing = task.project, task.sealing
    losses = task.baseline_open_losses[1]
    predictive = task.baseline_at(sealing.sealed_rows)
    task.refuse_unscorable(predictive, sealing.sealed_rows)
    content = to_bytes(predictive, task.asked.column("row_id").to_numpy())
    spec = project.baseline
    return RegistrationBody(
        **{name: getattr(project, name) for name in SAME},
        project=project.key,
        data_sha=sealing.data_sha,
        target=task.roles.target,
        roles=task.roles.as_dict(),
        experiment=project.kind,
        cap=claim.cap,
        floor=claim.floor,
        clipped_share=claim.clipped_share(losses),
        baseline=spec if isinstance(spec, str) else spec.text(),
        baseline_sha=hashlib.sha256(content).hexdigest(),
        # A baseline that looks back is made of sealed targets: it is made again when needed.
        baseline_predictions=None if task.baseline_looks_back else ledger.put(content),
        improve_by=claim.improve_by,
        improve_by_absolute=claim.improve_by_absolute,
        seal=project.seal.table(),
        sealed_rows_file=ledger.put(b"".join(sealing.fingerprints)),
        open_rows_file=ledger.put(b"".join(open_names(task, ledger.salt))),
        copies=sealing.copies,
        vault=None if task.vault is None else str(task.vault.facts["identity"]),
        identity=sealing.identity,
        target_sha=sealing.target_sha,
        n_open=len(task.open_rows),
        n_sealed=len(sealing.sealed_rows),
        rows_needed=power.rows_needed,
        test=sealing.test,
        season=task.roles.season,
        horizon=task.roles.horizon,
        order_seed=task.seed,
        baseline_open_loss=float(np.clip(losses, claim.floor, claim.cap).mean()),
        sd0=power.sd0,
        rows_to_refute=power.to_refute,
        spec_sha=project.spec_sha(),
        spec=project.registered(),
        accepted_underpowered=accepted,
    )
