"""Where numerics run: the CPU, or a GPU where there is one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import jax

from assay.errors import ConfigError

Engine = Literal["cpu", "gpu"]


@contextmanager
def on_engine(engine: Engine | None) -> Iterator[jax.Device]:
    """Run what stands inside on a kind of device.

    Args:
        engine: `cpu` or `gpu`; `None` leaves the choice to JAX, which takes a GPU where its
            GPU version is installed and one is there.

    Raises:
        ConfigError: an unknown engine, or none of its kind is there; says what is.
    """
    if engine is None:
        yield current_device()
        return
    device = _first(engine)
    with jax.default_device(device):
        yield device


def current_device() -> jax.Device:
    """The device that JAX works on here."""
    chosen = jax.config.jax_default_device
    if isinstance(chosen, jax.Device):
        return chosen
    return jax.devices(chosen)[0]


def _first(engine: str) -> jax.Device:
    if engine not in ("cpu", "gpu"):
        raise ConfigError(f"engine is {engine!r}, must be `cpu`, `gpu` or None (JAX's own choice).")
    try:
        return jax.devices(engine)[0]
    except RuntimeError as error:
        there = ", ".join(str(device) for device in jax.devices())
        raise ConfigError(
            f"engine is `{engine}`, but JAX finds none on this machine, only {there}. Install its "
            "GPU version (`pip install 'jax[cuda12]'`) where there is a GPU, or leave `engine` out."
        ) from error
