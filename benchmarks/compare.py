"""Measure minikeras beside NumPy written by hand, the bare matrix products, and every peer that is installed.

    python benchmarks/compare.py                     everything
    python benchmarks/compare.py fit predict         these sections alone
    python benchmarks/compare.py --quick             small and short, to see that it runs
    python benchmarks/compare.py --peer torch=/path/to/python --json speed.json --chart speed.png

Sections: fit, predict, models, others, shared, growth, overhead, texts, busy, memory, import. Each contender runs in a
process of its own; rounds are interleaved, and every figure is a median over them. Figures of one run may be compared
with each other, and with nothing else. README.md beside this file says what each means.
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from time import sleep
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.chart import draw
from benchmarks.contenders import CONTENDERS, PEERS
from benchmarks.models import MODELS, OTHERS
from benchmarks.workloads import WORKLOADS, Workload

ROOT = Path(__file__).resolve().parent.parent
PAUSE = 0.05
"""Seconds between two runs, in which the threads of the last one stop spinning."""
Figures = dict[str, dict[str, float]]
"""Row -> column -> figure."""


class Worker:
    """A process that serves a contender, as a context.

    Args:
        name: The contender.
        python: The interpreter that has it.
        environment: Variables to set.
    """

    def __init__(self, name: str, python: str = sys.executable, **environment: str) -> None:
        self.name = name
        self._complaints = TemporaryFile("w+", encoding="utf8", errors="replace")  # noqa: SIM115 - __exit__ closes it
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [python, "-W", "ignore", "-m", "benchmarks.server", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            encoding="utf8",
            env={**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        )

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._complaints.close()

    def ask(self, method: str, **arguments: Any) -> Any:
        """Return what a method of `server.Server` answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([method, arguments]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            self._complaints.seek(0)
            said = "".join(self._complaints.readlines()[-20:])
            raise SystemExit(f"{said}{self.name} has failed at {method} {arguments}: exit {self._process.wait()}.")
        return json.loads(answer)


FIRST_SCRIPT = """
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="sigmoid"), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse", metrics=["mae"])
model.fit(numpy.ones((200, 2)), numpy.ones((200, 1)), epochs=10)
model.predict(numpy.ones((200, 2)))
model.summary()
"""
"""What many do first, as few lines as it takes."""


class Comparison:
    """What the sections share.

    Args:
        peers: Peers to measure, with the interpreters that have them.
        quick: Whether to be short.
        rounds: Rounds of each measurement.
    """

    def __init__(self, peers: dict[str, str], quick: bool, rounds: int) -> None:
        self.peers = peers
        self.quick = quick
        self.rounds = rounds
        self.seconds = 0.01 if quick else 0.25
        self.workloads: dict[str, Workload] = WORKLOADS
        if quick:
            self.workloads = {name: w._replace(rows=320) for name, w in list(WORKLOADS.items())[:2]}
        self.late: list[str] = []

    @contextmanager
    def workers(self, *own: str) -> Iterator[list[Worker]]:
        """Start the named contenders, and all peers."""
        with ExitStack() as stack:
            found = [(name, sys.executable) for name in own] + list(self.peers.items())
            yield [stack.enter_context(Worker(name, python)) for name, python in found]

    def medians(self, runs: dict[str, Callable[[], float]]) -> dict[str, float]:
        """Return the median of each run over interleaved rounds."""
        found: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(self.rounds):
            for name, run in runs.items():
                found[name].append(run())
                sleep(0 if self.quick else PAUSE)
        return {name: statistics.median(values) for name, values in found.items()}

    def timing(self, worker: Worker, mode: str, workload: Workload, variant: str | None = None) -> Callable[[], float]:
        """Return a function that measures once: microseconds a step, a call or a row."""

        def run() -> float:
            figure, startup = worker.ask("time", mode=mode, workload=workload, seconds=self.seconds, variant=variant)
            note = f"{worker.name}, {mode}, {'-'.join(map(str, workload[:2]))}"
            if startup > 0.02 and note not in self.late and not self.quick:
                self.late.append(note)
            return float(figure)

        return run

    def _in_fresh(self, contenders: list[tuple[str, str]], method: str, **arguments: Any) -> Figures:
        """Return the median of each figure that contenders answer, over interleaved rounds in fresh processes."""
        runs: dict[str, list[dict[str, float]]] = {}
        for contender in contenders * self.rounds:
            with Worker(*contender) as worker:
                runs.setdefault(worker.name, []).append(worker.ask(method, **arguments))
        keys = next(iter(runs.values()))[0]
        return {key: {who: statistics.median(run[key] for run in ours) for who, ours in runs.items()} for key in keys}

    def table(self, mode: str, workers: list[Worker]) -> Figures:
        """Measure a mode of all contenders on all workloads."""
        found: Figures = {}
        for name, workload in self.workloads.items():
            found[name] = self.medians({w.name: self.timing(w, mode, workload) for w in workers})
            for worker in workers:
                worker.ask("forget")
        return found

    # --- sections ---------------------------------------------------------------------------------------------

    def fit(self) -> dict[str, Figures]:
        """Microseconds a training step; start-up is under 2 % of each measurement, unless a note says otherwise."""
        with self.workers("minikeras", "hand-tuned", "products") as workers:
            agreement: Figures = {}
            for name, workload in self.workloads.items():
                loss, weights = workers[0].ask("ask", function="check", workload=workload)
                agreement[name] = {"loss of an epoch": loss, "weights after 5 steps": weights}
                if not (loss < 1e-3 and weights < 1e-4):
                    raise SystemExit(f"{name}: the hand-tuned loop trains to other numbers: {agreement[name]}")
            show("fit: relative differences between minikeras and the hand-tuned loop", agreement)
            steps = self.table("fit", workers)
        show_ratios("fit: microseconds a training step (times that of minikeras)", steps)
        return {"agreement": agreement, "step": steps}

    def predict(self) -> dict[str, Figures]:
        """Microseconds of `model(x)` and `predict` on one row, and rows a second of bulk prediction."""
        titles = {
            "call": "predict: microseconds of model(x) on one row (times that of minikeras)",
            "predict": "predict: microseconds of predict(x, verbose=0) on one row (times that of minikeras)",
            "bulk": "predict: microseconds a row of bulk prediction (times that of minikeras)",
        }
        found = {}
        with self.workers("minikeras", "hand-tuned", "products") as workers:
            for mode, title in titles.items():
                found[mode] = self.table(mode, workers)
                show_ratios(title, found[mode])
        show(
            "predict: rows a second in bulk",
            {name: {k: 1e6 / us for k, us in row.items()} for name, row in found["bulk"].items()},
        )
        return found

    def models(self) -> dict[str, Figures]:
        """A training step, predictions, and the time until two first steps are done, of the kinds of models."""
        return self._figures("models", self._models())

    def others(self) -> dict[str, Figures]:
        """The same of further models."""
        return self._figures("others", [*OTHERS][-1:] if self.quick else [*OTHERS])

    def _figures(self, section: str, names: list[str]) -> dict[str, Figures]:
        found: dict[str, Figures] = {}
        for name in names:
            for key, row in self._in_fresh(self._contenders(name), "model", name=name, seconds=self.seconds).items():
                found.setdefault(key, {})[name] = row
        for key, figures in found.items():
            show_ratios(f"{section}: {key} (times that of minikeras)", figures)
        return found

    def shared(self) -> dict[str, Figures]:
        """A step, a tape, predictions and eager code beside loops, and their fair share of a quiet machine's time."""
        found: Figures = {}
        for name in self._models():
            for contender in self._contenders(name):
                with Worker(*contender) as worker:
                    worker.ask("model", name=name, seconds=self.seconds)
                    found[f"{name}, {worker.name}"] = self._beside(partial(worker.ask, "step"))
        name, workload = [*self.workloads.items()][:3][-1]
        with Worker("minikeras") as worker:
            for mode in ("tape", "predict", "bulk", "eager"):
                run = self.timing(worker, mode, workload)
                run()
                found[f"{mode}, {name}, {worker.name}"] = self._beside(run)
        show("shared: a step beside loops in other processes; its fair share is (loops + cores) / cores", found)
        return {"step": found}

    def _beside(self, run: Callable[[], float]) -> dict[str, float]:
        """Return what a run takes while other processes are quiet, while two loop, and while four do."""
        us = self.medians({str(loops): partial(_beside_loops, run, loops) for loops in (0, 2, 4)})
        row = {"quiet us": us["0"]}
        for loops in (2, 4):
            row[f"{loops} loops, times"] = us[str(loops)] / us["0"]
            row[f"{loops} loops, of fair share"] = us[str(loops)] / us["0"] * _cores() / (loops + _cores())
        return row

    def _models(self) -> list[str]:
        return list(MODELS)[-2:] if self.quick else list(MODELS)

    def _contenders(self, name: str) -> list[tuple[str, str]]:
        """Return who can run a model, with the interpreter that has it."""
        found = {"minikeras": sys.executable, **self.peers}
        able = [c for c in found if c == "minikeras" or (c.startswith("keras-") and name != "words")]
        return [(contender, found[contender]) for contender in able]

    def growth(self) -> dict[str, Figures]:
        """Microseconds a step against width, depth, batch and rows."""
        axes: dict[str, tuple[list[int], Callable[[int], Workload]]] = {
            "width": ([8 << i for i in range(9)], lambda n: Workload(n, (n, n, 10), _relu(2), 32, 320)),
            "depth": ([1 << i for i in range(7)], lambda n: Workload(64, (*[64] * n, 10), _relu(n), 32, 640)),
            "batch": ([4**i for i in range(7)], lambda n: Workload(400, (25, 15, 10), _relu(2), n, max(n * 4, 256))),
            "rows": ([10**i for i in range(3, 7)], lambda n: Workload(2, (3, 1), ("sigmoid",) * 2, 20, n)),
        }
        found = {}
        with Worker("minikeras") as minikeras, Worker("hand-tuned") as hand:
            for name, (values, make) in axes.items():
                points: Figures = {}
                for n in values[:2] if self.quick else values:
                    workload = make(n)
                    points[str(n)] = self.medians({w.name: self.timing(w, "fit", workload) for w in (minikeras, hand)})
                    minikeras.ask("forget")
                    hand.ask("forget")
                show_ratios(f"growth: microseconds a step against {name} (times that of minikeras)", points)
                for worker in ("minikeras", "hand-tuned"):
                    us = {int(n): row[worker] for n, row in points.items()}
                    print(f"  {worker}: {_slopes(name, us)}")
                found[name] = points
        return found

    def overhead(self) -> dict[str, Figures]:
        """What `fit` costs with more around it, or parts and loops of one's own; eager code; what a step allocates."""
        small = dict(list(self.workloads.items())[:2])
        tiny = small["2-3-1"]
        found: dict[str, Figures] = {"epoch": {}, "own": {}, "loop": {}, "allocated": {}}
        with Worker("minikeras") as worker:
            load = "callbacks, accuracy, validation, bar"
            for name, workload in small.items():
                variants = ["entropy in ops", "entropy in NumPy", "layers in ops", "layers in NumPy"]
                variants += ["squares built in", "squares in ops", "squares in NumPy"] if name == "2-3-1" else []
                runs = {"built in": self.timing(worker, "fit", workload)}
                runs |= {key: self.timing(worker, "fit", workload, key) for key in [load, *variants]}
                us = self.medians(runs)
                found["epoch"][name] = {key: us[key] for key in ("built in", load)}
                found["own"] |= {
                    f"{name}, {key}": {"us": us[key], "times": us[key] / us[_base(key)]}
                    for key in variants
                    if key != "squares built in"
                }
            show_ratios(
                "overhead: microseconds a step of an epoch, alone and with everything around it", found["epoch"]
            )
            show("overhead: layers and losses of one's own, against the built-in equal", found["own"])
            runs = {"fit": self.timing(worker, "fit", tiny), "GradientTape": self.timing(worker, "tape", tiny)}
            with ExitStack() as stack:
                if "keras-tensorflow" in self.peers:
                    peer = stack.enter_context(Worker("keras-tensorflow", self.peers["keras-tensorflow"]))
                    runs["TensorFlow, tf.function"] = self.timing(peer, "tape", tiny)
                found["loop"]["2-3-1"] = self.medians(runs)
            show_ratios("overhead: microseconds a step of a loop of one's own (times that of fit)", found["loop"])
            found["eager"] = worker.ask("ask", function="eager", workload=tiny)
            show("overhead: microseconds of eager code, and of the same with less around it", found["eager"])
            for width in (16, 64) if self.quick else (64, 256, 1024):
                workload = Workload(64, (width, width, 10), _relu(2), 64, 640)
                first, later = worker.ask("ask", function="allocated", workload=workload)
                found["allocated"][f"64-{width}-{width}-10"] = {"first step": first, "most of a later one": later}
            show("overhead: bytes allocated at once in a step, batches aside", found["allocated"])
        return found

    def texts(self) -> dict[str, Figures]:
        """What `TextVectorization` takes to learn texts and to turn them into numbers; Keras has it on TensorFlow."""
        contenders = [c for c in self._contenders("texts") if c[0] in ("minikeras", "keras-tensorflow")]
        figures = self._in_fresh(contenders, "texts", rows=100 if self.quick else 10_000)
        show_ratios("texts: TextVectorization of 10,000 texts of 200 words (times that of minikeras)", figures)
        return {"vectorization": figures}

    def busy(self) -> dict[str, Figures]:
        """Microseconds a step while another process keeps all cores but one busy, and without."""
        found: Figures = {}
        with ExitStack() as stack:
            workers = {
                f"{name}, {label}": stack.enter_context(Worker(name, **environment))
                for name in ("minikeras", "hand-tuned")
                for label, environment in (("as it is", {}), ("one thread", {"OPENBLAS_NUM_THREADS": "1"}))
            }
            for name, workload in self.workloads.items():
                runs: dict[str, Callable[[], float]] = {}
                for label, worker in workers.items():
                    time = self.timing(worker, "fit", workload)
                    time()
                    others = max(1, _cores() - 1)
                    runs[label], runs[label + ", busy"] = time, partial(_beside_loops, time, others)
                us = self.medians(runs)
                for label in workers:
                    quiet, busy = us[label], us[label + ", busy"]
                    found[f"{name}, {label}"] = {"quiet us": quiet, "busy us": busy, "times": busy / quiet}
                for worker in workers.values():
                    worker.ask("forget")
        show("busy: a step beside a loop that keeps the other cores busy", found)
        return {"step": found}

    def memory(self) -> dict[str, Figures]:
        """Peak memory of a process that trains, and what training took beyond imports and data, in MB."""
        total: Figures = {}
        beyond: Figures = {}
        for name, workload in self.workloads.items():
            total[name], beyond[name] = {}, {}
            for contender, python in {"minikeras": sys.executable, "hand-tuned": sys.executable, **self.peers}.items():
                found = []
                for _ in range(min(self.rounds, 3)):
                    with Worker(contender, python) as worker:
                        found.append(worker.ask("memory", workload=workload))
                total[name][contender], beyond[name][contender] = map(statistics.median, zip(*found, strict=True))
        show_ratios("memory: peak of a process that trains, MB (times that of minikeras)", total)
        show("memory: what training took beyond imports and data, MB", beyond)
        return {"peak": total, "beyond": beyond}

    def imports(self) -> dict[str, Figures]:
        """Milliseconds that importing takes in a fresh process, and a script from its import to fitted weights."""
        code = (
            "import sys, time; {first}; start = time.perf_counter(); import {module}\n"
            "print((time.perf_counter() - start) * 1e3)"
        )
        runs: dict[str, Callable[[], float]] = {"numpy": lambda: _printed(code.format(first="pass", module="numpy"))}
        runs["minikeras, beyond numpy"] = lambda: _printed(code.format(first="import numpy", module="minikeras"))
        runs["python -m minikeras, beyond numpy"] = lambda: _printed(
            code.format(first="import numpy", module="minikeras.compat.script\nminikeras.compat.install()")
        )
        runs["minikeras, first script beyond numpy"] = lambda: _printed(
            code.format(first="import numpy", module=f"minikeras as keras\n{FIRST_SCRIPT}")
        )
        for name, python in self.peers.items():
            module = CONTENDERS[name][1][0]
            module = "sklearn.neural_network" if module == "sklearn" else module
            source, backend = code.format(first="pass", module=module), name.removeprefix("keras-")
            runs[name] = partial(_printed, source, python, backend)
            if name.startswith("keras-"):
                source = code.format(first="import numpy", module=f"keras\n{FIRST_SCRIPT}")
                runs[f"{name}, first script beyond numpy"] = partial(_printed, source, python, backend)
        for run in runs.values():
            run()  # compiles
        found = {"ms": self.medians(runs)}
        show("import: milliseconds in a fresh process", found)
        return {"import": found}


SECTIONS: dict[str, Callable[[Comparison], dict[str, Figures]]] = {
    "fit": Comparison.fit,
    "predict": Comparison.predict,
    "models": Comparison.models,
    "others": Comparison.others,
    "shared": Comparison.shared,
    "growth": Comparison.growth,
    "overhead": Comparison.overhead,
    "texts": Comparison.texts,
    "busy": Comparison.busy,
    "memory": Comparison.memory,
    "import": Comparison.imports,
}


def _relu(hidden: int) -> tuple[str, ...]:
    return (*["relu"] * hidden, "softmax")


def _base(variant: str) -> str:
    """Return what a part of one's own is compared with."""
    return "squares built in" if variant.startswith("squares") else "built in"


def _slopes(axis: str, us: dict[int, float]) -> str:
    """Say how the time of a step grows."""
    n, t = list(us), list(us.values())
    if axis == "depth":
        layers = [(t[i + 1] - t[i]) / (n[i + 1] - n[i]) for i in range(len(n) - 1)]
        return f"{np.polyfit(n, t, 1)[0]:.2f} us a layer; between the points {', '.join(f'{a:.1f}' for a in layers)}"
    half = len(n) // 2
    lower, upper = (np.polyfit(np.log(n[k]), np.log(t[k]), 1)[0] for k in (slice(half + 1), slice(-half - 1, None)))
    return f"time ~ {axis} ** {lower:.2f} in the lower half, ** {upper:.2f} in the upper"


def _beside_loops(run: Callable[[], float], count: int) -> float:
    """Run while so many other processes are busy with something else."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        sleep(0.1)
        return run()
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def _printed(code: str, python: str = sys.executable, backend: str = "numpy") -> float:
    """Return the number that a fresh process prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [python, "-W", "ignore", "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(out.stdout.split()[-1])


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# --- printing ---------------------------------------------------------------------------------------------------


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1e}" if 0 < value < 1e-3 else f"{value:.3g}"


def show(title: str, figures: Figures) -> None:
    """Print figures as a table."""
    _print(title, {row: {k: _number(v) for k, v in columns.items()} for row, columns in figures.items()})


def show_ratios(title: str, figures: Figures) -> None:
    """Print figures as a table, each but the first of a row with its ratio to that."""
    rows = {}
    for row, columns in figures.items():
        first, *others = columns
        rows[row] = {first: _number(columns[first])}
        rows[row] |= {k: f"{_number(columns[k])} {_number(columns[k] / columns[first])}x" for k in others}
    _print(title, rows)


def _print(title: str, rows: dict[str, dict[str, str]]) -> None:
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    first = max(map(len, rows), default=0)
    widths = [max(len(key), *(len(row.get(key, "")) for row in rows.values())) for key in columns]
    print(f"\n== {title}")
    print("  " + " " * first + "".join(f"  {key:>{width}}" for key, width in zip(columns, widths, strict=True)))
    for name, row in rows.items():
        cells = "".join(f"  {row.get(key, ''):>{width}}" for key, width in zip(columns, widths, strict=True))
        print(f"  {name:{first}}{cells}", flush=True)


def machine(peers: dict[str, str]) -> dict[str, Any]:
    """Return what figures depend on: processor, load, versions, BLAS, threads."""
    blas: Any = np.show_config(mode="dicts")
    blas = blas["Build Dependencies"]["blas"]
    cpu = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf8") as file:
            cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), cpu)
    versions = {}
    for name, python in peers.items():
        with Worker(name, python) as worker:
            versions[name] = " ".join(" ".join(pair) for pair in worker.ask("versions").items())
    names = [name for name in os.environ if name.endswith("_NUM_THREADS") or name.startswith("OPENBLAS_")]
    return {
        "processor": cpu,
        "cores": _cores(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas.get('name')} {blas.get('version')}",
        "threads": {name: os.environ[name] for name in names} or "as many as cores",
        **versions,
    }


