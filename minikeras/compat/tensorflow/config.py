"""`tf.config`: there is one device, the CPU. Settings that ask for what minikeras does anyway are accepted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from .missing import missing, namespace, nothing

__getattr__: Callable[[str], Any] = missing(__name__)
_settings = SimpleNamespace(eager=False)


class PhysicalDevice(NamedTuple):
    """A device of the machine."""

    name: str
    device_type: str


class LogicalDevice(PhysicalDevice):
    """A device by the name that operations use."""


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the CPU, unless another type of device is asked for."""
    return [PhysicalDevice("/physical_device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """Return the CPU, unless another type of device is asked for."""
    return [LogicalDevice("/device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Let every `tf.function` run as Python code, or trace and replay it again."""
    _settings.eager = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """Return whether functions run eagerly."""
    return _settings.eager


get_visible_devices = list_physical_devices
_SETTERS = ("set_visible_devices", "set_soft_device_placement", "set_logical_device_configuration")
globals().update(dict.fromkeys(_SETTERS, nothing))
experimental_run_functions_eagerly: Callable[[bool], None] = run_functions_eagerly
LogicalDeviceConfiguration: Callable[..., SimpleNamespace] = SimpleNamespace
optimizer: SimpleNamespace = SimpleNamespace(set_jit=nothing, get_jit=lambda: "", set_experimental_options=nothing)
threading: SimpleNamespace = SimpleNamespace(
    set_inter_op_parallelism_threads=nothing, set_intra_op_parallelism_threads=nothing,
    get_inter_op_parallelism_threads=lambda: 0, get_intra_op_parallelism_threads=lambda: 0)  # fmt: skip
experimental: ModuleType = namespace(
    "config.experimental", list_physical_devices=list_physical_devices, list_logical_devices=list_logical_devices,
    set_memory_growth=nothing, get_memory_growth=lambda device: False, set_visible_devices=nothing,
    get_visible_devices=list_physical_devices, enable_op_determinism=nothing, enable_tensor_float_32_execution=nothing,
    set_virtual_device_configuration=nothing, get_device_details=lambda device: {},
    VirtualDeviceConfiguration=SimpleNamespace)  # fmt: skip


class Strategy:
    """A distribution strategy that gives all work to the one device."""

    num_replicas_in_sync: int = 1
    extended: Any = None

    __init__: Callable[..., None] = nothing

    @contextmanager
    def scope(self) -> Iterator["Strategy"]:
        """A context in which variables are created, without effect."""
        yield self

    def run(self, fn: Callable[..., Any], args: tuple[Any, ...] = (), kwargs: Any = None, options: Any = None) -> Any:
        """Call a function."""
        return fn(*args, **(kwargs or {}))

    reduce: Callable[..., Any] = lambda self, reduce_op, value, axis=None: value
    experimental_distribute_dataset: Callable[..., Any] = lambda self, dataset, options=None: dataset
    experimental_local_results: Callable[..., tuple[Any, ...]] = lambda self, value: (value,)
    """There is one replica, whose value and dataset are those given."""


class TPUClusterResolver:
    """A finder of TPUs: there are none."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise ValueError("Please provide a TPU Name to connect to.")

    connect: Any = classmethod(lambda cls, *_, **__: cls())


_NAMES = ("MirroredStrategy", "OneDeviceStrategy", "Strategy", "MultiWorkerMirroredStrategy", "TPUStrategy")
distribute: ModuleType = namespace(
    "distribute", **dict.fromkeys(_NAMES, Strategy), get_strategy=Strategy, has_strategy=lambda: False,
    cluster_resolver=SimpleNamespace(TPUClusterResolver=TPUClusterResolver), in_cross_replica_context=lambda: True,
    experimental=namespace("distribute.experimental", **dict.fromkeys((*_NAMES, "CentralStorageStrategy"), Strategy)),
    ReduceOp=SimpleNamespace(SUM="SUM", MEAN="MEAN"))  # fmt: skip
test: ModuleType = namespace(
    "test", is_gpu_available=lambda *_, **__: False, is_built_with_cuda=lambda: False,
    is_built_with_gpu_support=lambda: False, gpu_device_name=lambda: "")  # fmt: skip
