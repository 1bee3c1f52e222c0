"""The table of containers: each row is true of libav, and consistent in itself."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from sinet_video.containers.codecs import CODECS
from sinet_video.containers.formats import (
    BY_MUXER,
    CONTAINERS,
    FOLDERS,
    PIPE,
    PIPES,
    container_of,
    file_types,
)
from sinet_video.errors import SettingError

ROWS = {**CONTAINERS, **PIPES}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_true(name: str) -> None:
    """libav has the muxer and the encoders, and each default is a codec that can do it."""
    row = ROWS[name]
    assert row.muxer in av.formats_available
    for codec in row.codecs:
        assert av.Codec(CODECS[codec].encoder, "w")
    for content, codec in row.defaults.items():
        assert codec in row.codecs
        assert content != "rgba" or CODECS[codec].rgba is not None
    assert av.Codec(row.audio_encoder, "w")
    assert row.text_encoder is None or av.Codec(row.text_encoder, "w")
    assert row.is_image_sequence or BY_MUXER[row.muxer] == row


@pytest.mark.parametrize("name", [".mp4", ".mov", ".mkv", ".webm"])
def test_re_encoded_audio_and_text_can_be_held(name: str, tmp_path: Path) -> None:
    """What audio and subtitles become is what the muxer takes."""
    row = ROWS[name]
    with av.open(str(tmp_path / f"a{name}"), "w", format=row.muxer) as container:
        held = container.supported_codecs
        assert av.Codec(row.audio_encoder, "w").canonical_name in held
        assert row.text_encoder is None or av.Codec(row.text_encoder, "w").canonical_name in held


@pytest.mark.parametrize(
    ("name", "form", "muxer"),
    [("a.MP4", None, "mp4"), ("a.mkv", None, "matroska"), ("folder", None, "image2"),
     ("folder", "exr", "image2"), ("-", None, "nut"), ("-", "y4m", "yuv4mpegpipe")],
)  # fmt: skip
def test_names(name: str, form: str | None, muxer: str) -> None:
    """By extension, without one a folder, and "-" is a pipe."""
    assert container_of(Path(name), form).muxer == muxer


@pytest.mark.parametrize(
    ("name", "form", "words"),
    [("a.avi", None, "ends in .avi"), ("-", "mp4", "must be one of nut"),
     ("a.mp4", "png", "is for a folder"), ("a.mp4", "nut", "is for standard output")],
)  # fmt: skip
def test_names_that_cannot_be(name: str, form: str | None, words: str) -> None:
    """The failing twin."""
    with pytest.raises(SettingError, match=words):
        container_of(Path(name), form)


def test_folders_and_pipes() -> None:
    """Image sequences are many files."""
    assert all(row.is_image_sequence for row in FOLDERS.values())
    assert Path("-") == PIPE


def test_each_format_is_one_file_type() -> None:
    """By its first extension; none is left out, and none is there twice."""
    found = [CONTAINERS[f".{each}"] for each in file_types()]
    assert {"mp4", "tif", "jpg"} <= set(file_types())
    assert not {"m4v", "tiff", "jpeg"} & set(file_types())
    assert all(any(each is one for one in found) for each in CONTAINERS.values())
    assert len({id(each) for each in found}) == len(found)
