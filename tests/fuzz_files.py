"""Load files that were damaged on purpose, and check that nothing worse happens than a `FileError`.

    python tests/fuzz_files.py --rounds 100000 --seed 1

At first every argument of every class is tried out with the names of files, addresses and modules. Then a round takes a
sound file, changes something in it, and loads it: bytes anywhere, members and headers of the archive, nodes of the
JSON, addresses and sizes in the HDF5, headers of arrays. Checksums are computed anew, so that what is behind them is
reached. Configurations get classes and arguments of every kind. It fails if loading raises anything but a `FileError`
of at most 2,000 characters, takes more than 5 seconds or 100 MB and 20 times the file's size; if it touches anything
but the file: another file, a module, a process, the net; if `load_weights` fails and leaves other weights; or if a
model is made that names a module which does not exist, has a slot with what is no function, or has no configuration.

Needs h5py (extra `h5`). A round depends on the seed and its own number alone: `--only NUMBER` repeats one.
"""

import argparse
import copy
import faulthandler
import inspect
import io
import json
import os
import random
import resource
import struct
import sys
import sysconfig
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

import minikeras as keras
from minikeras._serialization.registry import kinds
from minikeras._serialization.serialization import serialize
from minikeras.saving.archive import MEMBERS, Archive
from minikeras.saving.hdf5 import open_hdf5
from minikeras.saving.source import FileError, open_source

FILES = Path(__file__).parent / "data" / "files"
SECONDS, MEGABYTES, TIMES = 5.0, 100, 20
CONFIGS = ("model_config", "training_config")
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2, 3.5, 1e99, -1e99, 10**12, 10**30, "", "3", "relu", "float64", "../../etc/passwd",
    "x" * 5000, [], {}, [1, 2], [None, 3], [-1], [10**9, 10**9], {"class_name": "Dense", "config": {"units": 10**9}},
    {"class_name": "Lambda", "config": {"function": "os.system"}}, {"class_name": "__numpy__", "config": {}},
    {"class_name": "function", "config": "eval"}, {"class_name": "Zeros", "config": {}}, "é\ud800", [[[[[[]]]]]],
]  # fmt: skip
CANARY = Path(tempfile.gettempdir()) / "minikeras_canary"
"""A folder on the path with a text and a module, which nothing may touch."""
BAIT: list[Any] = [
    str(CANARY / "canary.txt"), (CANARY / "canary.txt").as_uri(), "http://127.0.0.1:9/canary", "canary", "canary.f",
    {"class_name": "f", "module": "canary", "config": {}, "registered_name": "f"},
    {"class_name": "function", "module": "canary", "config": "f", "registered_name": "f"},
]  # fmt: skip
NOWHERE = ["keras.nowhere", "keras.src.nowhere", "keras.src.ops.nowhere", "keras.layers.nowhere", "tf_keras.nowhere"]
"""Modules that do not exist."""
MANY = [1_000, 40_000, 300_000]
HOMES = {path for path in map(Path, [*sys.path, *sysconfig.get_paths().values()]) if path.is_absolute()}
"""Where modules are imported from."""
SLOTS = ("activation", "initializer", "regularizer", "constraint")
NUMBERS = [0, 1, 2, 7, 8, 255, 65535, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1]
MAGIC = [
    b"TREE",
    b"SNOD",
    b"HEAP",
    b"GCOL",
    b"OHDR",
    b"OCHK",
    b"FRHP",
    b"FHIB",
    b"FHDB",
    b"BTHD",
    b"BTLF",
    b"FAHD",
    b"FADB",
]


class Sound(NamedTuple):
    """A file before it is damaged."""

    name: str
    data: bytes
    make: Callable[[], Any] | None
    """What makes the model that takes its weights; None if the file holds a whole model."""


# --- sound files ----------------------------------------------------------------------------------------------------


def zoo() -> Any:
    """Return a model of many kinds of layers, compiled."""
    layers = keras.layers
    words = keras.Input((6,), dtype="int32", name="words")
    x: Any = layers.Embedding(5, 4, embeddings_regularizer="l2", mask_zero=False)(words)
    x = layers.Conv1D(4, 3, padding="same", activation=layers.LeakyReLU(0.1), kernel_constraint="max_norm")(x)
    x = layers.LayerNormalization()(layers.Dropout(0.1)(x))
    x = layers.TimeDistributed(layers.Dense(3, kernel_initializer=keras.initializers.Constant(0.5)))(x)
    inner = keras.Sequential(
        [keras.Input((6, 3)), layers.MaxPooling1D(2), layers.Flatten(), layers.Dense(4)], name="in"
    )
    x = inner(x)
    x = layers.Add()([x, x * 2.0])
    model = keras.Model(words, {"out": layers.Dense(2, activation="softmax", name="out")(x)})
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    metrics: list[Any] = [keras.metrics.SparseTopKCategoricalAccuracy(k=1), "accuracy"]
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9), {"out": "sparse_categorical_crossentropy"}, metrics={"out": metrics}
    )
    return model


