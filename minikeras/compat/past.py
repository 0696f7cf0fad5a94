"""Spellings of earlier Keras versions, understood while minikeras stands in."""


def install() -> None:
    """Understand them."""


def uninstall() -> None:
    """Undo `install`."""
