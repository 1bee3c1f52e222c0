"""How results are encoded: names of codecs, and what cannot be."""

from __future__ import annotations

from typing import get_args

import pytest

from sinet_video import Encoding, SettingError
from sinet_video.containers.codecs import CODECS
from sinet_video.containers.formats import FOLDERS, PIPES
from sinet_video.encoding.settings import AlphaMode
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.option import options_of


@pytest.mark.parametrize(
    ("given", "name"),
    [("libx264", "h264"), ("libx265", "hevc"), ("prores_ks", "prores"), ("libvpx-vp9", "vp9"),
     ("libsvtav1", "av1"), ("h265", "hevc"), ("LIBX264", "h264"), *((n, n) for n in CODECS)],
)  # fmt: skip
def test_ffmpeg_s_names_are_understood(given, name):
    """An encoder's name is that of its codec; so two ways of saying it are one setting."""
    assert Encoding(given) == Encoding(name)


def test_choices_are_the_library_s():
    """A word that the library knows can be given, and no other."""
    choices = {name: how.choices for name, how, _ in options_of(Encoding)}
    assert choices["format"] == (*PIPES, *FOLDERS)
    assert choices["alpha_mode"] == get_args(AlphaMode) == (*get_args(AlphaKind), "stacked")


@pytest.mark.parametrize("settings", [{"alpha_mode": "both"}, {"audio": "loud"}])
def test_others_are_refused(settings):
    """With what is allowed."""
    with pytest.raises(SettingError, match=r"must be one of .+\.$"):
        Encoding(**settings)
