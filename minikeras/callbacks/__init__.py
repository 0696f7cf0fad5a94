"""Hooks that run while a model trains, is evaluated or predicts: `keras.callbacks`."""

from .backup_and_restore import BackupAndRestore
from .callback import Callback, LambdaCallback
from .callback_list import CallbackList
from .learning_rate import LearningRateScheduler, SwapEMAWeights
from .model_checkpoint import ModelCheckpoint
from .monitor import EarlyStopping, ReduceLROnPlateau, TerminateOnNaN
from .progbar_logger import ProgbarLogger
from .records import CSVLogger, History, RemoteMonitor
from .tensorboard import TensorBoard

# fmt: off
__all__ = [
    "BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback",
    "LearningRateScheduler", "ModelCheckpoint", "ProgbarLogger", "ReduceLROnPlateau", "RemoteMonitor", "SwapEMAWeights",
    "TensorBoard", "TerminateOnNaN",
]
