"""Lambdas in configurations: their code is written, as Keras does, but never run again."""

from codecs import encode
from collections.abc import Callable
from marshal import dumps
from typing import Any

from .._base.typing import Config
from .object_registration import all_of


class LambdaConfig(dict[str, Any]):
    """The configuration of a lambda. It holds the function itself as well, for a reader in the same process.

    `plain` turns an array into a configuration. In that of a `Lambda` layer (`layer`) the parts of the code have names.
    """

    def __init__(self, function: Any, plain: Callable[[Any], Any], layer: bool = False) -> None:
        import json  # here, since it takes long to import

        def array(value: Any) -> Any:
            if not hasattr(value, "__array__") or hasattr(value, "get_config"):
                raise TypeError
            return plain(value)

        def written(values: Callable[[], Any]) -> Any:
            try:
                return json.loads(json.dumps(values(), allow_nan=False, default=array))
            except (TypeError, ValueError):  # other values than plain ones and arrays, or an empty closure cell
                return None

        code, cells = encode(dumps(function.__code__), "base64").decode(), function.__closure__
        closure = written(lambda: cells and [cell.cell_contents for cell in cells])
        parts = {"code": code, "defaults": written(lambda: function.__defaults__), "closure": closure}
        super().__init__(class_name="__lambda__", config=parts if layer else {"value": [*parts.values()]})
        self.function: Callable[..., Any] = function


def function_of(config: Any) -> Callable[..., Any]:
    """Return the lambda of a configuration that was made in this process; a ValueError for one from a file."""
    if isinstance(config, LambdaConfig):
        return config.function
    raise ValueError("The configuration holds the code of a lambda, which is never run. Pass the function in "
                     "custom_objects under the name of its layer; compile=False loads a model without it.")  # fmt: skip


def with_lambdas(config: Config) -> Config:
    """Return a layer's configuration with its lambdas, from the custom objects or made in this process.

    The name of a custom object is "layer.argument"; the name of the layer is enough for its first lambda. Raises a
    ValueError if a lambda is missing.
    """
    lambdas = {key: v for key, v in config.items() if isinstance(v, dict) and v.get("class_name") == "__lambda__"}
    custom, functions, layer = all_of(None) if lambdas else {}, {}, str(config.get("name"))
    for number, (argument, written) in enumerate(lambdas.items()):
        names = [f"{layer}.{argument}"] if number else [f"{layer}.{argument}", layer]
        own = [custom[name] for name in names if callable(custom.get(name))]
        if not own and not isinstance(written, LambdaConfig):
            raise ValueError(f"`{argument}` of the layer {layer!r:.80} is a lambda, whose code in the file is never "
                             f"run. Pass the function: custom_objects={{{names[-1]!r:.100}: function}}.")  # fmt: skip
        functions[argument] = own[0] if own else function_of(written)
    return {**config, **functions}
