import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import assay
from assay.errors import ExperimentError, LedgerError
from assay.experiment import Experiment, Workspace
from assay.frame import Frame
from assay.predictive import AbstractPredictive, EnsemblePredictive
from assay.record import GATE_PARTS, GateBody, GenesisBody, ReleaseBody

SEALED = 600


def wide(rows: int = 800, noise: int = 30) -> pl.DataFrame:
    """y is x and noise of the same size; thirty other columns know nothing of it."""
    random = np.random.default_rng(5)
    x = random.normal(size=rows)
    others = {f"n{number}": random.normal(size=rows) for number in range(noise)}
    return pl.DataFrame({"x": x, **others, "y": x + random.normal(size=rows)})


def outcomes(gate: GateBody) -> dict[str, str]:
    assert tuple(part["name"] for part in gate.parts) == GATE_PARTS
    return {part["name"]: part["outcome"] for part in gate.parts}


def finding(gate: GateBody, name: str) -> str:
    return next(part["finding"] for part in gate.parts if part["name"] == name)


@pytest.fixture
def supported(begin):
    """An experiment on the wide table, or another, with a supported attempt of a model."""

    def make(model: Any, data: pl.DataFrame | None = None, **terms: Any) -> Experiment:
        usual: dict[str, Any] = {"seal": {"rows": SEALED}, "metric": "squared", "improve_by": 0.05}
        experiment = begin(wide() if data is None else data, **{**usual, **terms})
        answer = experiment.attempt(model, name="m", effort=1)
        assert answer.supported, answer.message
        return experiment

    return make


class Spread:
    """Knows that y is x plus a standard Normal, and claims another spread."""

    def __init__(self, sd: float) -> None:
        self.sd = sd

    def fit(self, data: Frame, target: str, /, *, seed: int) -> "Spread":
        return self

    def predict(self, data: Frame, /) -> AbstractPredictive:
        steps = np.sqrt(2) * self.sd * _normal_quantiles(99)
        return EnsemblePredictive(data.numbers("x")[:, None] + steps / np.sqrt(2))


def _normal_quantiles(count: int) -> np.ndarray:
    from scipy.special import ndtri

    return ndtri((np.arange(count) + 0.5) / count)


class Lucky:
    """Its slope is a throw of the seed's dice; seed 0 is lucky."""

    def __init__(self, spread: float) -> None:
        self.spread = spread

    def fit(self, data: Frame, target: str, /, *, seed: int) -> "Lucky":
        other = Lucky(self.spread)
        other.slope = 1.0 if seed == 0 else 1 + self.spread * np.random.default_rng(seed).normal()
        return other

    def predict(self, data: Frame, /) -> AbstractPredictive:
        return EnsemblePredictive(self.slope * data.numbers("x")[:, None])


class Unseeded(Lucky):
    """Another model at each fit."""

    def fit(self, data: Frame, target: str, /, *, seed: int) -> "Lucky":
        return super().fit(data, target, seed=int(np.random.default_rng().integers(1, 9999)))


class Beside:
    """Centres each row on the rows that it is asked for together with."""

    def fit(self, data: Frame, target: str, /, *, seed: int) -> "Beside":
        return self

    def predict(self, data: Frame, /) -> AbstractPredictive:
        x = data.numbers("x")
        return EnsemblePredictive((x - x.mean())[:, None])


def test_a_sound_model_passes_and_is_released(supported, ledger, monkeypatch):
    # Tests compile quickly and compute slowly.
    monkeypatch.setattr("assay.model.uncertain.draw_count", lambda rows, coefficients: 8)
    model = assay.Model(assay.Normal(), mean=assay.Linear("x"))
    experiment = supported(model, metric="crps")
    gate = experiment.gate(model)
    assert set(outcomes(gate).values()) == {"holds"}
    assert gate.passed
    release = experiment.release(note="to the shops")
    assert release.attempt == "m"
    kinds = [record.kind for record in ledger.records()]
    assert kinds[-2:] == ["gate", "release"]
    assert isinstance(list(ledger.records())[-1].body, ReleaseBody)
    assert str(release).startswith("`m` is marked for production. While it gains")
    assert "released before" not in str(release)
    again = experiment.release()
    assert (release.alpha, again.alpha) == (0.05, 0.05)
    assert f"It was released before, on {again.before}, and" in str(again)
    head = ledger.head()
    with pytest.raises(assay.errors.ExperimentError, match=r"first released with 0\.05"):
        experiment.release(alpha=1e-9)
    assert ledger.head() == head


