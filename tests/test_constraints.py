"""Constraints: hand numbers, names, errors."""

from typing import Any

import numpy as np
import pytest

from minikeras import constraints

W = np.array([[3.0, 0.3, 0.0], [4.0, 0.4, 0.0]], "float32")  # columns of norm 5, 0.5 and 0


def norms(w: Any, axis: int = 0) -> list[float]:
    return [round(float(n), 5) for n in np.linalg.norm(w.numpy(), axis=axis)]


def test_hand_numbers() -> None:
    assert norms(constraints.MaxNorm(2.0)(W)) == [2, 0.5, 0]
    assert norms(constraints.UnitNorm()(W)) == [1, 1, 0]
    assert norms(constraints.UnitNorm(axis=1)(W), 1) == [1, 1]
    assert norms(constraints.MinMaxNorm(1.0, 2.0)(W)) == [2, 1, 0]
    assert norms(constraints.MinMaxNorm(1.0, 2.0, rate=0.5)(W)) == [3.5, 0.75, 0]
    assert constraints.NonNeg()([-1.0, 0.0, 2.0]).tolist() == [0, 0, 2]
    assert constraints.Constraint()(W) is W
    np.testing.assert_allclose(constraints.MaxNorm(9.0)(W).numpy(), W, 1e-6)


@pytest.mark.parametrize("name", sorted(constraints.registry.names))
def test_names(name: str) -> None:
    constraint = constraints.get(name)
    assert constraints.get(constraint) is constraint
    assert type(constraints.get(type(constraint))) is type(constraint)
    copy = constraints.deserialize(constraints.serialize(constraint))
    assert type(copy) is type(constraint)
    assert copy.get_config() == constraint.get_config()


class Halved(constraints.Constraint):
    def __call__(self, w: Any) -> Any:
        return w / 2


def test_custom_constraints() -> None:
    config = constraints.serialize(Halved())
    assert isinstance(constraints.deserialize(config, {"Halved": Halved}), Halved)
    assert constraints.get(None) is None
    with pytest.raises(ValueError, match="Halved"):
        constraints.deserialize(config)


def test_errors_help() -> None:
    with pytest.raises(ValueError, match="'MaxNorm'"):
        constraints.get("maxnorm")
    with pytest.raises(ValueError, match="constraint"):
        constraints.get(2)  # type: ignore[call-overload]
