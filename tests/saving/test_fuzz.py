"""A few hundred damaged files; continuous integration runs thousands: `python tests/fuzz_files.py`."""

import pytest


def test_damaged_files_do_no_harm() -> None:
    pytest.importorskip("h5py")
    from tests.fuzz_files import run

    failures: list[str] = []
    ends = run(range(300), 0, failures.append)
    assert failures == []
    assert sum(ends.values()) == 300
    assert ends["loaded"] < 200


def test_no_argument_names_what_is_opened() -> None:
    pytest.importorskip("h5py")
    from tests.fuzz_files import lay_bait, sweep

    failures: list[str] = []
    lay_bait()
    assert sweep(failures.append) == 0, failures