def test_an_overfitted_booster_on_noise_features_is_flagged(supported):
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.LGBMRegressor(
        n_estimators=200, min_child_samples=2, learning_rate=0.4, verbose=-1, n_jobs=1
    )
    gate = supported(model).gate(model)
    assert outcomes(gate)["gap"] == "does not hold"
    assert "overfitted" in finding(gate, "gap")
    figures = gate.parts[0]["figures"]
    assert figures["skill_on_rows_it_learnt_from"] > 0.95 > 0.5 > figures["skill_on_sealed_rows"]
    assert not gate.passed


def test_a_forest_that_fits_its_rows_closely_is_not_called_overfitted(supported):
    ensemble = pytest.importorskip("sklearn.ensemble")
    model = ensemble.RandomForestRegressor(n_estimators=100, random_state=0)
    gate = supported(model).gate(model)
    assert outcomes(gate)["gap"] == "holds"
    figures = gate.parts[0]["figures"]
    assert figures["skill_on_rows_it_learnt_from"] > figures["skill_on_sealed_rows"] + 0.3


@pytest.mark.parametrize("sd", [0.5, 2.0])
def test_a_miscalibrated_model_is_flagged(supported, sd):
    gate = supported(Spread(sd), metric="crps").gate(Spread(sd))
    assert outcomes(gate)["calibration"] == "does not hold"
    assert "quantile was promised" in finding(gate, "calibration")


def test_a_calibrated_model_is_not_flagged(supported):
    gate = supported(Spread(1.0), metric="crps").gate(Spread(1.0))
    assert outcomes(gate)["calibration"] == "holds"


def test_a_model_that_is_a_throw_of_dice_is_flagged(supported):
    gate = supported(Lucky(0.8)).gate(Lucky(0.8))
    assert outcomes(gate)["stability"] == "does not hold"
    assert "dice" in finding(gate, "stability")


def test_a_model_whose_seed_hardly_matters_is_stable(supported):
    gate = supported(Lucky(0.05)).gate(Lucky(0.05))
    assert outcomes(gate)["stability"] == "holds"


def test_a_model_that_cannot_be_made_again_is_flagged(supported):
    gate = supported(Unseeded(0.02)).gate(Unseeded(0.02))
    assert outcomes(gate)["stability"] == "does not hold"
    assert "production would run another model" in finding(gate, "stability")


def test_a_row_that_depends_on_its_neighbours_is_flagged(supported):
    gate = supported(Beside()).gate(Beside())
    assert outcomes(gate)["look-ahead"] == "does not hold"
    assert "asked for alone" in finding(gate, "look-ahead")


class Hesitant(Spread):
    """Its spread doubles where it is asked for fewer rows; its means never move."""

    def predict(self, data: Frame, /) -> AbstractPredictive:
        sd = self.sd * (1 if data.rows == SEALED else 2)
        return EnsemblePredictive(data.numbers("x")[:, None] + sd * _normal_quantiles(99))


def test_a_spread_that_depends_on_the_neighbours_is_flagged_too(supported):
    gate = supported(Hesitant(1.0), metric="crps").gate(Hesitant(1.0))
    assert outcomes(gate)["look-ahead"] == "does not hold"


@pytest.mark.parametrize("state", [None, 0])
def test_a_seed_that_the_author_wrote_into_a_model_hides_nothing(supported, state):
    kernel = pytest.importorskip("sklearn.kernel_approximation")
    linear = pytest.importorskip("sklearn.linear_model")
    make_pipeline = pytest.importorskip("sklearn.pipeline").make_pipeline
    table = wide(noise=2)
    model = make_pipeline(
        kernel.RBFSampler(gamma=0.3, n_components=12, random_state=state), linear.Ridge(1.0)
    )
    gate = supported(model, table).gate(model)
    stability = next(part for part in gate.parts if part["name"] == "stability")
    assert stability["figures"]["decided_by_seed"] > 0.02


def test_harm_in_one_of_many_stores_is_flagged(supported):
    table = wide(noise=2).with_columns(
        store=pl.Series([f"s{number % 12:02d}" for number in range(800)])
    )
    table = table.with_columns(
        y=pl.when(pl.col("store") == "s00").then(-pl.col("y")).otherwise(pl.col("y"))
    )
    gate = supported(Lucky(0.0), table).gate(Lucky(0.0))
    assert outcomes(gate)["segments"] == "does not hold"
    assert "`store` is s00" in finding(gate, "segments")


@pytest.mark.parametrize("term", ["improve_by", "improve_by_absolute"])
def test_the_least_gain_has_its_unit_and_a_loss_that_few_rows_saw_may_be_chance(supported, term):
    table = wide(noise=2).with_columns(odd=pl.Series((np.arange(800) % 20 == 0).astype(int)))
    slight = pl.col("y") - 0.8 * pl.col("x")
    table = table.with_columns(y=pl.when(pl.col("odd") == 1).then(slight).otherwise("y"))
    model = Lucky(0.0)
    gate = supported(model, table, **{"improve_by": None, term: 0.05}).gate(model)
    assert outcomes(gate)["segments"] == "holds"
    gain = r"-\d+ % of the baseline's loss there" if term == "improve_by" else r"-\d\.\d+"
    told = rf"where `odd` is 1 \(gain {gain}, which \d\d rows cannot tell from chance\)\."
    assert re.search(told, finding(gate, "segments")), finding(gate, "segments")


