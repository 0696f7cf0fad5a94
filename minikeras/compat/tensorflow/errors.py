"""`tf.errors`: TensorFlow's error classes."""

from collections.abc import Callable
from typing import Any

from .missing import missing

__getattr__: Callable[[str], Any] = missing(__name__)


class OpError(Exception):
    """The error of an operation. Its subclasses also derive from Python's nearest class, which minikeras raises."""

    def __init__(self, node_def: Any = None, op: Any = None, message: str = "", error_code: int = 2) -> None:
        if isinstance(node_def, str) and not message:
            node_def, message = None, node_def
        super().__init__(message)
        self.node_def: Any = node_def
        self.op: Any = op
        self.message: str = message
        kinds = [kind.__name__.removesuffix("Error") for kind in type(self).__mro__]
        codes = (code for code, name in enumerate(_CODES.split()) if name.title().replace("_", "") in kinds)
        self.error_code: int = next(codes, error_code)


class InvalidArgumentError(OpError, ValueError):
    """An argument has the wrong dtype, shape or value."""


class OutsideError(InvalidArgumentError, IndexError):
    """An index is out of bounds."""


_OTHERS: dict[str, tuple[Any, ...]] = {
    "AbortedError": ("The operation stopped.",), "AlreadyExistsError": ("A file exists already.", FileExistsError),
    "CancelledError": ("The caller stopped the operation.",), "DataLossError": ("A file is damaged.",),
    "DeadlineExceededError": ("The operation took too long.", TimeoutError),
    "FailedPreconditionError": ("The system is not in the state that the operation needs.", RuntimeError),
    "OperatorNotAllowedInGraphError": ("Python asked a graph for the value of a tensor.", TypeError),
    "NotFoundError": ("A file does not exist.", FileNotFoundError),
    "OutOfRangeError": ("A data set or a tensor has no more elements.", IndexError),
    "InternalError": ("An internal invariant does not hold.", RuntimeError),
    "PermissionDeniedError": ("A file must not be read or written.", PermissionError),
    "ResourceExhaustedError": ("There is not enough memory.", MemoryError),
    "UnauthenticatedError": ("The caller is not known.",), "UnavailableError": ("A service does not answer.",),
    "UnimplementedError": ("There is no such operation.", NotImplementedError), "UnknownError": ("Any other error.",),
}  # fmt: skip
"""Name of a further error class -> its docstring, and Python's class that it also derives from."""
_CODES = ("OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
          "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS "
          "UNAUTHENTICATED")  # fmt: skip
globals().update({name: code for code, name in enumerate(_CODES.split())})
globals().update({name: type(name, (OpError, *bases), {"__doc__": text, "__module__": __name__})
                  for name, (text, *bases) in _OTHERS.items()})  # fmt: skip
