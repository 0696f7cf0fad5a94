"""The export of models to files that run without Python and Keras."""

from os import PathLike
from typing import Any

from .. import saving
from .._base.checks import one_of


class Exporting:
    """Base class of models that has `export`."""

    def export(self, filepath: str | PathLike[str], format: str = "tf_saved_model", verbose: bool | None = None,
               input_signature: Any = None, **kwargs: Any) -> None:  # fmt: skip
        """Write what the model computes to an ONNX file, which onnxruntime runs without this package (extra `onnx`).

        Batches may have any size, and so may other axes of unknown size. The file appears only when it is complete.

        Args:
            filepath: Its path.
            format: "onnx"; Keras has further ones.
            verbose: Whether to print where the file is; None for True.
            input_signature: A list of the arguments of `call`, with `keras.InputSpec(dtype, shape)` for each tensor;
                by default the shapes and dtypes of the model's inputs.
            kwargs: `opset_version`, the version of ONNX's operators, by default and at least 18.

        Raises:
            NotImplementedError: if ONNX cannot express a layer, with its name and the reason; for another format.
            ValueError: for an unknown format or version, and for a model that has not been built.
            ImportError: if onnx is not installed.
        """
        one_of("format", format, ("tf_saved_model", "onnx", "openvino", "litert", "torch"))
        if format != "onnx":
            raise NotImplementedError(f"minikeras writes format='onnx', not {format!r}. Save with "
                                      "`model.save('model.keras')`; where Keras is installed, "
                                      f"keras.models.load_model('model.keras').export({filepath!r}, format={format!r}) "
                                      "writes TensorFlow's SavedModel and others.")  # fmt: skip
        saving.export_onnx(self, filepath, verbose, input_signature, **kwargs)