def test_harm_to_a_segment_is_flagged_and_may_be_accepted(supported):
    table = wide().with_columns(odd=pl.Series((np.arange(800) % 10 == 0).astype(int)))
    table = table.with_columns(y=pl.when(pl.col("odd") == 1).then(-pl.col("y")).otherwise("y"))
    model = Lucky(0.0)
    experiment = supported(model, table)
    gate = experiment.gate(model)
    assert outcomes(gate)["segments"] == "does not hold"
    assert "`odd` is 1" in finding(gate, "segments")
    with pytest.raises(ExperimentError, match=r"did not pass its gate \(.*segments"):
        experiment.release()
    gate = experiment.gate(model, accept={"segments": "odd rows go to a person"})
    assert outcomes(gate)["segments"] == "accepted"
    assert "odd rows go to a person" in finding(gate, "segments")


@pytest.mark.parametrize(
    ("accept", "said"),
    [
        ({"gap": "never mind"}, "`gap` cannot be accepted"),
        ({"gap": "x"}, "for; segments, look-ahead and explanation may be, with a reason"),
        ({"segment": "x"}, "no part is called `segment`"),
        ({"segments": " "}, "without a reason"),
    ],
)
def test_what_breaks_a_promise_cannot_be_accepted(supported, accept, said):
    experiment = supported(Lucky(0.0))
    with pytest.raises(ExperimentError, match=said):
        experiment.gate(Lucky(0.0), accept=accept)


def test_a_file_of_predictions_cannot_be_told_and_does_not_pass(begin, guess):
    experiment = begin()
    assert experiment.attempt(predictions=guess(experiment, 1.0), name="file").supported
    gate = experiment.gate()
    found = outcomes(gate)
    assert not gate.passed
    for name in ("gap", "stability", "look-ahead", "explanation"):
        assert found[name] == "cannot be told", name


def test_nothing_but_a_supported_model_comes_to_the_gate(begin, scaled):
    experiment = begin()
    with pytest.raises(ExperimentError, match="its seal is closed"):
        experiment.gate(scaled(0.0))
    experiment.attempt(scaled(0.0), name="useless")
    experiment.close()
    with pytest.raises(ExperimentError, match=r"its verdict is (refuted|inconclusive)"):
        experiment.gate(scaled(0.0))


def test_nothing_is_released_without_a_gate(supported):
    with pytest.raises(ExperimentError, match="has been through no gate yet"):
        supported(Lucky(0.0)).release()


def test_another_model_than_the_judged_one_is_flagged(supported):
    experiment = supported(Lucky(0.0))
    other = assay.Model(assay.Normal(), mean=assay.Linear("x"))
    with pytest.raises(ExperimentError, match="`m` was Lucky, and this model is normal"):
        experiment.gate(other)


# --- in time ----------------------------------------------------------------------------------


def days(count: int = 700) -> pl.DataFrame:
    """A slow walk around 20 with noise, one row a day."""
    random = np.random.default_rng(3)
    level, levels = 20.0, []
    for _ in range(count):
        level = 20 + 0.95 * (level - 20) + random.normal()
        levels.append(level)
    dates = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 1, 1) + pl.duration(days=count - 1),
                          eager=True)  # fmt: skip
    return pl.DataFrame({"date": dates, "y": np.array(levels) + 0.3 * random.normal(size=count)})


class Last:
    """Tomorrow like today."""

    def fit(self, data: Frame, target: str, /, *, seed: int) -> "Last":
        return type(self)()

    def forecast(self, history: Frame, asked: Frame, /) -> AbstractPredictive:
        return EnsemblePredictive(np.full((asked.rows, 1), history.numbers("y")[-1]))


class Remembers(Last):
    """Keeps the longest history that it was ever shown, and looks its answers up there."""

    def __init__(self) -> None:
        self.known: dict[Any, float] = {}

    def forecast(self, history: Frame, asked: Frame, /) -> AbstractPredictive:
        self.known |= dict(zip(history.column("date"), history.numbers("y"), strict=True))
        last = history.numbers("y")[-1]
        values = [self.known.get(day, last) for day in asked.column("date")]
        return EnsemblePredictive(np.array(values)[:, None])


TIME = {"time": "date", "horizon": 1, "baseline": "climatology", "seal": {"share": 0.5}}


