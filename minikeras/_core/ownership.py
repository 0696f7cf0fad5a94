"""Who may write to the array of a variable, and what programs must notice.

**An array is written in place only while its variable is exclusive**: nobody else can hold the array. Code that hands
the array out marks the variable as exposed. Code that wants to write to an exposed variable first moves the value to a
new array; the old one stays with those that hold it, and never changes again. So a tensor, a tape or a caller's array
keeps its value, and training still writes in place.

A program looks up the arrays of weights once and writes to them. It is dropped when a layer changes. It looks them up
again when a variable gets another array and, if it writes to variables, when one may have been exposed.
"""


class Changes:
    """Counts what programs must notice, in the whole process.

    Attributes:
        layers: Number of the present state of all layers. A change makes a new one; `turn` may go back to a former one.
        arrays: Times that a variable got another array.
        exposures: Times that a variable was exposed.
    """

    layers: int = 0
    arrays: int = 0
    exposures: int = 0
    _highest, _turned, _numbers = 0, frozenset[int](), dict[frozenset[int], int]()

    @classmethod
    def turn(cls, x: object) -> None:
        """Note that `trainable` of x was turned on or off; if all are as before, as in a GAN, `layers` is as before."""
        before = cls.layers
        if cls._numbers.get(cls._turned) != before or len(cls._numbers) > 256:  # something else has changed
            cls._turned, cls._numbers = frozenset(), {frozenset(): before}
        cls._turned ^= {id(x)}  # what is turned since the last other change; a second turn takes it out
        cls._highest += 1 << 40  # beyond what other changes count up to
        number = cls._numbers.setdefault(cls._turned, cls._highest)  # a former one if the same things are turned
        cls.layers = number if cls.layers == before else cls._highest + (1 << 39)  # another thread has changed a layer


EXCLUSIVE = False
"""`Variable.exposed` of a variable whose array nobody else holds."""
EXPOSED = True
"""`Variable.exposed` if somebody may hold the array for good. The id of a tape in its place says that only this tape
holds the array, until its gradient is taken."""