def find_peers(given: Iterable[str]) -> dict[str, str]:
    """Return the peers that this interpreter has, and those given as NAME=PYTHON."""
    found = {name: sys.executable for name in PEERS if all(importlib.util.find_spec(m) for m in CONTENDERS[name][1])}
    for pair in given:
        name, _, python = pair.partition("=")
        if name not in PEERS or not python:
            raise SystemExit(f"--peer takes NAME=PYTHON with a name of {', '.join(PEERS)}. Received: {pair!r}.")
        found[name] = python
    return {name: found[name] for name in PEERS if name in found}


def main() -> None:
    """Run the sections asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"{', '.join(SECTIONS)}; all if none is named")
    parser.add_argument(
        "--quick", action="store_true", help="two small workloads, short runs, no peers but those named"
    )
    parser.add_argument("--rounds", type=int, help="rounds of each measurement, 7 if not given")
    parser.add_argument("--peer", action="append", default=[], help="NAME=PYTHON: an interpreter that has a peer")
    parser.add_argument(
        "--json", type=Path, help="where to write all figures; what is there is kept where not measured"
    )
    parser.add_argument("--chart", type=Path, help="where to draw a chart of fit and predict (needs matplotlib)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"unknown section: {', '.join(unknown)}. Known: {', '.join(SECTIONS)}.")
    peers = find_peers(arguments.peer)
    if arguments.quick:
        peers = {
            name: python for name, python in peers.items() if any(p.startswith(name + "=") for p in arguments.peer)
        }
    comparison = Comparison(peers, arguments.quick, arguments.rounds or (1 if arguments.quick else 7))
    results: dict[str, Any] = {"machine": machine(peers)}
    for key, value in results["machine"].items():
        print(f"{key}: {value}")
    before = json.loads(arguments.json.read_text(encoding="utf8")) if arguments.json and arguments.json.exists() else {}
    for name in arguments.sections or SECTIONS:
        results[name] = SECTIONS[name](comparison)
        if arguments.json:
            arguments.json.write_text(json.dumps({**before, **results}, indent=1) + "\n", encoding="utf8")
    for note in comparison.late:
        print(f"start-up is more than 2 % of the measurement: {note}")
    if arguments.chart:
        draw(results, arguments.chart)


if __name__ == "__main__":
    main()
