"""The choice of classes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest

from sinet_video.errors import SettingError
from sinet_video.models.cityscapes_classes import CLASSES, DEFAULT, wanted


def chosen(names: str | Sequence[str]) -> list[str]:
    """The classes that `wanted` marks."""
    marks = wanted(names)
    assert marks.dtype == np.float32
    assert set(marks.tolist()) <= {0, 1}
    return [name for name, mark in zip(CLASSES, marks, strict=True) if mark]


def test_there_are_nineteen_classes() -> None:
    """As many as the network answers with, each once; people are the 12th and 13th."""
    assert len(set(CLASSES)) == 19
    assert (CLASSES[0], CLASSES[11], CLASSES[12], CLASSES[18]) == (
        "road",
        "person",
        "rider",
        "bicycle",
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("car", ["car"]),
        ("rider,person", ["person", "rider"]),
        (["person", "rider"], ["person", "rider"]),
        (" Person , TRAFFIC LIGHT ", ["traffic light", "person"]),
        (("bus", "bus"), ["bus"]),
        (CLASSES, list(CLASSES)),
    ],
)
def test_choice(names: str | Sequence[str], expected: list[str]) -> None:
    """By names in any order, as a sequence or with commas between them."""
    assert chosen(names) == expected


def test_default_is_people() -> None:
    """On foot and riding."""
    assert np.array_equal(wanted(), wanted(DEFAULT))
    assert chosen(DEFAULT) == ["person", "rider"]


@pytest.mark.parametrize(
    ("names", "came"),
    [
        ("dog", "'dog'"),
        ("person,dog", "'dog'"),
        ("person;rider", "'person;rider'"),
        ("person,", "''"),
        ("", "''"),
        ([], "No class"),
    ],
)
def test_what_cannot_be_chosen(names: str | Sequence[str], came: str) -> None:
    """The message shows what came and all names there are."""
    with pytest.raises(SettingError) as caught:
        wanted(names)
    assert came in str(caught.value)
    assert all(name in str(caught.value) for name in CLASSES)


def test_names_need_no_torch() -> None:
    """A wrong name is told without waiting for torch."""
    module = "sinet_video.models.registry"
    program = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
