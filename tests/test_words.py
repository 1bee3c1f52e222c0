"""Counts in sentences, and text that is safe to show."""

from __future__ import annotations

from sinet_video.words import counted, how_often, printable


def test_one_is_said_as_one() -> None:
    """And none as several."""
    assert [counted(count, "frame") for count in (0, 1, 2)] == ["0 frames", "1 frame", "2 frames"]
    assert [counted(count, "photo is", "photos are") for count in (1, 2)] == [
        "1 photo is",
        "2 photos are",
    ]
    assert [how_often(count) for count in (1, 2)] == ["once", "2 times"]


HOSTILE = "\x1b]0;owned\x07 \x1b[2J \u202egpj.exe\nfake: line \udcff"


def test_what_a_terminal_would_obey_is_shown() -> None:
    """Controls, directions and halves of characters; letters and joiners of all scripts stay."""
    shown = printable(HOSTILE)
    assert shown == r"\x1b]0;owned\x07 \x1b[2J \u202egpj.exe\nfake: line \udcff"
    plain = "naïve Ünï 字幕 हिन्दी \u200d 👩\u200d💻 a\u00a0b"
    assert printable(plain) == plain
    assert printable("a\nb\x1b", but="\n") == "a\nb\\x1b"
