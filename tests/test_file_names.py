"""Names of other systems are made such as this one can have, and others are refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sinet_video import Naming, OutputError, SettingError
from sinet_video.atomic import check_file
from sinet_video.batches.inputs import Found
from sinet_video.decoding.access import Source
from sinet_video.file_names import usable
from sinet_video.paths import check_named
from sinet_video.remote.address import scheme_of

NAMES = {
    "talk.mp4": "talk.mp4",
    "take 12:30?.mp4": "take 12_30_.mp4",
    "aux.mp4": "_aux.mp4",
    "COM1": "_COM1",
    "auxiliary.mp4": "auxiliary.mp4",
    "end. ": "end",
    "...": "_",
}


@pytest.fixture
def windows(monkeypatch) -> None:
    """Names as on Windows."""
    monkeypatch.setattr(sys, "platform", "win32")


def test_names_stay_where_they_can_be(monkeypatch):
    """On Windows some characters and words are replaced; elsewhere nothing is."""
    assert [usable(name) for name in NAMES] == list(NAMES)
    monkeypatch.setattr(sys, "platform", "win32")
    assert [usable(name) for name in NAMES] == list(NAMES.values())


def test_results_of_other_hosts_have_names_of_this_system(windows):
    """Where they are written here; at a host they are called as there."""
    found = Found("s3://bucket/day/take 12:30?.mov", Path("day"))
    assert Naming().task(found, Path("out")).name == "day/take 12_30_.mp4"
    assert Naming().task(found, "s3://results").name == "day/take 12:30?.mp4"


@pytest.mark.parametrize("name", ["take 1: cut.mp4", "nul.mp4", "what?.mp4"])
def test_a_name_that_cannot_be_is_refused(windows, tmp_path, name):
    """Before the work: behind a colon nobody would find the result."""
    with pytest.raises(OutputError, match="cannot be a name on Windows"):
        check_file(tmp_path / name, overwrite=True)


def test_lengths_are_counted_as_the_system_does(monkeypatch):
    """Windows counts letters, and has two separators; others count bytes."""
    with pytest.raises(SettingError, match="300 bytes"):
        check_named(output="\u65e5" * 100)
    monkeypatch.setattr(sys, "platform", "win32")
    check_named(output="\u65e5" * 255)
    check_named(output="C:/clips/" + "/".join(["folder" * 9] * 9))
    with pytest.raises(SettingError, match="256 characters"):
        check_named(output="\u65e5" * 256)


def test_a_drive_is_no_scheme():
    """However many slashes follow it."""
    for name in ("c://clips/talk.mp4", r"C:\clips\talk.mp4", "C://clips/talk.mp4"):
        assert scheme_of(name) == ""
        assert not Source(name).is_url
    assert scheme_of("S3://bucket/talk.mp4") == "s3"
