"""Where work runs: the device, precision and the compilation cache."""

from assay.compute.device import Device, Engine, current_device, default_device, on_engine
from assay.compute.setup import configure
from assay.compute.threads import cores, one_blas_thread

__all__ = [
    "Device",
    "Engine",
    "configure",
    "cores",
    "current_device",
    "default_device",
    "on_engine",
    "one_blas_thread",
]