def test_an_honest_forecaster_does_not_look_ahead(supported):
    experiment = supported(Last(), days(), **TIME)
    gate = experiment.gate(Last())
    assert outcomes(gate)["look-ahead"] == "cannot be told"  # its author's code may know more
    assert "no prediction before it changed" in finding(gate, "look-ahead")
    gate = experiment.gate(Last(), accept={"look-ahead": "read line by line by Ann"})
    assert outcomes(gate)["look-ahead"] == "accepted"


def test_a_forecaster_that_remembers_later_origins_is_flagged(supported):
    experiment = supported(Remembers(), days(), **TIME)
    gate = experiment.gate(Remembers(), accept={"look-ahead": "never mind"})
    assert outcomes(gate)["look-ahead"] == "does not hold"
    assert "Later origins were asked first" in finding(gate, "look-ahead")


PEEKING = """
import numpy as np
import polars as pl
from assay.predictive import EnsemblePredictive


class Peeks:
    '''Reads tomorrow from the file that lies beside it.'''

    def fit(self, data, target, /, *, seed):
        self.table = pl.read_parquet("days.parquet")
        return self

    def forecast(self, history, asked, /):
        found = asked.table.select("date").join(self.table, on="date", how="left")["y"]
        wrong = 0.5 * np.sin(np.arange(asked.rows) + found.to_numpy())
        return EnsemblePredictive((found.to_numpy() + wrong)[:, None])

"""

TOML = """
version = 1
[portfolio]
name = "peeking"
[[project]]
key = "days"
data = "days.parquet"
target = "y"
time = "date"
horizon = 1
baseline = "climatology"
metric = "squared"
improve_by = 0.05
expect = 0.6
seal = 0.5
[[project.attempt]]
name = "clairvoyant"
effort = 1
model = { python = "models.py:Peeks" }
"""


def test_a_forecaster_that_reads_tomorrow_from_the_disk_is_flagged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    days().write_parquet(tmp_path / "days.parquet")
    (tmp_path / "models.py").write_text(PEEKING, encoding="utf-8")
    (tmp_path / "assay.toml").write_text(TOML, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with Workspace.open(tmp_path) as workspace:
        experiment = workspace.register("days")
        plan = workspace.project("days").attempts[0]
        assert experiment.attempt_planned(plan).supported
        gate = workspace.gate("days")
    assert outcomes(gate)["look-ahead"] == "does not hold"
    assert "`days.parquet` held other values" in finding(gate, "look-ahead")


def test_a_data_file_outside_the_folder_is_left_alone(tmp_path: Path, monkeypatch):
    folder = tmp_path / "portfolio"
    folder.mkdir()
    days().write_parquet(tmp_path / "days.parquet")
    models = PEEKING.replace('"days.parquet"', '"../days.parquet"')
    (folder / "models.py").write_text(models, encoding="utf-8")
    toml = TOML.replace('"days.parquet"', '"../days.parquet"')
    (folder / "assay.toml").write_text(toml, encoding="utf-8")
    monkeypatch.chdir(folder)
    before = (tmp_path / "days.parquet").read_bytes()
    with Workspace.open(folder) as workspace:
        experiment = workspace.register("days")
        assert experiment.attempt_planned(workspace.project("days").attempts[0]).supported
        gate = workspace.gate("days")
    assert outcomes(gate)["look-ahead"] == "cannot be told"
    assert (tmp_path / "days.parquet").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["days.parquet", "portfolio"]


def test_a_gate_says_how_often_it_was_shut_before(supported):
    experiment = supported(Beside())
    experiment.gate(Beside())
    assert "It came to this gate once before" in finding(experiment.gate(Beside()), "tries")


def test_a_gate_that_was_written_by_hand_is_refused(supported):
    sha = "a" * 64
    with pytest.raises(LedgerError, match="must hold each of"):
        GateBody(experiment=sha, attempt="m", passed=True, parts=())
    part = {"finding": "", "remedy": "", "figures": {}}
    parts = [{"name": name, "outcome": "holds", **part} for name in GATE_PARTS]
    GateBody(experiment=sha, attempt="m", passed=True, parts=parts)
    parts[0] |= {"outcome": "does not hold"}
    with pytest.raises(LedgerError, match="its parts say otherwise"):
        GateBody(experiment=sha, attempt="m", passed=True, parts=parts)
    parts[0] |= {"outcome": "accepted"}
    with pytest.raises(LedgerError, match="accepts `gap`"):
        GateBody(experiment=sha, attempt="m", passed=True, parts=parts)


def test_a_gate_is_kept_and_the_genesis_is_first(supported, ledger):
    experiment = supported(Lucky(0.0))
    gate = experiment.gate(Lucky(0.0))
    last = list(ledger.records())
    assert last[-1].body == gate
    assert isinstance(last[0].body, GenesisBody)
    assert ledger.verify().ok
