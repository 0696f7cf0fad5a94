"""Who may write to the array of a variable, and what programs must notice.

**An array is written in place only while its variable is exclusive**, which is while nobody else can hold the array.
Whoever hands an array out exposes the variable first. Whoever wants to write to an exposed variable moves its value to
a new array first; the old array stays with those that hold it, and never changes again. So a tensor, a tape or a
caller's array keeps the value that it was made from, and training writes in place all the same.

A program looks weights up once and writes to their arrays. It is dropped when a layer changes. It looks them up again
when a variable gets another array, and, if it writes to them, when one may have been exposed.
"""


class Changes:
    """Counts of what programs must notice, all over the process.

    Attributes:
        layers: Changes of layers: attributes set, weights added or frozen.
        arrays: Variables that got another array.
        exposures: Variables whose array somebody may hold from then on.
    """

    layers: int = 0
    arrays: int = 0
    exposures: int = 0


EXCLUSIVE = False
"""`Variable.exposed` of a variable whose array nobody else holds."""
EXPOSED = True
"""`Variable.exposed` where somebody may hold the array for good. The id of a tape there says that it alone holds the
array, until its gradient is taken."""
