"""A reader of HDF5 that needs NumPy alone. It reads the parts of the format in which Keras and h5py write numbers.

Source: "HDF5 File Format Specification", version 3.0. It reads superblocks 0 to 3, old groups (B-tree, heap, symbol
nodes) and new ones (link messages; fractal heap and B-tree version 2), attributes, and compact, contiguous and chunked
arrays with the filters shuffle and deflate. It refuses links other than hard ones, data in other files,
virtual arrays, and arrays of anything but numbers.

Files are assumed to be hostile. Three rules limit what a file can cost:
- Fields are read from a block, and blocks from the file, by methods that check their ends.
- In a sound file blocks do not overlap. So the sizes of all blocks are added up as they are read, and the file is
  refused once they exceed its size. This ends circular references, and a block that is used many times.
- Shape, type and storage of an array are compared before its memory is allocated; a chunk must inflate to its size.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple, NoReturn

import numpy as np

from .._base.typing import Array, Shape
from .source import MAX_INFLATION, Fields, Source

NOWHERE = 2**64 - 1
"""The address of something that is not stored."""
MAX_LINKS = 200_000  # in one file
MAX_MESSAGES = 100_000  # of one object
MAX_CHUNKS = 500_000  # of one array
MAX_DEPTH = 100  # of groups in groups
CLASSES = ("integer", "float", "time", "string", "bits", "opaque", "compound", "reference", "enum", "variable", "array")
FLOATS = {bytes([0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0]): "f2", bytes([0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0]): "f4",
          bytes([0, 0, 64, 0, 52, 11, 0, 52, 255, 3, 0, 0]): "f8"}  # fmt: skip
"""The fields of IEEE 754's types: bit offset, precision, position and size of exponent and of mantissa, and bias."""
ATTRIBUTE, ATTRIBUTE_INFO, CONTINUATION, LINK, LINK_INFO, SYMBOL_TABLE = 0x0C, 0x15, 0x10, 0x06, 0x02, 0x11
DATASPACE, DATATYPE, EXTERNAL, LAYOUT, FILTERS = 0x01, 0x03, 0x07, 0x08, 0x0B
DEFLATE, SHUFFLE = 1, 2  # numbers of filters; those in the two lines above are of messages
TWO_BYTES, REFERENCE = np.dtype("V2"), np.dtype("V16")  # an opaque type, and a text of any length


class Chunk(NamedTuple):
    """Where a chunk of an array is stored."""

    address: int
    size: int
    skipped: int  # a bit for each filter that was not applied


