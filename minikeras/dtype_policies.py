"""Dtype policies: the float type that a layer computes in, and that of its weights."""

from typing import Any, Final, Literal, TypeAlias, cast

from ._base import absent
from ._base.naming import on_clear_session
from ._base.settings import floatx, standardize_dtype
from ._base.typing import Config, CustomObjects, DTypeChoice, DTypeName
from ._serialization.configurable import Configurable
from ._serialization.registry import Registry

__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]

_MIXED: dict[str, tuple[DTypeName, DTypeName]] = {"mixed_float16": ("float16", "float32")}


class DTypePolicy(Configurable):
    """A layer's pair of dtypes: one to compute in, one for its weights.

    Args:
        name: A dtype name ("float32", "float64", ...) for both, or "mixed_float16": compute in float16, keep
            weights in float32. The default policy if not given.

    Example:
        >>> DTypePolicy("mixed_float16").compute_dtype
        'float16'
    """

    _arguments = ("name",)
    quantization_mode: Final = None

    def __init__(self, name: str | None = None) -> None:
        name = dtype_policy().name if name is None else name
        text = name if isinstance(name, str) else ""
        try:
            compute, variable = _MIXED.get(text) or [standardize_dtype(text)] * 2
        except ValueError:
            raise ValueError(f"Cannot convert {name!r} to a dtype policy. Expected a dtype name or 'mixed_float16' "
                             "(NumPy has no bfloat16).") from None  # fmt: skip
        self.name: Final[str] = text if text in _MIXED else compute
        self.compute_dtype: Final[DTypeName] = compute
        self.variable_dtype: Final[DTypeName] = variable

    @classmethod
    def from_config(cls, config: Config) -> "DTypePolicy":
        """Return the policy of a configuration; a ValueError if it has other settings than a name."""
        if set(config) - {"name"}:
            raise ValueError(f"A dtype policy has a name and no other settings. Received: {config!r:.200}.")
        return cls(config.get("name"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


registry: Registry[DTypePolicy] = Registry("keras.dtype_policies", "dtype policy", DTypePolicy,
                                           aliases={"FloatDTypePolicy": "DTypePolicy"})  # fmt: skip
FloatDTypePolicy = DTypePolicy
PolicyLike: TypeAlias = DTypeChoice | Literal["mixed_float16"] | DTypePolicy
"""A policy as a user may write it."""
_default: list[DTypePolicy] = []
on_clear_session(_default.clear)


def dtype_policy() -> DTypePolicy:
    """Return the policy of layers made without `dtype`: the one that was set, or else that of `floatx`.

    Example:
        >>> dtype_policy()
        <DTypePolicy "float32">
    """
    return _default[0] if _default else DTypePolicy(floatx())


def set_dtype_policy(policy: PolicyLike | None) -> None:
    """Set the policy of layers made from now on; None returns to `floatx`."""
    _default[:] = [] if policy is None else [get(policy)]


def get(identifier: Any) -> DTypePolicy:
    """Return the policy a name, dtype, configuration or policy stands for, the default one for None.

    Example:
        >>> get("float64").variable_dtype
        'float64'
    """
    if identifier is None or isinstance(identifier, str):
        if identifier == "int8":
            raise ValueError("'int8' is a mode of quantization, which minikeras does not have. Expected the name of a "
                             "float dtype, or a policy, such as DTypePolicy('int8').")  # fmt: skip
        return DTypePolicy(identifier)
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return cast(DTypePolicy, registry.deserialize(identifier))
    return DTypePolicy(standardize_dtype(identifier))


def serialize(policy: DTypePolicy) -> Config:
    """Return the configuration of a policy, in Keras's layout."""
    return {"module": "keras", "class_name": "DTypePolicy", "config": policy.get_config(), "registered_name": None}


def deserialize(config: Config, custom_objects: CustomObjects | None = None) -> DTypePolicy:
    """Return the policy of a configuration that `serialize` made, here or in Keras."""
    return get(config)


absent.complete(globals())
