"""The cache is its user's alone, and what is in it is checked before it is used."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sinet_video import OutputError
from sinet_video.cache import claimed, keep, kept


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """A cache of its own."""
    monkeypatch.setenv("SINET_VIDEO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_kept_is_found(cache):
    """Whole."""
    assert kept("graph") is None
    keep("graph", b"content")
    assert kept("graph") == b"content"


@pytest.mark.parametrize("content", [b"", b"conten", b"another"])
def test_what_was_changed_is_not_used(content, cache):
    """An empty file, one that is cut off, one that somebody put there."""
    keep("graph", b"content")
    (cache / "graph").write_bytes(content)
    assert kept("graph") is None


def test_what_has_no_checksum_is_not_used(cache):
    """As a file that was put there and never written by us."""
    cache.mkdir(mode=0o700)
    (cache / "graph").write_bytes(b"planted")
    assert kept("graph") is None


@pytest.mark.parametrize("place", [".", "graph"])
@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_what_others_may_write_is_not_used(place, mode, cache):
    """Neither such a folder's files, nor such a file."""
    keep("graph", b"content")
    path = cache / place
    path.chmod(path.stat().st_mode | mode)
    assert kept("graph") is None


def test_the_folder_is_its_users_alone(cache):
    """Whatever the umask is."""
    before = os.umask(0)
    try:
        keep("graph", b"content")
    finally:
        os.umask(before)
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_a_name_is_held_once(cache, tmp_path):
    """By whatever name, in this process or another; others are free."""
    (tmp_path / "way").symlink_to(tmp_path)
    with claimed([tmp_path / "o.mp4"]):
        again = claimed([tmp_path / "way" / "o.mp4"])
        with pytest.raises(OutputError, match="being made by another job"), again:
            pass
        with claimed([tmp_path / "other.mp4"]):
            pass
    with claimed([tmp_path / "o.mp4"]):
        pass
    assert list((cache / "claims").iterdir()) == []


HOLD = """
import sys, time
from pathlib import Path
from sinet_video.cache import claimed

with claimed([Path(sys.argv[1])]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_who_is_killed_lets_go(cache, tmp_path):
    """So that nothing has to be removed by hand."""
    words = [sys.executable, "-c", HOLD, str(tmp_path / "o.mp4")]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(OutputError), claimed([tmp_path / "o.mp4"]):
            pass
        process.kill()
    with claimed([tmp_path / "o.mp4"]):
        pass


def test_without_a_cache_jobs_run_all_the_same(tmp_path, monkeypatch):
    """Where nothing can be written, names are not held."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SINET_VIDEO_CACHE", str(tmp_path / "file" / "cache"))
    with claimed([tmp_path / "o.mp4"]):
        pass
    with pytest.raises(NotADirectoryError):
        keep("graph", b"content")
