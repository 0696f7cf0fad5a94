"""TensorFlow's classes of errors: `tf.errors`."""

from typing import Any


class OpError(Exception):
    """What an operation raises; its classes also are Python's nearest ones, which minikeras raises."""

    def __init__(self, node_def: Any = None, op: Any = None, message: str = "", error_code: int = 2) -> None:
        if isinstance(node_def, str) and not message:
            node_def, message = None, node_def
        super().__init__(message)
        self.node_def: Any = node_def
        self.op: Any = op
        self.message: str = message
        self.error_code: int = error_code


class InvalidArgumentError(OpError, ValueError):
    """An argument has the wrong dtype, shape or value."""


class OutOfRangeError(OpError, IndexError):
    """A data set or a tensor has no more elements."""


class NotFoundError(OpError, FileNotFoundError):
    """A file does not exist."""


class AlreadyExistsError(OpError, FileExistsError):
    """A file exists already."""


class PermissionDeniedError(OpError, PermissionError):
    """A file must not be read or written."""


class FailedPreconditionError(OpError, RuntimeError):
    """Something has to be done before."""


class UnimplementedError(OpError, NotImplementedError):
    """There is no such operation."""


class InternalError(OpError, RuntimeError):
    """Something is wrong inside."""


class ResourceExhaustedError(OpError, MemoryError):
    """There is not enough memory."""


class UnknownError(OpError):
    """Anything else."""


class CancelledError(OpError):
    """Somebody stopped the operation."""


class AbortedError(OpError):
    """The operation stopped."""


class DeadlineExceededError(OpError, TimeoutError):
    """The operation took too long."""


class UnavailableError(OpError):
    """A service does not answer."""


class DataLossError(OpError):
    """A file is damaged."""


class UnauthenticatedError(OpError):
    """The caller is not known."""


class OperatorNotAllowedInGraphError(TypeError):
    """Python looked at a value that a graph does not have."""


_CODES = (
    "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
    "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS "
    "UNAUTHENTICATED"
)
globals().update({name: code for code, name in enumerate(_CODES.split())})
