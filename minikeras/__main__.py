"""Run a script or notebook written for Keras: `python -m minikeras script.py argument ...`."""

from .compat.script import main

if __name__ == "__main__":
    main()
