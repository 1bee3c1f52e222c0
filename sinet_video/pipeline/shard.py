"""A part of a batch, or of a film, for one of several machines that need not know of each other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Self

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, from 1 on.

    Which shard of a batch a clip belongs to is decided by its name alone. So every clip is in
    exactly one, on whatever machine, and each stays in its own when others are added or removed.
    A film's shards are stretches of its segments, all about equally long.

    Raises `SettingError` unless 1 <= index <= count.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        check_fields(self)
        if not 1 <= self.index <= self.count:
            raise SettingError(
                f"Shard {self.index}/{self.count} does not exist; give I/N with I from 1 to N."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read I/N. Raises `SettingError`."""
        index, _, count = text.partition("/")
        try:
            numbers = int(index), int(count)
        except ValueError:
            raise SettingError(f"{text!r} is not a shard; give I/N, such as 2/8.") from None
        return cls(*numbers)

    @classmethod
    def all(cls, count: int) -> list[Self]:
        """Return every shard of so many, in order. Raises `SettingError` for no whole number."""
        cls(1, count)
        return [cls(index, count) for index in range(1, count + 1)]

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def has(self, name: str) -> bool:
        """Whether the clip with this name in the batch belongs to it."""
        digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index - 1

    def segments(self, total: int) -> range:
        """Return the numbers of a film's segments that are in it, of `total` from 0 on."""
        return range(total * (self.index - 1) // self.count, total * self.index // self.count)
