"""The progress bar, in a terminal and in a log, under a clock of our own."""

import io
import re
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minikeras._base.settings import disable_interactive_logging, enable_interactive_logging
from minikeras._display.progbar import Progbar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


def use_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put a terminal in place of the output; not a fixture, since pytest sets its own after them."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    return terminal


@pytest.fixture(autouse=True)
def interactive() -> Iterator[None]:
    yield
    enable_interactive_logging()


def drawn(terminal: Terminal) -> list[str]:
    """Return what stood in the terminal one drawing after the other, without colours."""
    return re.sub(r"\x1b\[\d+m", "", terminal.getvalue()).split("\r")[1:]


def test_a_log_gets_one_plain_line(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(target=10, width=10)
    for step in range(1, 11):
        clock.now += 0.5
        bar.update(step, [("loss", 1 / step), ("accuracy", 0.0001)], finalize=False)
    assert capsys.readouterr().out == ""
    bar.update(10, [("loss", 0.25), ("accuracy", 1)], finalize=True)
    assert capsys.readouterr().out == "10/10 ━━━━━━━━━━ 5s 500ms/step - loss: 0.2500 - accuracy: 1.0000\n"


def test_a_terminal_is_redrawn(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    bar = Progbar(target=4, width=8)
    for step in (1, 2, 4):
        clock.now += 2.0
        bar.update(step, [("loss", 8.0)])
    green, white, end, back = "\x1b[32m", "\x1b[37m", "\x1b[0m", "\b" * 38
    assert terminal.getvalue() == (
        f"\r\x1b[1m1/4{end} {green}━━{end}{white}━━━━━━{end} \x1b[1m6s{end} 2s/step - loss: 8.0000"
        f"{back}\r\x1b[1m2/4{end} {green}━━━━{end}{white}━━━━{end} \x1b[1m4s{end} 2s/step - loss: 8.0000"
        f"{back}\r\x1b[1m4/4{end} {green}━━━━━━━━{end}{white}{end} \x1b[1m6s{end} 1s/step - loss: 8.0000\n"
    )


def test_a_shorter_line_covers_the_longer(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    bar = Progbar(target=None)
    bar.update(1, [("loss", -12345.0)])
    clock.now += 1
    bar.update(2, [("loss", 12345.0 + 4)])
    first, second = drawn(terminal)
    assert first.rstrip("\b") == "      1/Unknown 0s 0s/step - loss: -12345.0000"
    assert second == "      2/Unknown 1s 1s/step - loss: 2.0000" + " " * 5


def test_draws_no_oftener_than_the_interval(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    bar = Progbar(target=1000, interval=0.05)
    for step in range(1, 1000):
        clock.now += 0.002
        bar.update(step)
    assert 35 <= len(drawn(terminal)) <= 41
    bar.update(1000)
    assert drawn(terminal)[-1] == "1000/1000 ━━━━━━━━━━━━━━━━━━━━ 2s 2ms/step\n"


@pytest.mark.parametrize(
    ("seconds", "left", "pace"),
    [(0.00002, "0s", "20us"), (0.02, "1s", "20ms"), (1.5, "2:28", "2s"), (100.0, "2:45:00", "100s")],
)
def test_times(clock: Clock, monkeypatch: pytest.MonkeyPatch, seconds: float, left: str, pace: str) -> None:
    terminal = use_terminal(monkeypatch)
    bar = Progbar(target=100, width=0)
    clock.now += seconds
    bar.update(1)
    assert drawn(terminal) == [f"  1/100  {left} {pace}/step"]


def test_the_first_step_does_not_count(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(target=3, verbose=2, unit_name="epoch")
    clock.now += 60
    bar.add(1)
    clock.now += 2
    bar.add(1)
    bar.add(1, [("loss", -0.5)])
    assert capsys.readouterr().out == "3/3 - 62s - 1s/epoch - loss: -5.0000e-01\n"


def test_averages(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    for options, expected in (
        ({}, "a: 4.0000 - b: 4.0000"),
        ({"stateful_metrics": ["a"]}, "a: 6.0000 - b: 4.0000"),
        ({"stateless_metrics": ["a"]}, "a: 4.0000 - b: 6.0000"),
    ):
        bar = Progbar(target=8, **options)  # type: ignore[arg-type]  # one of two sets of names
        bar.update(1, [("a", 0.0), ("b", np.zeros(2))])
        clock.now += 1
        bar.update(3, [("a", np.float32(6)), ("b", np.array([5, 7]))])
        assert drawn(terminal)[-1].rstrip().endswith(expected)


def test_small_values(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    values: list[tuple[str, Any]] = [("a", 1e-4), ("b", -1e-4), ("c", 0.0), ("d", float("nan")), ("e", -2.0)]
    Progbar(target=1).update(1, values)
    shown = "a: 1.0000e-04 - b: -1.0000e-04 - c: 0.0000e+00 - d: nan - e: -2.0000\n"
    assert drawn(terminal)[-1].endswith(shown)


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(target=2, verbose=0)
    bar.add(2, [("loss", 1.0)])
    Progbar(target=None, verbose=2).update(3, finalize=True)
    assert capsys.readouterr().out == ""


def test_unknown_target(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(target=None)
    bar.add(5)
    assert capsys.readouterr().out == ""
    bar.update(5, [("loss", 2.0)], finalize=True)
    assert capsys.readouterr().out == "      5/Unknown 0s 0s/step - loss: 2.0000\n"


def test_a_notebook_is_a_terminal(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    Progbar(target=2).update(1)
    assert "\r" in capsys.readouterr().out


def test_without_interactive_logging(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    disable_interactive_logging()
    bar = Progbar(target=2, width=4)
    bar.add(1)
    bar.add(1)
    assert terminal.getvalue() == "2/2 ━━━━ 0s 0s/step\n"


def test_output_that_knows_only_ascii(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stdout)
    Progbar(target=2, width=4).update(2, [("précision", 1.0)])
    stdout.seek(0)
    assert stdout.read() == "2/2 ==== 0s 0s/step - pr?cision: 1.0000\n"


@pytest.mark.parametrize("attributes", [{}, {"encoding": None}])
def test_a_log_that_names_no_encoding(
    attributes: dict[str, None], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    log = SimpleNamespace(write=lambda text: shown.append(text.encode("ascii").decode()), flush=int, **attributes)
    monkeypatch.setattr(sys, "stdout", log)
    Progbar(target=2, width=4).update(2)
    assert "".join(shown) == "2/2 ==== 0s 0s/step\n"


def test_no_output_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    Progbar(target=1).add(1)


def test_errors() -> None:
    with pytest.raises(ValueError, match="not both"):
        Progbar(target=1, stateful_metrics=["a"], stateless_metrics=["b"])


def test_tells_when_there_is_something_to_draw(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    bar = Progbar(target=1000)
    assert bar.is_due(1)
    bar.update(1)
    assert not bar.is_due(2)
    clock.now += 0.04
    assert not bar.is_due(3)
    clock.now += 0.02
    assert bar.is_due(4)
    bar.update(4)
    assert len(drawn(terminal)) == 2


def test_an_interrupted_line_is_ended_once(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    bar = Progbar(target=3)
    bar.close()
    assert terminal.getvalue() == ""
    bar.update(1)
    bar.close()
    bar.close()
    assert terminal.getvalue().endswith("/step\n")
    assert terminal.getvalue().count("\n") == 1
    bar.update(3)
    bar.close()
    assert terminal.getvalue().count("\n") == 2


def test_a_log_has_no_line_to_end(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(target=3)
    bar.update(1)
    bar.close()
    assert capsys.readouterr().out == ""