def sound_files() -> list[Sound]:
    """Return files of every kind that is loaded."""
    names = [
        "keras-3.15.1-sequential.keras", "keras-3.15.1-functional.keras", "keras-3.15.1-sequential.h5",
        "keras-2.15.0-functional.h5", "keras-2.15.0-functional.keras", "keras-3.0.5-functional.keras",
    ]  # fmt: skip
    found = [Sound(name, (FILES / name).read_bytes(), None) for name in names]
    functional = keras.models.load_model(FILES / "keras-3.15.1-functional.keras", compile=False)

    def make() -> Any:
        return functional

    weights = (FILES / "keras-3.15.1-functional.weights.h5").read_bytes()
    found.append(Sound("a.weights.h5", weights, make))
    found.append(Sound("packed.weights.h5", _packed(weights, "earliest"), make))
    found.append(Sound("latest.weights.h5", _packed(weights, "latest"), make))
    found.append(Sound("layers.h5", (FILES / "keras-2.15.0-functional.layers.h5").read_bytes(), make))
    for name, save in (("a.npz", np.savez), ("packed.npz", np.savez_compressed)):
        buffer = io.BytesIO()
        save(buffer, *functional.get_weights())
        found.append(Sound(name, buffer.getvalue(), make))
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        zoo().save(os.path.join(folder, "zoo.keras"))
        found += [Sound("zoo.keras", Path(folder, "zoo.keras").read_bytes(), None)] * 3
    return found


