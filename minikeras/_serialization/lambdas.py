"""Lambdas in configurations: written with their code, as Keras does, and never made of it again."""

import json
from codecs import encode
from collections.abc import Callable
from marshal import dumps
from typing import Any

from .._base.typing import Config
from .object_registration import all_of


class LambdaConfig(dict[str, Any]):
    """The configuration of a lambda, which has the function itself for those who read it in this process.

    `plain` makes a configuration of an array; in one for a `Lambda` `layer` the parts have names.
    """

    def __init__(self, function: Any, plain: Callable[[Any], Any], layer: bool = False) -> None:
        def array(value: Any) -> Any:
            if not hasattr(value, "__array__") or hasattr(value, "get_config"):
                raise TypeError
            return plain(value)

        def written(values: Callable[[], Any]) -> Any:
            try:
                return json.loads(json.dumps(values(), allow_nan=False, default=array))
            except (TypeError, ValueError):  # more than plain values and arrays, or a name that is not set yet
                return None

        code, cells = encode(dumps(function.__code__), "base64").decode(), function.__closure__
        defaults = written(lambda: function.__defaults__)
        closure = written(lambda: cells and [cell.cell_contents for cell in cells])
        parts = {"code": code, "defaults": defaults, "closure": closure}
        super().__init__(class_name="__lambda__", config=parts if layer else {"value": [*parts.values()]})
        self.function: Callable[..., Any] = function


def function_of(config: Any) -> Callable[..., Any]:
    """Return the lambda of a configuration that was made in this process; a ValueError for one from elsewhere."""
    if isinstance(config, LambdaConfig):
        return config.function
    raise ValueError("The configuration holds the code of a lambda, which is never run. Pass the function in "
                     "custom_objects under the name of its layer; compile=False loads a model without it.")  # fmt: skip


def with_lambdas(config: Config) -> Config:
    """Return a layer's configuration with its lambdas: those of this process, or of the caller's custom objects.

    There they stand under the layer's name, or as "name.argument": only the first of a layer is found by its name
    alone. Raises a ValueError if one is missing.
    """
    places = [k for k, v in config.items() if isinstance(v, dict) and v.get("class_name") == "__lambda__"]
    custom, functions = all_of(None) if places else {}, {}
    for key in places:
        name = str(config.get("name"))
        names = [f"{name}.{key}", *([name] if key == places[0] else [])]
        own = [custom[each] for each in names if callable(custom.get(each))]
        if not own and not isinstance(config[key], LambdaConfig):
            raise ValueError(f"`{key}` of the layer {name!r:.80} is a lambda, whose code in the file is never run. "
                             f"Pass the function: custom_objects={{{names[-1]!r:.100}: function}}.")  # fmt: skip
        functions[key] = own[0] if own else function_of(config[key])
    return {**config, **functions}
