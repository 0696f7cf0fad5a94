"""Addresses of Keras that have no file here: other names of modules, and names that minikeras does not have.

A missing name can still be imported, so that a script which never uses it runs. A call of it raises an error that says
what to do. Type checkers see neither kind of name.
"""

import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn, cast

KERAS_VERSION = "3.15.1"
"""The release of Keras that minikeras follows. It is written into files."""
_NETWORKS = {
    "convnext": "ConvNeXtBase ConvNeXtLarge ConvNeXtSmall ConvNeXtTiny ConvNeXtXLarge",
    "densenet": "DenseNet121 DenseNet169 DenseNet201",
    "efficientnet_v2": "EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3 EfficientNetV2L "
    "EfficientNetV2M EfficientNetV2S",
    "inception_resnet_v2": "InceptionResNetV2", "inception_v3": "InceptionV3", "mobilenet": "MobileNet",
    "mobilenet_v3": "MobileNetV3Large MobileNetV3Small", "nasnet": "NASNetLarge NASNetMobile",
    "resnet_v2": "ResNet50V2 ResNet101V2 ResNet152V2", "vgg19": "VGG19", "xception": "Xception"}  # fmt: skip
_DEEPER = {"efficientnet": " ".join(f"EfficientNetB{size}" for size in range(1, 8)), "resnet": "ResNet101 ResNet152"}
ABSENT: dict[str, str] = {
    "": "Operation Quantizer RematScope StatelessScope SymbolicScope",
    "applications": " ".join([*_NETWORKS.values(), *_DEEPER.values()]),
    **{f"applications.{k}": f"{names} decode_predictions preprocess_input" for k, names in _NETWORKS.items()},
    **{f"applications.{k}": names for k, names in _DEEPER.items()},
    "callbacks": "OrbaxCheckpoint", "config": "enable_unsafe_deserialization",
    "distillation": "DistillationLoss Distiller FeatureDistillation LogitsDistillation",
    "distribution": "DataParallel DeviceMesh LayoutMap ModelParallel TensorLayout distribute_tensor distribution "
    "get_device_count initialize list_devices set_distribution",
    "dtype_policies": "AWQDTypePolicy DTypePolicyMap GPTQDTypePolicy Int4DTypePolicy QuantizedDTypePolicy "
    "QuantizedFloat8DTypePolicy",
    "export": "ExportArchive", "initializers": "STFT STFTInitializer stft",
    "layers": "AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization FlaxLayer "
    "JaxLayer MaxNumBoundingBoxes MelSpectrogram MixUp Pipeline RandAugment "
    "RandomColorDegeneration RandomColorJitter RandomElasticTransform RandomErasing RandomGaussianBlur "
    "RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomSaturation RandomSharpness "
    "RandomShear STFTSpectrogram Solarization TFSMLayer TorchModuleWrapper",
    "ops.image": "elastic_transform", "optimizers": "MultiOptimizer Muon OptimizerMap",
    "quantizers": "AWQConfig AbsMaxQuantizer Float8QuantizationConfig GPTQConfig Int4QuantizationConfig "
    "Int8QuantizationConfig QuantizationConfig Quantizer abs_max_quantize abs_max_quantize_grouped_with_zero_point "
    "compute_float8_amax_history compute_float8_scale deserialize fake_quant_with_min_max_vars get pack_int4 "
    "quantize_and_dequantize serialize unpack_int4",
    "saving": "KerasFileEditor", "utils": "Config audio_dataset_from_directory",
    "utils.bounding_boxes": "affine_transform clip_to_image_size compute_ciou compute_iou convert_format crop "
    "decode_deltas_to_boxes encode_box_to_deltas pad",
    "visualization": "draw_bounding_boxes draw_segmentation_masks plot_bounding_box_gallery plot_image_gallery "
    "plot_segmentation_mask_gallery"}  # fmt: skip
"""Keras's module -> the names of it that minikeras lacks."""

ALIASES: dict[str, str] = {"applications.resnet50": "applications.resnet", "optimizers.legacy": "optimizers",
                           **dict.fromkeys(("legacy.saving", "utils.legacy"), "_serialization.legacy")}  # fmt: skip
