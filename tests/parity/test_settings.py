"""Variables, settings and helpers beside Keras's own: signatures and behaviour."""

import inspect
from typing import Any

import keras
import numpy as np
import pytest

import minikeras

PLACES = {
    "config": None,
    "backend": None,
    "saving": ["custom_object_scope", "get_registered_name", "get_registered_object", "register_keras_serializable"],
    "utils": [
        "Progbar",
        "set_random_seed",
        "clear_session",
        "get_custom_objects",
        "get_file",
        "is_keras_tensor",
        "model_to_dot",
        "pad_sequences",
        "plot_model",
        "split_dataset",
    ],
    "models": ["model_from_json"],
    "": ["Variable", "InputSpec", "DTypePolicy", "Input", "Initializer", "Regularizer"],
}
CASES = [
    (place, name)
    for place, names in PLACES.items()
    for name in names or [n for n in getattr(minikeras, place).__all__ if n[0].islower()]
]
EXCEPTIONS = {
    "get_registered_object": "no module_objects: names are not looked up in a module",
    "register_keras_serializable": "checked by hand below",
    "custom_object_scope": "in Keras a class; here a function",
    **dict.fromkeys(("max_threads", "set_max_threads"), "not in Keras, whose backends have threads of their own"),
}


def shown(value: Any) -> list[tuple[str, Any]]:
    function = (
        next(vars(c)["__init__"] for c in value.__mro__ if "__init__" in vars(c)) if isinstance(value, type) else value
    )
    return [
        (p.name, p.default)
        for p in inspect.signature(function).parameters.values()
        if p.kind is not p.VAR_KEYWORD and p.name != "layout"
    ]  # layout: of distributed variables


@pytest.mark.parametrize(("place", "name"), CASES, ids=[f"{p}.{n}" for p, n in CASES])
def test_signatures(place: str, name: str) -> None:
    here, there = (getattr(k, place) if place else k for k in (minikeras, keras))
    if name not in EXCEPTIONS:
        assert shown(getattr(here, name)) == shown(getattr(there, name))


def test_variables() -> None:
    for k in (minikeras, keras):
        v = k.Variable([1.0, 2.0], name="v")
        assert (v.name, v.path, tuple(v.shape), v.dtype, v.trainable, v.ndim) == ("v", "v", (2,), "float32", True, 1)
        v.assign([3, 4])
        v.assign_add([1.0, 1.0])
        v.assign_sub([0.5, 0.5])
        assert v.numpy().tolist() == [3.5, 4.5]
        assert np.asarray(v.value).tolist() == [3.5, 4.5]
        with pytest.raises(ValueError, match="shape"):
            v.assign([1.0])
        with pytest.raises(ValueError, match="shape"):
            k.Variable("ones")
        with pytest.raises(ValueError, match="name"):
            k.Variable(1.0, name="a/b")
        assert k.Variable("ones", shape=(2, 1)).numpy().tolist() == [[1.0], [1.0]]
        assert k.Variable(1.0).name == "variable_2"
    values = [repr(k.Variable([[1.0, 2.0]], name="v")) for k in (minikeras, keras)]
    assert values[0].replace(", ", " ") == values[1].replace(", ", " ")


def test_registered_names() -> None:
    for k in (minikeras, keras):

        def double(x: Any) -> Any:
            return 2 * x

        k.saving.register_keras_serializable(package="mine", name="twice")(double)
        assert k.saving.get_registered_name(double) == "mine>twice"
        assert k.saving.get_registered_object("mine>twice") is double
        config = k.activations.serialize(double)
        assert k.activations.deserialize(config)(2) == 4
        del k.saving.get_custom_objects()["mine>twice"]


def test_settings() -> None:
    for k in (minikeras, keras):
        assert (k.config.floatx(), k.config.epsilon(), k.config.image_data_format()) == (
            "float32",
            1e-7,
            "channels_last",
        )
        with pytest.raises(ValueError):  # noqa: PT011 - both refuse, in their own words
            k.config.set_floatx("float33")
        with pytest.raises(ValueError):  # noqa: PT011
            k.config.set_image_data_format("x")
        assert k.backend.standardize_dtype("float16") == "float16"
        assert k.backend.get_uid("thing") == 1
        assert k.backend.get_uid("thing") == 2
