"""Where work runs: the device, precision and the compilation cache."""

from assay.compute.device import Device, Engine, current_device, default_device, on_engine
from assay.compute.setup import configure
from assay.compute.threads import MANY_ROWS, apart, cores, in_flight, on_all_cores, one_blas_thread

__all__ = [
    "MANY_ROWS",
    "Device",
    "Engine",
    "apart",
    "configure",
    "cores",
    "current_device",
    "default_device",
    "in_flight",
    "on_all_cores",
    "on_engine",
    "one_blas_thread",
]