class File:
    """A file, with counts of how much of it may still be read."""

    def __init__(self, source: Source) -> None:
        self.source: Source = source
        self.unread: int = source.size
        self.links: int = MAX_LINKS
        self.here: str = "the start"
        self.heaps: dict[int, dict[int, Fields]] = {}

    def refuse(self, reason: str) -> NoReturn:
        """Raise a FileError for the place that is being read."""
        raise self.source.error(self.here, reason)

    def claim(self, address: int, size: int) -> None:
        """Count a block that is read; refuse it if it is beyond the end, or if more is read than the file has."""
        if address + size > self.source.size:
            self.refuse(f"{size} bytes at byte {address} are beyond the end of the file, byte {self.source.size}")
        self.unread -= size
        if self.unread < 0:
            self.refuse("blocks of the file overlap, or refer to each other in a circle")

    def block(self, address: int, size: int, magic: bytes = b"") -> Fields:
        """Return the fields of a block that follow `magic`, with which it must start."""
        self.claim(address, size)
        fields = Fields(self.source.read(address, size), self.refuse)
        if magic and fields.take(len(magic)) != magic:
            self.refuse(f"there is no block {magic.decode()!r} at byte {address}")
        return fields

    def root(self) -> int:
        """Return the address of the root group's header."""
        prefix = Fields(self.source.read(0, min(self.source.size, 128)), self.refuse)
        if prefix.take(8) != b"\x89HDF\r\n\x1a\n":
            self.refuse("this is no HDF5 file")
        version = prefix.expect(0, 1, 2, 3, what="superblock version")
        prefix.take(4 if version < 2 else 0)
        prefix.expect(8, what="address size")
        prefix.expect(8, what="length size")
        prefix.take((9, 13, 1, 1)[version])
        base, _, end = prefix.number(), prefix.number(), prefix.number()
        prefix.take(16 if version < 2 else 0)
        if base or end > self.source.size:
            self.refuse(f"the file should have {end} bytes after the first {base}, but has {self.source.size} in all")
        return prefix.number()

    def messages(self, address: int) -> list[tuple[int, Fields]]:
        """Return the messages in an object's header as (kind, fields)."""
        head = Fields(self.source.read(address, 16), self.refuse)
        new = head.data[:4] == b"OHDR"
        if new:
            head.take(4)
            head.expect(2, what="object header version")
            flags = head.number(1)
            start = address + 6 + 16 * bool(flags & 0x20) + 4 * bool(flags & 0x10)
            width = 1 << (flags & 3)
            blocks = [(start + width, int.from_bytes(self.source.read(start, width), "little"))]
        else:
            head.expect(1, what="object header version")
            flags = 0
            head.take(7)
            blocks = [(address + 16, head.number(4))]
        messages: list[tuple[int, Fields]] = []
        for i, (start, size) in enumerate(blocks):  # a continuation message appends to `blocks`
            body = self.block(start, size, b"OCHK" if i and new else b"")
            prefix, closing = (4 + 2 * bool(flags & 4), 4 * bool(i)) if new else (8, 0)
            while len(body) >= prefix + closing:
                kind = body.number(1 if new else 2)
                length = body.number(2)
                shared = body.number(1) & 2
                body.take(prefix - (4 if new else 5))
                message = body.part(length)
                if kind == CONTINUATION:
                    blocks.append((message.number(), message.number()))
                elif shared and kind in (DATASPACE, DATATYPE, FILTERS, ATTRIBUTE):
                    self.refuse("messages that several objects share are not supported")
                else:
                    messages.append((kind, message))
                if len(messages) + len(blocks) > MAX_MESSAGES:
                    self.refuse(f"an object has more than {MAX_MESSAGES} messages")
        return messages

    def heap_text(self, reference: Fields) -> str:
        """Return the text in the global heap that a reference points to. Only one reference may point to it."""
        length, address, index = reference.numbers(4, 8, 4)
        if not length:
            return ""
        if address not in self.heaps:
            head = self.block(address, 16, b"GCOL")
            head.expect(1, what="global heap version")
            head.take(3)
            body = self.block(address + 16, max(0, head.number() - 16))
            objects = self.heaps[address] = {}
            while len(body) >= 16 and (key := body.number(2)):
                body.take(6)
                objects[key] = body.part(body.number())
                body.take(min(-len(objects[key]) % 8, len(body)))
        if index not in self.heaps[address]:
            self.refuse(f"the global heap at byte {address} has no object {index}, or it is used twice")
        return self.heaps[address].pop(index).text(length)

    def tree(self, address: int, kind: int, key_size: int) -> Iterator[tuple[Fields, int]]:
        """Yield the keys and addresses in the leaves of a B-tree of version 1."""
        level = None
        nodes = [address]
        while nodes:
            inner: list[int] = []
            for node in nodes:
                head = self.block(node, 24, b"TREE")
                head.expect(kind, what="B-tree kind")
                height = head.number(1)
                level = height if level is None else level
                if height != level:
                    self.refuse("the nodes of a B-tree are at the wrong level")
                entries = self.block(node + 24, head.number(2) * (key_size + 8))
                while len(entries):
                    key, child = entries.part(key_size), entries.number()
                    if level:
                        inner.append(child)
                    else:
                        yield key, child
            nodes, level = inner, level - 1 if level else 0

    def tree2(self, address: int, kind: int, size: int) -> Iterator[Fields]:
        """Yield the records of a B-tree of version 2."""
        head = self.block(address, 38, b"BTHD")
        head.expect(0, what="B-tree version")
        head.expect(kind, what="B-tree kind")
        node_size, record, depth, _, root, count = head.numbers(4, 2, 2, 2, 8, 2)
        if record != size or depth > 8 or not 64 <= node_size <= self.source.size:
            self.refuse("a B-tree has nodes of impossible sizes")
        limits, widths = [(node_size - 10) // size], [0]
        for level in range(1, depth + 1):  # the width of a pointer depends on how many records a node can have
            widths.append(8 + _width((node_size - 10) // size) + (_width(limits[-1]) if level > 1 else 0))
            most = (node_size - 10 - widths[-1]) // (size + widths[-1])
            limits.append((most + 1) * limits[-1] + most)
        nodes = [(root, count)] if count else []
        for level in range(depth, -1, -1):
            inner: list[tuple[int, int]] = []
            for node, count in nodes:
                body = self.block(node, 6 + count * size + (count + 1) * widths[level], b"BTIN" if level else b"BTLF")
                body.take(2)
                for _ in range(count):
                    yield body.part(size)
                for _ in range(count + 1 if level else 0):
                    pointer = body.part(widths[level])
                    inner.append((pointer.number(), pointer.number(_width((node_size - 10) // size))))
            nodes = inner

    def dense(self, heap: int, tree: int, kind: int, before: int, size: int) -> Iterator[Fields]:
        """Yield the messages in a fractal heap, in the order of the records in a B-tree.

        The records of the tree are of this kind and size; `before` bytes of each precede an object's id in the heap.
        """
        head = self.block(heap, 142, b"FRHP")
        head.expect(0, what="heap version")
        id_size, filters, _, largest, _ = head.numbers(2, 2, 1, 4, 8 * 12)
        width, first, largest_block, bits, _, root, rows = head.numbers(2, 8, 8, 2, 2, 8, 2)
        offset_size = (bits + 7) // 8
        length_size = min(_width(largest_block), _width(largest))
        if filters or not 0 < width <= 64 or not 0 < first <= largest_block <= 1 << 32 or rows > 32:
            self.refuse("a fractal heap of an unusual form is not supported")
        blocks = [root]
        if rows:
            table = self.block(root, 13 + offset_size + rows * width * 8, b"FHIB")
            table.take(9 + offset_size)
            blocks = [table.number() for _ in range(rows * width)]
        sizes = [first << max(0, place // width - 1) for place in range(len(blocks))]
        starts = [0, *accumulate(sizes)]
        for record in self.tree2(tree, kind, size):
            record.take(before)
            number = record.part(min(id_size, len(record)))
            if number.number(1) & 0x30:
                self.refuse("objects outside of their fractal heap are not supported")
            offset, length = number.number(offset_size), number.number(length_size)
            place = bisect_right(starts, offset) - 1
            if place >= len(blocks) or sizes[place] > largest_block or offset + length > starts[place + 1]:
                self.refuse("an object is not within its fractal heap")
            yield self.block(blocks[place] + offset - starts[place], length)


def _width(limit: int) -> int:
    """Return how many bytes are needed for numbers up to a limit."""
    return max(1, (limit.bit_length() + 7) // 8)


def _shape(fields: Fields) -> Shape:
    """Read the shape of an array."""
    version = fields.expect(1, 2, what="dataspace version")
    rank, flags, kind = fields.numbers(1, 1, 1)
    fields.take(4 if version == 1 else 0)
    if rank > 32 or flags & ~1 or (version == 2 and kind != bool(rank)):
        fields.refuse("an array of this form is not supported")
    shape = tuple(fields.number() for _ in range(rank))
    if math.prod(size for size in shape if size) >= 1 << 59 or max(shape, default=0) >= 1 << 59:
        fields.refuse(f"no array has the shape {shape}")
    return shape


def _type(fields: Fields) -> np.dtype[Any]:
    """Read the type of an array's elements: numbers, bools, texts, `TWO_BYTES` or `REFERENCE`."""
    head, size = fields.number(4), fields.number(4)
    kind, bits = head & 15, head >> 8
    order = ">" if bits & 1 else "<"  # bit 0 is the order of bytes, bit 3 the sign of an integer; others must be 0
    if kind == 0 and size in (1, 2, 4, 8) and not bits & ~9 and fields.take(4) == bytes([0, 0, 8 * size, 0]):
        return np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}")
    if kind == 1 and size in (2, 4, 8) and bits & ~1 == (8 * size - 1) << 8 | 0x20:  # sign last, first bit implied
        name = FLOATS.get(fields.take(12))
        if name == f"f{size}":
            return np.dtype(order + name)
    if kind == 3 and size:
        return np.dtype(f"S{size}")
    if kind == 5 and size == 2:
        return TWO_BYTES
    if kind == 6 and size in (8, 16) and bits == 2:  # a complex number, as h5py writes it: two parts of one type
        label, place = (8, 32) if head >> 4 & 15 == 1 else (2, 1)  # how many bytes they have, with zeros behind them
        starts = [c.ljust(label, b"\0") + at.to_bytes(place, "little") for c, at in ((b"r", 0), (b"i", size // 2))]
        types = [_type(fields.part(20)).str for start in starts if fields.take(len(start)) == start]
        if types in [[f"{end}f{size // 2}"] * 2 for end in "<>"]:
            return np.dtype(f"{types[0][0]}c{size}")
    if kind == 8 and size == 1 and bits == 2:  # with two names
        base = _type(fields.part(12))
        if base == np.int8 and fields.take(len(fields)).rstrip(b"\0").replace(b"\0", b"") == b"FALSETRUE\1":
            return np.dtype("?")
    if kind == 9 and size == 16 and bits & 15 == 1:  # of characters
        return REFERENCE
    name = CLASSES[kind] if kind < len(CLASSES) else str(kind)
    return fields.refuse(f"elements of type {name!r}, of {size} bytes each, are not supported")


def _value(file: File, dtype: np.dtype[Any], shape: Shape, fields: Fields) -> Any:
    """Read the value of an attribute."""
    count, size = math.prod(shape), dtype.itemsize
    if dtype.kind != "S" and dtype != REFERENCE:
        array = np.frombuffer(fields.take(size * count), dtype).reshape(shape)
        return array if shape else array.item()
    parts = (fields.part(size) for _ in range(count))
    texts = [file.heap_text(part) if dtype == REFERENCE else part.text(size) for part in parts]
    return texts if shape else texts[0]


def _attribute(file: File, fields: Fields) -> tuple[str, Any]:
    """Read the name and the value of an attribute."""
    version = fields.expect(1, 2, 3, what="attribute version")
    if fields.number(1) and version > 1:
        file.refuse("attributes with shared types are not supported")
    sizes = fields.numbers(2, 2, 2)
    fields.take(version == 3)
    name, kind, shape = (fields.part(-(-size // 8) * 8 if version == 1 else size) for size in sizes)
    return name.text(len(name)), _value(file, _type(kind), _shape(shape), fields)


class Object:
    """A group or an array of a file."""

    def __init__(self, file: File, path: str, messages: list[tuple[int, Fields]]) -> None:
        self._file = file
        self._messages = messages
        self._members: dict[str, Group | Dataset] = {}  # the members of a group that were opened so far
        self.path: str = path

    def _find(self, kind: int) -> Fields | None:
        """Return the fields of the message of a kind, None without one; two of them are refused."""
        matches = [fields for each, fields in self._messages if each == kind]
        if len(matches) > 1:
            self._file.refuse(f"there are {len(matches)} messages of kind {kind}")
        return Fields(matches[0].data, self._file.refuse) if matches else None

    def _need(self, kind: int, what: str) -> Fields:
        return self._find(kind) or self._file.refuse(f"there is no {what}")

    def _all(self, kind: int, info: int, what: str, width: int, records: tuple[int, int, int]) -> list[Fields]:
        """Return all messages of a kind, from the header and from the heap that a message of the kind `info` names."""
        messages = [Fields(fields.data, self._file.refuse) for each, fields in self._messages if each == kind]
        about = self._find(info)
        if about is not None:
            about.expect(0, what=f"{what} info version")
            about.take(width * (about.number(1) & 1))
            heap, tree = about.number(), about.number()
            if heap != NOWHERE:
                messages += self._file.dense(heap, tree, *records)
        return messages

    @cached_property
    def attrs(self) -> dict[str, Any]:
        """The attributes: a text as `str`, several in a list; a number as such, several in an array."""
        self._file.here = f"the attributes of {self.path}"
        fields = self._all(ATTRIBUTE, ATTRIBUTE_INFO, "attribute", 2, (8, 0, 17))
        pairs = [_attribute(self._file, each) for each in fields]
        if len(dict(pairs)) != len(pairs):
            self._file.refuse("two attributes have one name")
        return dict(pairs)


class Group(Object):
    """A group of named groups and arrays, each opened when it is asked for."""

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._links))

    def __contains__(self, name: object) -> bool:
        return name in self._links

    def __getitem__(self, name: str) -> "Group | Dataset":
        """Return the group or array of a name; a KeyError if there is none, a FileError if it cannot be read."""
        if name not in self._members:
            self._members[name] = _open(self._file, f"{self.path.rstrip('/')}/{name}", self._links[name])
        return self._members[name]

    def arrays(self) -> Iterator["Dataset"]:
        """Yield all arrays in the group and its subgroups."""
        for node in map(self.__getitem__, self):
            yield from [node] if isinstance(node, Dataset) else node.arrays()

    @cached_property
    def _links(self) -> dict[str, int]:
        """Name -> address."""
        self._file.here = self.path
        links: dict[str, int] = {}
        for name, address in self._each_link():
            self._file.links -= 1
            if name in links or not name or "/" in name or name in (".", ".."):
                self._file.refuse(f"the name {name!r} occurs twice, or is not allowed")
            if self._file.links < 0:
                self._file.refuse(f"there are more than {MAX_LINKS} names")
            links[name] = address
        return links

    def _each_link(self) -> Iterator[tuple[str, int]]:
        table = self._find(SYMBOL_TABLE)
        if table is not None:
            yield from self._symbols(table.number(), table.number())
        for link in self._all(LINK, LINK_INFO, "link", 8, (5, 4, 11)):
            link.expect(1, what="link version")
            flags = link.number(1)
            if flags & 8 and link.number(1):
                self._file.refuse("only hard links are followed, no soft or external ones")
            link.take(8 * bool(flags & 4) + bool(flags & 16))
            yield link.text(link.number(1 << (flags & 3))), link.number()

    def _symbols(self, tree: int, heap: int) -> Iterator[tuple[str, int]]:
        """Yield the links of an old group."""
        _, size, _, address = self._file.block(heap, 32, b"HEAP").numbers(4, 8, 8, 8)
        names = self._file.block(address, size)
        for _, node in self._file.tree(tree, 0, 8):
            symbols = self._file.block(node, 8, b"SNOD")
            symbols.expect(1, what="symbol node version")
            entries = self._file.block(node + 8, 40 * symbols.numbers(1, 2)[1])
            while len(entries):
                at, target, cache, _ = entries.numbers(8, 8, 4, 20)
                if cache == 2:
                    self._file.refuse("only hard links are followed, no soft or external ones")
                names.at = min(at, len(names.data))
                yield names.text(min(1 << 12, len(names))), target


class Dataset(Object):
    """An array in a file. Its shape and dtype are known; its values are read by `read`."""

    def __init__(self, file: File, path: str, messages: list[tuple[int, Fields]]) -> None:
        super().__init__(file, path, messages)
        self.shape: Shape = _shape(self._need(DATASPACE, "shape"))
        self._type = _type(self._need(DATATYPE, "type"))
        self._claimed = False
        if self._type.kind == "S" or self._type == REFERENCE:
            file.refuse("arrays of strings are not supported")
        if self._find(EXTERNAL) is not None:
            file.refuse("data in other files is not read")
        self.dtype: np.dtype[Any] = self._type.newbyteorder("=")
        if self._type == TWO_BYTES:
            if self.attrs.get("dtype") != "bfloat16":
                file.refuse("elements of an opaque type are not supported")
            self.dtype = np.dtype(np.float32)

    def read(self) -> Array:
        """Return the values, bfloat16 as float32; a FileError if the stored bytes do not fit shape and dtype."""
        self._file.here = self.path
        stored = self._bytes()
        if self._type == TWO_BYTES:
            return (stored.view("<u2").astype(np.uint32) << 16).view(np.float32)
        if self._type.kind == "b" and (stored.view(np.uint8) > 1).any():
            self._file.refuse("a truth value is neither 0 nor 1")
        return stored.astype(self.dtype, copy=False)

    def _bytes(self) -> Array:
        """Return the values as they are stored."""
        file, dtype = self._file, self._type
        size = math.prod(self.shape) * dtype.itemsize
        layout = self._need(LAYOUT, "place of the data")
        version = layout.expect(3, 4, 5, what="layout version")
        kind = layout.expect(0, 1, 2, what="layout class")
        if kind == 2:
            return self._chunks(layout, version)
        if self._find(FILTERS) is not None:
            file.refuse("filters of data without chunks are not supported")
        if kind == 0:
            data = layout.take(layout.number(2))
            if len(data) != size:
                file.refuse(f"{size} bytes of data are expected, {len(data)} are stored")
            return np.frombuffer(data, dtype).reshape(self.shape).copy()
        address, stored = layout.number(), layout.number()
        if not size:
            return np.empty(self.shape, dtype)
        if stored != size or address == NOWHERE:
            file.refuse(f"{size} bytes of data are expected, {0 if address == NOWHERE else stored} are stored")
        self._claim([Chunk(address, size, 0)])
        out = np.empty(self.shape, dtype)
        file.source.fill(address, out)
        return out

    def _claim(self, chunks: list[Chunk]) -> None:
        """Count the data of the array, once, as read."""
        claim = self._file.source.check if self._claimed else self._file.claim
        for chunk in chunks:
            if not chunk.size:
                self._file.refuse("a chunk of the data is not stored")
            claim(chunk.address, chunk.size)
        self._claimed = True

    def _chunks(self, layout: Fields, version: int) -> Array:
        """Return the values of an array that is stored in chunks."""
        file, dtype = self._file, self._type
        flags = layout.number(1) if version > 3 else 0
        rank = layout.number(1)
        address = layout.number() if version == 3 else 0
        width = layout.number(1) if version > 3 else 4
        *shape, itemsize = [layout.number(width) for _ in range(max(1, rank))]
        size = math.prod(shape) * dtype.itemsize
        if len(shape) != len(self.shape) or itemsize != dtype.itemsize or not 0 < size < 1 << 32 or flags & 1:
            file.refuse("chunks of this form are not supported")
        filters = self._filters()
        grid = tuple(-(-a // b) for a, b in zip(self.shape, shape, strict=True))
        count = math.prod(grid)
        if not count:
            return np.empty(self.shape, dtype)
        if count > min(file.source.size, MAX_CHUNKS):
            file.refuse(f"there cannot be {count} chunks in a file of {file.source.size} bytes")
        chunks = self._tree_index(address, shape, grid) if version == 3 else self._index(layout, flags, count, size)
        self._claim(chunks)
        limit = MAX_INFLATION if DEFLATE in filters else 1
        if any(size > limit * chunk.size for chunk in chunks):
            file.refuse(f"a chunk of {size} bytes cannot be stored in so few")
        if limit > 1:
            file.source.allow(count * size, sum(chunk.size for chunk in chunks), self.path)
        out = np.empty(self.shape, dtype)
        for place, chunk in zip(np.ndindex(*grid), chunks, strict=True):
            data = self._unfilter(file.source.read(chunk.address, chunk.size), filters, chunk.skipped, size)
            target = out[tuple(slice(i * n, (i + 1) * n) for i, n in zip(place, shape, strict=True))]
            target[...] = np.frombuffer(data, dtype).reshape(shape)[tuple(slice(n) for n in target.shape)]
        return out

    def _tree_index(self, address: int, shape: list[int], grid: Shape) -> list[Chunk]:
        """Return all chunks, in order, from a B-tree of version 1."""
        chunks: dict[Shape, Chunk] = {}
        for key, child in self._file.tree(address, 1, 8 + 8 * (len(shape) + 1)) if address != NOWHERE else ():
            size, skipped = key.number(4), key.number(4)
            place = tuple(divmod(key.number(), n) for n in shape)
            if any(rest for _, rest in place):
                self._file.refuse("a chunk of the data is out of place")
            chunks[tuple(at for at, _ in place)] = Chunk(child, size, skipped)
        if len(chunks) != math.prod(grid) or any(place not in chunks for place in np.ndindex(*grid)):
            self._file.refuse("a chunk of the data is missing, or there is one too many")
        return [chunks[place] for place in np.ndindex(*grid)]

    def _index(self, layout: Fields, flags: int, count: int, size: int) -> list[Chunk]:
        """Return all chunks, in order, from the indices of newer layouts."""
        kind = layout.expect(1, 2, 3, what="index of chunks")
        if kind == 1:
            stored, skipped = (layout.number(), layout.number(4)) if flags & 2 else (size, 0)
            if count != 1:
                self._file.refuse("a chunk of the data is missing")
            return [Chunk(layout.number(), stored, skipped)]
        if kind == 2:
            address = layout.number()
            return [Chunk(address + i * size, size, 0) for i in range(count)]
        layout.take(1)
        return self._fixed_array(layout.number(), count, size)

    def _fixed_array(self, address: int, count: int, size: int) -> list[Chunk]:
        """Return all chunks, in order, from a fixed array: a list of entries, which may be divided in pages."""
        file = self._file
        head = file.block(address, 28, b"FAHD")
        head.expect(0, what="fixed array version")
        filtered = head.expect(0, 1, what="fixed array kind")
        width, bits = head.number(1), head.number(1)  # of an entry: an address, after filters also size and mask
        if head.number() != count or bits > 32 or (width < 12 if filtered else width != 8):
            file.refuse("an index of chunks does not fit its array")
        address = head.number()
        page = 1 << bits
        pages = -(-count // page) if count > page else 0
        bitmap = (pages + 7) // 8  # bytes, with a bit for each page that is stored
        body = file.block(address, 14 + bitmap, b"FADB")
        body.take(10)
        if pages and not np.unpackbits(np.frombuffer(body.take(bitmap), np.uint8))[:pages].all():
            file.refuse("a chunk of the data is missing")
        address += 14 + (bitmap + 4 if pages else 0)
        chunks = []
        for start in range(0, count, page):
            entries = file.block(address, min(page, count - start) * width)
            address += len(entries) + 4
            while len(entries):
                place = entries.number()
                extent = (entries.number(width - 12), entries.number(4)) if filtered else (size, 0)
                chunks.append(Chunk(place, *extent))
        return chunks

    def _filters(self) -> list[int]:
        """Return the filters that were applied to each chunk, in that order."""
        fields = self._find(FILTERS)
        if fields is None:
            return []
        version = fields.expect(1, 2, what="filter version")
        count = fields.number(1)
        fields.take(6 if version == 1 else 0)
        filters = []
        for _ in range(count):
            kind = fields.number(2)
            length = fields.number(2) if version == 1 or kind > 255 else 0
            fields.take(2)
            values = fields.number(2)
            fields.take(length + 4 * (values + (values % 2 if version == 1 else 0)))
            filters.append(kind)
        if len(set(filters)) != len(filters) or not {*filters} <= {DEFLATE, SHUFFLE}:
            self._file.refuse(f"filters {filters} are not supported")
        return filters

    def _unfilter(self, data: bytes, filters: list[int], skipped: int, size: int) -> bytes:
        """Undo the filters of a chunk."""
        for place, kind in reversed(list(enumerate(filters))):
            if skipped >> place & 1:
                continue
            if kind == DEFLATE:
                data = self._file.source.inflate([data], size, self.path)
            else:
                whole = len(data) // self._type.itemsize * self._type.itemsize
                planes = np.frombuffer(data[:whole], np.uint8).reshape(self._type.itemsize, -1)
                data = planes.T.tobytes() + data[whole:]
        if len(data) != size:
            self._file.refuse(f"a chunk of the data has {len(data)} bytes in place of {size}")
        return data


def _open(file: File, path: str, address: int) -> Group | Dataset:
    file.here = path
    if path.count("/") > MAX_DEPTH:
        file.refuse(f"groups are nested more than {MAX_DEPTH} deep")
    messages = file.messages(address)
    return (Dataset if any(kind == LAYOUT for kind, _ in messages) else Group)(file, path, messages)


def open_hdf5(source: Source | bytes, name: str = "bytes") -> Group:
    """Return the root group of an HDF5 file, which must stay open while it is read; a FileError if it is damaged."""
    file = File(Source(source, name) if isinstance(source, bytes) else source)
    root = _open(file, "/", file.root())
    return root if isinstance(root, Group) else file.refuse("the root is no group")
