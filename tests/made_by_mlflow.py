"""Makes and fills the database of an MLflow, as its users do."""

from math import inf, nan
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

BEGAN = 1_700_000_000_000  # ms; 2023-11-14 22:13:20 UTC
MINUTE = 60_000

SOUGHT = {
    "naive": {"loss": 10.0, "tags": {"effort": "1", "baseline": "True"}},
    "tree": {
        "loss": 6.0,
        "se": 0.4,
        "params": {"depth": "3"},
        "tags": {
            "effort": "2.5",
            "stage": "features",
            "mlflow.user": "Ann",
            "mlflow.source.git.commit": "abc123",
            "mlflow.note.content": "shallow on purpose",
            "mlflow.log-model.history": "[" + 900 * "x" + "]",
        },
    },
    "tree again": {"name": "tree", "loss": nan, "tags": {"effort": "drei Tage"}},
    "broken": {"loss": 0.1, "status": "FAILED", "tags": {"effort": "1"}},
    "stopped": {"status": "KILLED"},
    "silent": {"tags": {"effort": "0.5"}},
    "exploded": {"loss": inf, "tags": {"assay.effort": "0.25", "stage": "alchemy"}},
    "deep": {"loss": 4.0, "tags": {"effort": "3", "stage": "deep"}},
    "under way": {"loss": 3.0, "status": "RUNNING", "tags": {"effort": "9"}},
    "thrown away": {"loss": 2.0, "deleted": True, "tags": {"effort": "9"}},
}


def fill(client: MlflowClient, experiment: str) -> None:
    """One run of each kind, a minute after the other."""
    for number, (name, run) in enumerate(SOUGHT.items()):
        at = BEGAN + number * MINUTE
        name, tags = run.get("name", name), run.get("tags", {})
        made = client.create_run(experiment, start_time=at, run_name=name, tags=tags).info.run_id
        metrics = {"rmse": run.get("loss"), "rmse_se": run.get("se")}
        told = [Metric(key, value, at, 0) for key, value in metrics.items() if value is not None]
        params = [Param(*pair) for pair in run.get("params", {}).items()]
        client.log_batch(made, metrics=told, params=params)
        if run.get("status") != "RUNNING":
            client.set_terminated(made, run.get("status", "FINISHED"), end_time=at + 90_500)
        if run.get("deleted"):
            client.delete_run(made)


def make(file: Path) -> None:
    """Make the database and fill it."""
    client = MlflowClient(f"sqlite:///{file}")
    fill(client, client.create_experiment("Größe der Körbe"))
    client.create_experiment("nothing yet")
    other = client.create_experiment("grosse der korbe")
    client.set_terminated(client.create_run(other, start_time=BEGAN, run_name="one").info.run_id)
    gone = client.create_experiment("given up")
    client.create_run(gone, run_name="lost")
    client.delete_experiment(gone)
