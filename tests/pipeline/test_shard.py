"""Parts of a batch for several machines."""

from __future__ import annotations

import pytest

from sinet_video import SettingError, Shard

NAMES = [f"sub/clip{number}.mp4" for number in range(3000)]


@pytest.mark.parametrize("count", [1, 2, 7])
def test_every_clip_is_in_exactly_one_shard(count):
    """And the shards are about equally large."""
    shards = [Shard(index, count) for index in range(1, count + 1)]
    sizes = [sum(map(shard.has, NAMES)) for shard in shards]
    assert all(sum(shard.has(name) for shard in shards) == 1 for name in NAMES)
    assert max(sizes) - min(sizes) < 0.2 * len(NAMES) / count or count == 1


def test_a_clip_stays_in_its_shard_on_every_machine_and_version():
    """These are recorded: another hash would convert again, or never, what others have done."""
    assert [name for name in NAMES[:40] if Shard(1, 4).has(name)] == RECORDED


RECORDED = [
    "sub/clip4.mp4",
    "sub/clip14.mp4",
    "sub/clip16.mp4",
    "sub/clip20.mp4",
    "sub/clip24.mp4",
    "sub/clip35.mp4",
    "sub/clip36.mp4",
]


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/4", "1/2/3", ""])
def test_shards_that_do_not_exist_are_errors(text):
    """In a sentence that says what came."""
    with pytest.raises(SettingError, match=text or "''"):
        Shard.parse(text)


def test_a_shard_reads_what_it_prints():
    """I/N."""
    assert Shard.parse(str(Shard(2, 8))) == Shard(2, 8)
