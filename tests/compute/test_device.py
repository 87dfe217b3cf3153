"""Where work runs: the device that is asked for, or an error that says what is there."""

import jax
import pytest

from assay.compute import cores, current_device, on_engine, one_blas_thread
from assay.errors import ConfigError


def test_the_cpu_is_always_there():
    before = current_device()
    with on_engine("cpu") as device:
        assert device.platform == "cpu"
        assert current_device() == device
        assert jax.numpy.ones(3).device == device
    assert current_device() == before


def test_without_an_engine_jax_chooses():
    with on_engine(None) as device:
        assert device == jax.devices()[0]


def test_an_unknown_engine_is_refused():
    with pytest.raises(ConfigError, match=r"engine is 'tpu', must be `cpu`, `gpu`"):
        on_engine("tpu").__enter__()


@pytest.mark.skipif(jax.default_backend() == "gpu", reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_said_to_be_missing():
    with pytest.raises(ConfigError, match=r"JAX finds none on this machine, only cpu"):
        on_engine("gpu").__enter__()


def test_threads_of_blas_are_given_back():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    before = [each["num_threads"] for each in threadpoolctl.threadpool_info()]
    with one_blas_thread():
        inside = threadpoolctl.threadpool_info()
        assert {each["num_threads"] for each in inside if each["user_api"] == "blas"} == {1}
    assert [each["num_threads"] for each in threadpoolctl.threadpool_info()] == before
    assert cores() >= 1
