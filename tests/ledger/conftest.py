from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.ledger import Ledger
from assay.record import AttemptBody, RegistrationBody

SHA = "0123456789abcdef" * 4


@pytest.fixture
def attempt() -> Callable[..., AttemptBody]:
    """Makes the body of an attempt."""

    def make(name: str = "tree", **fields: Any) -> AttemptBody:
        return AttemptBody(**{"experiment": SHA, "name": name, "effort": 2.0, **fields})

    return make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "assay.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger(path, author="Ann") as opened:
        yield opened


@pytest.fixture
def register(ledger: Ledger) -> Callable[..., int]:
    """Registers an experiment that seals the rows with these fingerprints."""

    def register_rows(fingerprints: list[bytes]) -> int:
        body = RegistrationBody(
            project="demand",
            data_sha=SHA,
            target="units",
            metric="crps",
            baseline="naive",
            baseline_predictions=ledger.put(b"predictions"),
            improve_by=0.05,
            expect=0.15,
            alpha=0.05,
            tries=10,
            seal={"share": 0.3},
            sealed_rows_file=ledger.put(b"".join(fingerprints)),
            n_open=70,
            n_sealed=len(fingerprints),
            test="independent",
            baseline_open_loss=1.0,
            sd0=0.5,
            spec_sha=SHA,
        )
        return ledger.append(body, key="demand").sequence

    return register_rows
