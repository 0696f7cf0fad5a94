"""Runs of optimizers, the same for Keras and minikeras; as a program, Keras's on JAX, written to a file."""

import os
import sys
import warnings
from typing import Any

import numpy as np

SHAPES = [(3, 4), (4,), (2, 3, 2), (), (4, 1)]
STEPS = 12
SCHEDULE = ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5})

OWN: dict[str, list[dict[str, Any]]] = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}],
    "RMSprop": [{}, {"momentum": 0.9}, {"centered": True}, {"rho": 0.5, "momentum": 0.3, "centered": True}],
    "Adam": [{}, {"amsgrad": True}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1}],
    "AdamW": [{}, {"weight_decay": 0.1, "amsgrad": True}],
    "Adamax": [{}, {"beta_1": 0.5, "beta_2": 0.7}],
    "Nadam": [{}, {"beta_1": 0.5, "beta_2": 0.7}],
    "Adagrad": [{}, {"initial_accumulator_value": 0.5, "epsilon": 0.1}],
    "Adadelta": [{}, {"rho": 0.5, "epsilon": 0.1}],
    "Ftrl": [
        {},
        {"l1_regularization_strength": 0.1, "l2_regularization_strength": 0.2, "beta": 0.3},
        {"learning_rate": 0.1, "learning_rate_power": -0.3, "l2_shrinkage_regularization_strength": 0.2, "beta": 0.5},
    ],
    "Lion": [{}, {"beta_1": 0.5, "beta_2": 0.7}],
    "Lamb": [{}, {"beta_1": 0.5, "beta_2": 0.7}],
    "Adafactor": [{}, {"relative_step": False, "clip_threshold": 0.5, "beta_2_decay": -0.5}],
    "ScheduleFreeAdamW": [{}, {"warmup_steps": 5, "beta_1": 0.7}, {"learning_rate": 0.1, "weight_decay": 0.5}],
}
COMMON: list[dict[str, Any]] = [
    {"learning_rate": SCHEDULE},
    {"weight_decay": 0.1},
    {"weight_decay": 0.1, "exclude": "bias"},
    {"clipnorm": 0.5},
    {"clipvalue": 0.3},
    {"global_clipnorm": 0.5},
    {"use_ema": True, "ema_momentum": 0.7},
    {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 4},
    {"loss_scale_factor": 3.0},
    {"weight_decay": 0.1, "global_clipnorm": 0.5, "loss_scale_factor": 2.0, "learning_rate": SCHEDULE},
    {"constraint": True},
    {"missing": True},
    {"overwrite": True},
]
ACCUMULATED: list[tuple[str, dict[str, Any]]] = [  # Keras compiles anew at each of these steps: few are affordable
    ("SGD", {"gradient_accumulation_steps": 5, "use_ema": True, "ema_overwrite_frequency": 2, "clipnorm": 0.1}),
    ("SGD", {"gradient_accumulation_steps": 2, "missing": True, "overwrite": True}),
]
CASES = [(name, options) for name, several in OWN.items() for options in several]
CASES += [(name, {"learning_rate": 0.1}) for name in OWN]
CASES += [(name, {"learning_rate": 0.05, **options}) for name in ("Adam", "Adafactor") for options in COMMON]
CASES += [("Nadam", {"missing": True}), ("SGD", {"momentum": 0.9, "mixed": True}), *ACCUMULATED]


def label(case: tuple[str, dict[str, Any]]) -> str:
    """Return a name for a case."""
    return " ".join([case[0], *(f"{key}={value}" for key, value in case[1].items())])


def run(k: Any, name: str, options: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return an optimizer's variables and the model's after some steps, as arrays."""
    options = dict(options)
    flags = {key: options.pop(key, None) for key in ("exclude", "constraint", "missing", "overwrite", "mixed")}
    if isinstance(options.get("learning_rate"), tuple):
        schedule, arguments = options["learning_rate"]
        options["learning_rate"] = getattr(k.optimizers.schedules, schedule)(**arguments)
    rng = np.random.default_rng(0)
    dtypes = ["float16" if flags["mixed"] and i == 1 else "float32" for i in range(len(SHAPES))]
    variables = [
        k.Variable(rng.normal(size=shape).astype("float32"), dtype=dtype, name="bias" if len(shape) == 1 else "kernel")
        for shape, dtype in zip(SHAPES, dtypes, strict=True)
    ]
    variables[1].assign(np.zeros(4))
    if flags["constraint"]:
        variables[0].constraint = k.constraints.MaxNorm(0.5)
        variables[3].constraint = k.constraints.NonNeg()
    if flags["overwrite"]:
        variables[2].overwrite_with_gradient = True
    optimizer = getattr(k.optimizers, name)(**options)
    if flags["exclude"]:
        optimizer.exclude_from_weight_decay(var_names=[flags["exclude"]])
    optimizer.build(variables)
    for step in range(STEPS):
        gradients: list[Any] = [
            (rng.normal(size=shape) * 10.0 ** rng.integers(-2, 2)).astype("float32") for shape in SHAPES
        ]
        if step == 3:
            gradients[0] = np.zeros_like(gradients[0])
        if flags["missing"] and step % 3:
            gradients[step % 5] = None
        gradients = [None if g is None else k.ops.convert_to_tensor(g) for g in gradients]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if flags["missing"] and step == 7:
                optimizer.apply(gradients[1:3], variables[1:3])
            else:
                optimizer.apply(gradients, variables)
    if options.get("use_ema"):
        optimizer.finalize_variable_values(variables)
    return [np.array(v) for v in optimizer.variables], [np.array(v) for v in variables]


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "jax"
    warnings.simplefilter("ignore")
    import keras

    found = {}
    for case in CASES:
        for kind, arrays in zip("ov", run(keras, *case), strict=True):
            found.update({f"{label(case)}|{kind}{i}": a for i, a in enumerate(arrays)})
    np.savez(sys.argv[1], **found)
