"""How fast MLflow itself records on SQLite what stands in one attempt of a ledger."""

import logging
import os
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARAMS = {"depth": "3", "rounds": "100", "rate": "0.1"}


def mlflow_rate(folder: Path, runs: int) -> float | None:
    """Runs per second that MLflow records into `folder / "mlflow.db"`.

    Each run is made, gets an effort tag, three params and a loss, and is ended, as a script does
    that logs one attempt. Making the database and a first run are not counted.

    Args:
        folder: where nothing of MLflow's is yet.
        runs: how many.

    Returns:
        `None` where MLflow is not installed.
    """
    if find_spec("mlflow") is None:
        return None
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, of its dependencies
        from mlflow import MlflowClient

        logging.getLogger("mlflow").setLevel(logging.ERROR)
        logging.getLogger("alembic").setLevel(logging.ERROR)
        client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
        _record(client, client.create_experiment("warm"), 0, 1)
        experiment = client.create_experiment("sweep", artifact_location=str(folder))
        began = time.perf_counter()
        for number in range(runs):
            _record(client, experiment, number, runs)
        return runs / (time.perf_counter() - began)


def _record(client: "MlflowClient", experiment: str, number: int, runs: int) -> None:
    from mlflow.entities import Metric, Param

    name, tags = f"run {number}", {"effort": "0.5"}
    run = client.create_run(experiment, run_name=name, tags=tags).info.run_id
    params = [Param(*pair) for pair in PARAMS.items()]
    now = int(1000 * time.time())
    client.log_batch(run, metrics=[Metric("loss", 1 - number / (2 * runs), now, 0)], params=params)
    client.set_terminated(run)
