"""Which float type a layer computes in, and which its weights have."""

from typing import Any

from . import _state
from ._typing import Config, DTypeLike
from .registry import Registry

_registry: Registry["DTypePolicy"] = Registry("keras.dtype_policies", "dtype policy")


class DTypePolicy:
    """A layer's pair of dtypes.

    Args:
        name: A dtype name ("float32", "float64", ...) for both, or "mixed_float16": compute in float16, keep
            weights in float32. The default policy if not given.

    Raises:
        ValueError: for any other name.

    Example:
        >>> DTypePolicy("mixed_float16").compute_dtype
        'float16'
    """

    def __init__(self, name: str | None = None) -> None:
        name = name or dtype_policy().name
        mixed = {"mixed_float16": ("float16", "float32")}
        if not isinstance(name, str) or (name not in mixed and not _is_dtype(name)):
            raise ValueError(
                f"Cannot convert {name!r} to a dtype policy. Expected a dtype name or 'mixed_float16' "
                "(NumPy has no bfloat16)."
            )
        self._name = name
        self._compute_dtype, self._variable_dtype = mixed.get(name, (name, name))

    @property
    def name(self) -> str:
        """Name of the policy."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """Dtype of a layer's computations and outputs."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """Dtype of a layer's weights."""
        return self._variable_dtype

    @property
    def quantization_mode(self) -> None:
        """None: minikeras does not quantize."""
        return None

    def get_config(self) -> Config:
        """Return {"name": ...}."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: Config) -> "DTypePolicy":
        """Return the policy of a configuration."""
        return cls(**{key: value for key, value in config.items() if key == "name"})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


_registry.register(DTypePolicy, "FloatDTypePolicy")
_default: list[DTypePolicy] = []


def _is_dtype(name: str) -> bool:
    try:
        _state.standardize_dtype(name)
    except ValueError:
        return False
    return True


def dtype_policy() -> DTypePolicy:
    """Return the policy of layers made without `dtype`: that of `floatx` unless set.

    Example:
        >>> dtype_policy()
        <DTypePolicy "float32">
    """
    return _default[0] if _default else DTypePolicy(_state.floatx())


def set_dtype_policy(policy: "DTypeLike | DTypePolicy | None") -> None:
    """Set the policy of layers made from now on; None returns to `floatx`.

    Example:
        >>> set_dtype_policy("float32")
        >>> set_dtype_policy(None)
    """
    _default[:] = [] if policy is None else [get(policy)]


def get(identifier: Any) -> DTypePolicy:
    """Return the policy a name, dtype, configuration or policy stands for, the default one for None.

    Example:
        >>> get("float64").variable_dtype
        'float64'
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return DTypePolicy.from_config(identifier["config"])
    if isinstance(identifier, str):
        return DTypePolicy(identifier)
    return DTypePolicy(_state.standardize_dtype(identifier))


def serialize(policy: DTypePolicy) -> Config:
    """Return the configuration of a policy, in Keras's layout.

    Example:
        >>> serialize(DTypePolicy("float32"))["class_name"]
        'DTypePolicy'
    """
    return {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": policy.get_config(),
        "registered_name": None,
    }
