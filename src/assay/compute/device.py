"""Where numerics run: the CPU, or a GPU where there is one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Protocol

import jax

from assay.errors import ConfigError

Engine = Literal["cpu", "gpu"]


class Device(Protocol):
    """One of JAX's devices; its own class is not known to type checkers."""

    @property
    def platform(self) -> str:
        """Such as `cpu` or `gpu`."""
        ...


@contextmanager
def on_engine(engine: Engine | None) -> Iterator[Device]:
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


def current_device() -> Device:
    """The device that JAX works on here."""
    chosen = default_device()
    return jax.devices(chosen)[0] if chosen is None or isinstance(chosen, str) else chosen


def default_device() -> Any:
    """What this thread was told to work on; `None` where it was told nothing."""
    # The setting is an attribute that JAX adds to its configuration as it starts.
    return getattr(jax.config, "jax_default_device", None)


def _first(engine: str) -> Device:
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
