"""What is public stays as it is, name by name: kinds, signatures and help."""

from tests.public_surface import describe, lines, read


def test_the_public_surface_is_what_the_file_says() -> None:
    before, after = read(), lines()
    addresses = sorted(a for a in before.keys() | after.keys() if before.get(a) != after.get(a))
    changes = [f"{sign} {a} {side[a]}" for a in addresses for sign, side in (("-", before), ("+", after)) if a in side]
    assert not changes, "\n".join(["if meant, run `python tests/public_surface.py`:", *changes])


def test_a_change_would_show() -> None:
    def one(x: int = 1) -> int:
        """Return x."""
        return x

    def other(x: int = 2) -> int:
        """Return x."""
        return x

    said = [describe(one), describe(other)]
    assert [line.rpartition(" ")[0] for line in said] == [
        "function (x: int = 1) -> int",
        "function (x: int = 2) -> int",
    ]
    before = describe(other)
    other.__doc__ = "Return another."
    assert describe(other) != before
    assert describe(property(one)) == f"property int {said[0].rpartition(' ')[2]}"
