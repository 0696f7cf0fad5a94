"""A reader of zip archives, the format of .keras and .npz files. It accepts expected members only, each once.

Source: APPNOTE.TXT, "ZIP File Format Specification", version 6.3. Files are assumed to be hostile: the directory must
account for all of the file, members may not overlap, sizes are counted while data is inflated, and no member becomes a
file on disk.
"""

import re
import stat
import zlib
from collections.abc import Iterator
from functools import reduce
from typing import NamedTuple, NoReturn

from .source import Fields, Source

MEMBERS = r"(config|metadata)\.json|model\.weights\.(h5|npz)|assets/.*"
"""The names of the members that a .keras archive may have."""
WEIGHTS = "model.weights.h5"
MAX_MEMBERS = 100_000
STORED, DEFLATED = 0, 8  # the numbers of compression methods in a zip archive
FREE_TEXT, TEXT_RATIO = 1 << 20, 20
"""A text that is stored in n bytes may have up to FREE_TEXT + TEXT_RATIO * n bytes."""
UNKNOWN_FLAGS = ~(0b110 | 1 << 3 | 1 << 11)
"""All flags but those for the effort of deflate, for sizes that follow the data, and for names in UTF-8."""


class Member(NamedTuple):
    """A file in an archive, as its directory describes it."""

    method: int
    crc: int
    stored: int
    size: int
    header: int


class Archive:
    """The members of a zip archive, whose names must all match a regular expression."""

    def __init__(self, source: Source, names: str) -> None:
        self.source: Source = source
        self.members: dict[str, Member] = {}
        start, count, directory = self._directory()
        for name, member in self._entries(directory, count):
            if name in self.members or not re.fullmatch(names, name):
                wrong = "occurs twice" if name in self.members else "does not belong in such a file"
                self._refuse(f"the member {name!r} {wrong}")
            if not name.endswith("/"):
                self.members[name] = member
        end = 0
        for name, member in sorted(self.members.items(), key=lambda item: item[1].header):
            if member.header < end:
                raise source.error(name, "members of the archive overlap")
            end = self._start(name) + member.stored
        if end > start:
            self._refuse("members of the archive overlap its directory")

    def open(self, name: str) -> Source:
        """Return a member, inflated if need be; a FileError if it is missing, or its checksum is wrong."""
        if name not in self.members:
            raise self.source.error(name, "there is no such member in the archive")
        member = self.members[name]
        data = self.source.part(self._start(name), member.stored)
        if member.method == DEFLATED:
            self.source.allow(member.size, member.stored, name)
            inflated = data.inflate(data.pieces(), member.size, name, -zlib.MAX_WBITS)
            data = Source(inflated, data.name, data, 0, len(inflated))
        if reduce(lambda crc, piece: zlib.crc32(piece, crc), data.pieces(), 0) != member.crc:
            raise self.source.error(name, "the checksum is wrong: the member is damaged")
        return data

    def read(self, name: str, limit: int) -> bytes:
        """Return the bytes of a text; a FileError if it is missing, damaged, or too large."""
        member = self.members.get(name)
        if member is not None and member.size > (most := min(limit, FREE_TEXT + TEXT_RATIO * member.stored)):
            raise self.source.error(name, f"it has {member.size} bytes, more than the {most} that are read")
        data = self.open(name)
        return data.read(0, data.size)

    def _refuse(self, reason: str) -> NoReturn:
        raise self.source.error("the archive's directory", reason)

    def _directory(self) -> tuple[int, int, Fields]:
        """Return the directory's position, its number of entries, and its fields."""
        at = self.source.size - 22
        end = Fields(self.source.read(max(0, at), min(22, self.source.size)), self._refuse)
        if at < 0 or end.take(4) != b"PK\5\6":
            self._refuse("this is no zip archive, or it was cut short, or something follows it")
        disks, here, count, size, start, comment = end.numbers(4, 2, 2, 4, 4, 2)
        if at >= 20 and (locator := self.source.read(at - 20, 20))[:4] == b"PK\6\7":  # ZIP64 has a second end
            at = int.from_bytes(locator[8:16], "little")
            long = Fields(self.source.read(at, 56), self._refuse)
            if long.take(4) != b"PK\6\6" or at + 56 != self.source.size - 42:
                self._refuse("the archive's end is damaged")
            *_, disks, here, count, size, start = long.numbers(8, 2, 2, 8, 8, 8, 8, 8)
        if disks or comment or here != count or start + size != at or count > MAX_MEMBERS:
            self._refuse(f"its end does not fit the archive, or there are more than {MAX_MEMBERS} members")
        return start, count, Fields(self.source.read(start, size), self._refuse)

    def _entries(self, directory: Fields, count: int) -> Iterator[tuple[str, Member]]:
        for _ in range(count):
            if directory.take(4) != b"PK\1\2":
                self._refuse("an entry is damaged")
            _, flags, method, _, crc, stored, size = directory.numbers(4, 2, 2, 4, 4, 4, 4)
            name, extra, comment, disk, _, mode, header = directory.numbers(2, 2, 2, 2, 2, 4, 4)
            path = directory.text(name)
            more = directory.part(extra)
            directory.take(comment)
            while len(more) >= 4:
                kind, field = more.number(2), more.part(more.number(2))
                if kind == 1:  # 64-bit values of the fields that were too small
                    size, stored, header = (field.number() if n == 2**32 - 1 else n for n in (size, stored, header))
            mode >>= 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR) or disk:
                self._refuse(f"the member {path!r} is no regular file")
            if flags & UNKNOWN_FLAGS or method not in (STORED, DEFLATED):
                self._refuse(f"the member {path!r} is encrypted or compressed in a way that is not supported")
            parts = path.removesuffix("/").split("/")
            if len(path.encode()) != name or not {"", ".", ".."}.isdisjoint(parts) or not {*r"\:"}.isdisjoint(path):
                self._refuse(f"the name {path!r} is not allowed")
            if (method == STORED and stored != size) or (path.endswith("/") and size):
                self._refuse(f"the sizes of the member {path!r} contradict each other")
            yield path, Member(method, crc, stored, size, header)
        if len(directory):
            self._refuse("it has more entries than it says")

    def _start(self, name: str) -> int:
        """Return where the data of a member starts, after its own header, which must agree with the directory."""
        member = self.members[name]
        head = Fields(self.source.read(member.header, 30), self._refuse)
        magic, _, _, method, _, _, length, extra = head.take(4), *head.numbers(2, 2, 2, 4, 12, 2, 2)
        own = self.source.read(member.header + 30, length)
        if magic != b"PK\3\4" or method != member.method or own != name.encode():
            raise self.source.error(name, "the member's header contradicts the directory")
        return member.header + 30 + length + extra