"""Keras's module -> the module here that has its names."""

MOVED: dict[str, str] = {
    "_state": "_base.naming _base.settings", "batches": "_trainers.batches",
    "callbacks.frequency": "callbacks.callback", "compiling": "_trainers.compile_utils",
    "custom_objects": "_serialization.object_registration", "data": "_trainers.data_adapters",
    "events": "_display.event_files", "files": "utils.file_utils", "folders": "utils.dataset_utils",
    "gradients": "_core.tape", "images": "utils.image_utils", "input_spec": "_core.input_spec",
    "layers.augmentation": "layers.image_preprocessing", "layers.base": "layers.layer",
    "losses.sequences": "losses.probabilities", "losses.vectors": "losses.margins",
    "metrics.f_score": "metrics.confusion", "numerical": "utils.numerical_utils utils.dataset_utils",
    "ops.ctc": "ops.classes", "ops.patches": "ops.convolution ops.linalg", "ops.special": "ops.elementwise",
    "optimizers.base": "optimizers.optimizer", "outputs": "_trainers.output_matching",
    "plotting": "utils.model_visualization", "progress": "_display.progbar", "scopes": "models.function",
    "serialization": "_serialization.serialization", "symbolic": "_core.keras_tensor",
    "tensor": "_core.tensor _core.op", "variable": "_core.variable"}  # fmt: skip
"""Former module -> the modules that have its names now, for old pickles."""


class Elsewhere(ModuleType):
    """A module without a file, which looks its names up in other modules."""

    def __getattr__(self, name: str) -> Any:
        for home in (ALIASES | MOVED).get(self.__name__.partition(".")[2], "").split():
            thing = getattr(import_module(f"minikeras.{home}"), name, None)
            if thing is not None:
                return thing
        return find(self.__name__, name)


class Finder:
    """The finder, and the loader, of the modules that have no file."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        """Return the specification of a module that the tables name; None for others."""
        package, _, module = name.partition(".")
        ours = package == "minikeras" and any(f"{m}.".startswith(f"{module}.") for m in (*ABSENT, *ALIASES, *MOVED))
        return ModuleSpec(name, cast(Any, self), is_package=True) if ours else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a new module."""
        return Elsewhere(spec.name, f"Stands for {spec.name}, which has no file.")

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: a module's names are looked up when they are asked for."""


class _Absent(type):
    """The metaclass of missing classes: it refuses to read an attribute as they refuse a call."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return cls()


def find(module: str, name: str) -> Any:
    """Return a stand-in for a name that a module of minikeras lacks; an AttributeError if Keras lacks it as well."""
    inner = module.partition(".")[2]
    if name in ABSENT.get(inner, "").split():
        return placeholder(inner, name)
    if f"{inner}.{name}".lstrip(".") not in MOVED and _finder.find_spec(f"{module}.{name}"):
        return import_module(f"{module}.{name}")
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


def complete(namespace: dict[str, Any]) -> None:
    """Let a module with this namespace find stand-ins for the names that it lacks, and list `__all__`, if it has it."""
    namespace["__getattr__"] = partial(find, namespace["__name__"])
    if "__all__" in namespace:
        namespace["__dir__"] = namespace["__all__"].copy


def placeholder(module: str, name: str) -> Any:
    """Return a stand-in for a class or function of Keras: it can be imported and subclassed, but not called."""
    address, home = f"keras.{module}.{name}".replace("..", "."), f"minikeras.{module}".rstrip(".")
    has = f"{home}.__all__ lists what it has" if hasattr(import_module(home), "__all__") else f"It has no {home} at all"

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(f"minikeras does not have {address}. {has}; for {name}, use Keras itself (python -m "
                                  "pip install keras).")  # fmt: skip

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__module__ = home
    refuse.__doc__ = f"Stand for {address}, which minikeras does not have."
    if not name[0].isupper():
        return refuse
    return _Absent(name, (), {"__new__": refuse, "__module__": home, "__doc__": refuse.__doc__})


_finder = Finder()
sys.meta_path.append(cast(Any, _finder))