def _packed(data: bytes, libver: str) -> bytes:
    """Return an HDF5 file with its arrays in compressed pieces."""
    buffer = io.BytesIO()
    with h5py.File(io.BytesIO(data)) as old, h5py.File(buffer, "w", libver=libver) as new:

        def add(path: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                how: dict[str, Any] = {}
                if item.size > 1 and item.ndim:
                    chunks = tuple(max(1, n // 2) for n in item.shape)
                    how = {"chunks": chunks, "compression": "gzip", "shuffle": True}
                new.create_dataset(path, data=item[()], **how)

        old.visititems(add)
    return buffer.getvalue()


# --- what is changed ------------------------------------------------------------------------------------------------


def change_bytes(data: bytes, chance: random.Random) -> bytes:
    """Overwrite, cut out, double or cut off bytes anywhere."""
    found = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        at = chance.randrange(len(found) + 1)
        kind = chance.randrange(6)
        if kind < 3:
            new = bytes([chance.randrange(256)]) if kind else chance.choice(NUMBERS).to_bytes(8, "little")
            found[at : at + len(new)] = new
        elif kind == 3:
            del found[at : at + chance.choice([1, 2, 8, 100])]
        elif kind == 4:
            found[at:at] = found[at : at + chance.choice([1, 8, 100])]
        elif chance.random() < 0.2:
            del found[at:]
    return bytes(found)


def change_numbers(data: bytes, chance: random.Random) -> bytes:
    """Change addresses, sizes and counts in an HDF5 file, to such as occur in it or are on the verge."""
    found = bytearray(data)
    marks = [at for magic in MAGIC for at in _places(data, magic)]
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        if marks and chance.random() < 0.4:
            at, width = chance.choice(marks) + 4 + chance.randrange(28), chance.choice([1, 2, 4, 8])
        else:
            at, width = _address(data, chance), 8
        value = int.from_bytes(found[at : at + width], "little")
        other = int.from_bytes(found[(place := _address(data, chance)) : place + 8], "little")
        choices = [*NUMBERS, value + 1, value - 1, value * 2, value ^ 1 << chance.randrange(16), other, at, len(data)]
        choices += [chance.choice(marks)] * 4 if marks else []
        new = chance.choice(choices) % (1 << 8 * width)
        found[at : at + width] = new.to_bytes(width, "little")
    return bytes(found[: max(len(data), 1)])


def _places(data: bytes | bytearray, magic: bytes) -> Iterator[int]:
    at = data.find(magic)
    while at >= 0:
        yield at
        at = data.find(magic, at + 1)


def _address(data: bytes, chance: random.Random) -> int:
    """Return a place where a number stands that may be an address or a size in the file."""
    for _ in range(200):
        at = chance.randrange(max(1, len(data) - 8))
        if 0 < int.from_bytes(data[at : at + 8], "little") <= len(data):
            return at
    return 0


def change_json(config: Any, chance: random.Random) -> Any:
    """Replace, remove, copy, move or rename nodes."""
    config = copy.deepcopy(config)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        nodes = list(_nodes(config))
        if not nodes:
            break
        parent, key = chance.choice(nodes)
        described = [node for node, name in nodes if name == "class_name" and isinstance(node, dict)]
        kind = chance.randrange(11)
        if kind < 3:
            parent[key] = copy.deepcopy(chance.choice(VALUES + BAIT))
        elif kind == 8 and described:
            chance.choice(described).update(any_object(chance))
        elif kind == 9 and described:
            chance.choice(described)["module"] = chance.choice(NOWHERE)
        elif kind == 10:
            if chance.random() < 0.1 and isinstance(parent, list):
                parent[key:key] = [parent[key]] * chance.choice(MANY)
            elif chance.random() < 0.1:
                parent[key] = chance.choice(["x", "é", "\U0001f600", "\\", ","]) * chance.choice(MANY) * 10
        elif kind < 5:
            other, place = chance.choice(nodes)
            parent[key] = copy.deepcopy(other[place])
        elif kind == 5:
            del parent[key]
        elif kind == 6 and isinstance(parent, list):
            parent[key:key] = [copy.deepcopy(parent[key])] * chance.choice([1, 2, 50])
        elif isinstance(parent, dict):
            other, place = chance.choice(nodes)
            parent[str(place) if chance.random() < 0.7 else chance.choice(["config", "class_name", "module"])] = parent[
                key
            ]
        elif chance.random() < 0.2:
            for _ in range(chance.choice([10, 100, 205])):
                parent[key] = [parent[key]]
    return config


def _nodes(config: Any) -> Iterator[tuple[Any, Any]]:
    stack = [config]
    while stack:
        node = stack.pop()
        if isinstance(node, dict | list):
            for key in list(node) if isinstance(node, dict) else range(len(node)):
                yield node, key
                stack.append(node[key])


def any_object(chance: random.Random) -> dict[str, Any]:
    """Return the configuration of an object of any class, with some argument of it."""
    described, argument = chance.choice(arguments())
    config = {name: chance.choice([1, 2, 3.5, "relu", [1]]) for name in described["config"]}
    return {**described, "config": {**config, argument: copy.deepcopy(chance.choice(VALUES + BAIT))}}


@cache
def arguments() -> list[tuple[dict[str, Any], str]]:
    """Return the configuration of each class that files may name, with what it needs, and each argument of it."""
    found = []
    for kind in kinds().values():
        for name, cls in kind.names.items():
            known = list(inspect.signature(cls).parameters.values()) if isinstance(cls, type) else []
            known = [each for each in known if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
            needed = {each.name: 1 for each in known if each.default is each.empty}
            described = {"module": kind.module, "class_name": name, "config": needed}
            found += [(described, each.name) for each in known]
    return found


def lay_bait() -> None:
    """Write what nothing may touch."""
    CANARY.mkdir(exist_ok=True)
    (CANARY / "canary.txt").write_text("a\nb\n")
    (CANARY / "canary.py").write_text("def f(x=0):\n    return x\n")
    if str(CANARY) not in sys.path:
        sys.path.append(str(CANARY))


def sweep(report: Callable[[str], None]) -> int:
    """Make an object of every class with bait for every argument; report what it touches, and return how many did."""
    failures = 0
    for described, argument in arguments():
        for bait in BAIT:
            watch().touched.clear()
            watch().path = CANARY
            try:
                keras.saving.deserialize_keras_object({**described, "config": {**described["config"], argument: bait}})
            except (ArithmeticError, AttributeError, LookupError, NotImplementedError, OSError, TypeError, ValueError):
                pass
            finally:
                watch().path = None
            if watch().touched:
                failures += 1
                report(f"{described['class_name']}({argument}={bait!r:.80}) touched {watch().touched}")
    return failures


def change_array(data: bytes, chance: random.Random) -> bytes:
    """Change the header of an .npy file, or its bytes."""
    size = int.from_bytes(data[8:10], "little")
    head = data[10 : 10 + size].decode()
    pairs = [
        ("<f4", chance.choice(["|O", "<f8", ">f4", "<U9", "|V4", "<f4'*2+'", "<f400", "<m8[s]"])),
        ("False", chance.choice(["True", "None", "0", "F" * 100])),
        ("(", chance.choice(["(10, ", "(-1, ", "(1000000000, 1000000000, ", "((", "(0, "])),
        ("shape", "shape': (3,), 'shape"),
        ("{", "{" * chance.choice([1, 1000, 60000])),
    ]
    old, new = chance.choice(pairs)
    head = head.replace(old, new, 1)
    if chance.random() < 0.5:
        return change_bytes(data, chance)
    return (
        data[:6]
        + bytes([chance.choice([1, 1, 1, 2, 9]), 0])
        + struct.pack("<H", len(head) % 65536)
        + head.encode()
        + data[10 + size :]
    )


def change_archive(data: bytes, chance: random.Random) -> bytes:
    """Change a member, with its checksum computed anew, or what the archive says of it."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        members = {name: old.read(name) for name in old.namelist()}
    name = chance.choice(list(members))
    if name.endswith(".json"):
        text = json.dumps(change_json(json.loads(members[name]), chance))
        members[name] = change_bytes(text.encode(), chance) if chance.random() < 0.1 else _spelled(text, chance)
    elif name.endswith(".npy"):
        members[name] = change_array(members[name], chance)
    else:
        members[name] = chance.choice([change_numbers, change_numbers, change_bytes])(members[name], chance)
    return _zip(members, chance)


def _spelled(text: str, chance: random.Random) -> bytes:
    """Return a JSON text, with other spellings of its numbers at times."""
    if chance.random() < 0.1:
        text = text.replace("null", chance.choice(["NaN", "-Infinity", "1e999", "9" * 5000, "nul", "[" * 10**5]), 1)
    return text.encode("utf8", "surrogatepass")


def _zip(members: dict[str, bytes], chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", chance.choice([0, 0, 0, 8])) as new:
        warnings.simplefilter("ignore")
        for name, content in members.items():
            if chance.random() < 0.01:
                continue
            if chance.random() < 0.02:
                name = chance.choice(
                    ["/" + name, "../" + name, name.upper(), "assets/../" + name, "a\\b", "assets/x", "c:x"]
                )
            new.writestr(name, content)
            if chance.random() < 0.01:
                new.writestr(name, content)
            if chance.random() < 0.01:
                new.writestr("assets/big", b"\0" * 10**6)
    found = bytearray(buffer.getvalue())
    if chance.random() < 0.15:  # the directory's fields: versions, flags, method, sizes, names, attributes, places
        at = chance.choice([*_places(found, b"PK\1\2"), *_places(found, b"PK\3\4"), *_places(found, b"PK\5\6")])
        width = chance.choice([1, 2, 4])
        value = chance.choice([*NUMBERS, chance.randrange(65536)]) % (1 << 8 * width)
        at += 4 + chance.randrange(42)
        found[at : at + width] = value.to_bytes(width, "little")
    return bytes(found)


def change_attributes(data: bytes, chance: random.Random) -> bytes:
    """Change the JSON in the attributes of an HDF5 file."""
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        keys = [key for key in CONFIGS if key in file.attrs]
        if not keys:
            return change_numbers(data, chance)
        key = chance.choice(keys)
        file.attrs[key] = _spelled(json.dumps(change_json(json.loads(file.attrs[key]), chance)), chance)
    return buffer.getvalue()


def damage(sound: Sound, chance: random.Random) -> bytes:
    """Return a file with something changed."""
    if chance.random() < 0.1:
        return change_bytes(sound.data, chance)
    if sound.data[:2] == b"PK":
        return change_archive(sound.data, chance)
    return chance.choice([change_attributes, change_numbers])(sound.data, chance)


# --- what must hold -------------------------------------------------------------------------------------------------


class Watch:
    """What this process reaches for beyond itself, by Python's audit events (PEP 578)."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.touched: list[str] = []
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note an event, unless it is of the file that is loaded, or of this package's own imports."""
        if self.path is None:
            return
        first = str(arguments[0]) if arguments else ""
        if event == "import":
            reaches = first.partition(".")[0] == "canary"
        elif event in ("open", "os.listdir", "os.scandir"):
            reaches = first != str(self.path) and (str(CANARY) in first or not first.startswith(tuple(map(str, HOMES))))
        elif event == "marshal.loads":
            reaches = not sys._getframe(1).f_code.co_filename.startswith("<frozen importlib")
        else:
            reaches = event.startswith(("socket.", "subprocess.", "os.", "shutil.", "urllib.", "ctypes.", "pickle."))
        if reaches:
            self.touched.append(f"{event} {first:.200}")


watch = cache(Watch)


def load(sound: Sound, path: Path) -> str:
    """Load a file, and return how that ended: "loaded", "refused", or what is wrong about it."""
    model = sound.make() if sound.make else None
    before = model.get_weights() if model else []
    watch().touched.clear()
    watch().path = path
    try:
        made = keras.models.load_model(path) if model is None else model.load_weights(path)
    except FileError as error:
        watch().path = None
        cause = error.__cause__
        if len(str(error)) >= 2000:
            return f"a message of {len(str(error))} characters"
        if isinstance(cause, MemoryError | RecursionError):
            return f"it ended in a {type(cause).__name__}"
        if model and not all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)):
            return "weights changed though loading failed"
        end = f"refused {type(cause).__name__}" if cause is not None else "refused"
    except Exception as error:
        end = f"{type(error).__name__} escaped: {error!s:.200}"
    else:
        watch().path = None
        end = ("" if model else unsound(made, path)) or "loaded"
    finally:
        watch().path = None
    if model:
        model.set_weights(before)
    return f"it touched {watch().touched}" if watch().touched else end


def unsound(model: Any, path: Path) -> str:
    """Return what is wrong about a model that was made, "" if nothing is."""
    try:
        json.dumps(serialize(model))
    except NotImplementedError:  # the base class of a kind
        pass
    except Exception as error:
        return f"a model without a configuration: {type(error).__name__} {error!s:.200}"
    for layer in model._flatten_layers():
        for name, value in vars(layer).items():
            if name.endswith(SLOTS) and name[0] != "_" and not (value is None or callable(value)):
                return f"{layer} has {name}={value!r:.80}"
    for node, key in _nodes(stored_config(path)):
        name = str(node.get("class_name", "__")) if isinstance(node, dict) else "__"
        named = name[:2] != "__" and name != "MeanMetricWrapper" and "config" in node
        if key == "module" and named and node[key] in NOWHERE:
            return f"a module that does not exist: {node!r:.200}"
    return ""


def stored_config(path: Path) -> Any:
    """Return the configurations in a file of a model."""
    with open_source(path) as source:
        if source.read(0, 2) == b"PK":
            return json.loads(Archive(source, MEMBERS).read("config.json", 1 << 30))
        attributes = open_hdf5(source).attrs
        return [json.loads(attributes[key]) for key in CONFIGS if key in attributes]


def run(rounds: range, seed: int, report: Callable[[str], None]) -> Counter[str]:
    """Do rounds and return how often they ended in which way; each that failed is reported."""
    sound = sound_files()
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in sound:
            Path(folder, each.name).write_bytes(each.data)
            end = load(each, Path(folder, each.name))
            assert end == "loaded", f"{each.name}: {end}"
        lay_bait()
        for number in rounds:
            chance = random.Random(f"{seed} {number}")
            each = chance.choice(sound)
            data = damage(each, chance)
            path = Path(folder, each.name)
            path.write_bytes(data)
            before, start = _peak(), time.process_time()
            end = load(each, path)
            seconds, more = time.process_time() - start, _peak(again=False) - before
            if seconds > SECONDS:
                end = f"it took {seconds:.1f} s"
            if more > MEGABYTES + TIMES * len(data) / 1e6:
                end = f"it took {more:.0f} MB for a file of {len(data) / 1e6:.1f} MB"
            kind = end if end.startswith(("loaded", "refused")) else "failed"
            ends[kind] += 1
            if kind == "failed":
                Path(tempfile.gettempdir(), f"failed-{seed}-{number}-{each.name}").write_bytes(data)
                report(f"round {number} of seed {seed}, {each.name}: {end}")
    return ends


def _peak(again: bool = True) -> float:
    """Return the most memory that this process has taken, in megabytes; on Linux from now on, or since then."""
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    if again:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="repeat this round alone")
    options = parser.parse_args()
    faulthandler.enable()
    limit = 4 << 30  # what is out of all proportion shall end in a MemoryError, not take the machine down
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    rounds = range(options.rounds) if options.only is None else range(options.only, options.only + 1)
    start = time.perf_counter()
    report = partial(print, flush=True)
    lay_bait()
    caught = 0 if options.only is not None else sweep(report)
    ends = run(rounds, options.seed, report)
    ends["failed"] += caught
    print(
        f"{len(rounds)} rounds in {time.perf_counter() - start:.0f} s:",
        *(f"{n} {end}," for end, n in ends.most_common()),
    )
    print("failed" if ends["failed"] else "all ended well")
    return ends["failed"]


if __name__ == "__main__":
    sys.exit(min(1, main()))
