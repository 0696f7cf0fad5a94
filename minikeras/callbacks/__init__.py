"""Hooks that run while a model trains, is evaluated or predicts: `keras.callbacks`."""

from .._base.lazy import lazily
from .callback import Callback, LambdaCallback
from .callback_list import CallbackList
from .progbar_logger import ProgbarLogger
from .records import CSVLogger, History, RemoteMonitor

with lazily(globals()):
    from .backup_and_restore import BackupAndRestore
    from .learning_rate import LearningRateScheduler, SwapEMAWeights
    from .model_checkpoint import ModelCheckpoint
    from .monitor import EarlyStopping, ReduceLROnPlateau, TerminateOnNaN
    from .tensorboard import TensorBoard

# fmt: off
__all__ = [
    "BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback",
    "LearningRateScheduler", "ModelCheckpoint", "ProgbarLogger", "ReduceLROnPlateau", "RemoteMonitor", "SwapEMAWeights",
    "TensorBoard", "TerminateOnNaN"]
