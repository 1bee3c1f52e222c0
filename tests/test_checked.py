"""Settings check the types of what they are given when they are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

import sinet_video
from sinet_video import SettingError
from sinet_video.checked import check_fields, check_word


@dataclass(frozen=True)
class Inner:
    """A setting of another's."""


@dataclass(frozen=True)
class Some:
    """One field of each kind."""

    whole: int = 1
    number: float = 1.0
    exact: Fraction | None = None
    text: str = ""
    yes: bool = True
    word: Literal["a", "b"] = "a"
    pair: tuple[int, int] | None = None
    many: tuple[str, ...] = ()
    path: str | Path = ""
    function: Callable[[int], int] | None = None
    inner: Inner = Inner()

    def __post_init__(self) -> None:
        check_fields(self)


@pytest.mark.parametrize(
    "given",
    [
        {"whole": np.int64(3)}, {"number": 3}, {"number": np.float32(2)}, {"exact": 3},
        {"exact": Fraction(1, 3)}, {"yes": np.bool_(False)}, {"pair": (1, 2)}, {"pair": [1, 2]},
        {"many": ("a", "b", "c")}, {"path": Path("x")}, {"function": abs}, {"word": "b"},
    ],
)  # fmt: skip
def test_what_means_the_same_is_taken(given):
    """Numpy's numbers, whole numbers for others, lists for tuples."""
    Some(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"whole": 1.5}, "whole is 1.5; it must be a whole number"),
        ({"whole": True}, "must be a whole number"),
        ({"number": "3"}, "number is '3'; it must be a number"),
        ({"number": float("nan")}, "must be a number"),
        ({"number": float("inf")}, "must be a number"),
        ({"exact": 0.1}, "must be an exact number, such as 2 or Fraction"),
        ({"text": 3}, "must be text"),
        ({"yes": 1}, "must be True or False"),
        ({"word": 3}, "must be one of 'a', 'b'"),
        ({"pair": (1,)}, r"must be \(a whole number, a whole number\) or None"),
        ({"pair": (1, "2")}, "pair is"),
        ({"many": "abc"}, r"must be \(text, ...\)"),
        ({"path": 3}, "must be text or Path"),
        ({"function": 3}, "must be a function or None"),
        ({"inner": "window"}, "must be Inner"),
    ],
)
def test_what_is_of_another_type_is_refused(given, said):
    """With what came, and what is allowed."""
    with pytest.raises(SettingError, match=f"Some's .*{said}"):
        Some(**given)


def test_a_word_that_is_not_among_them_is_refused():
    """With those that are."""
    with pytest.raises(SettingError, match="Word is 'c'; it must be one of a, b"):
        Some(word="c")


@pytest.mark.parametrize(
    "name", ["on_error", "allow", "unsure", "source_alpha", "runtime", "quality"]
)
def test_words_of_options_are_checked(name):
    """Also where the type is not imported."""
    said = name.replace("_", " ").capitalize()
    with pytest.raises(SettingError, match=f"{said} is 'never'; it must be one of "):
        sinet_video.Settings(**{name: "never"})


SETTINGS = [
    kind
    for name in sinet_video.__all__
    if is_dataclass(kind := getattr(sinet_video, name)) and hasattr(kind, "__post_init__")
]


def test_there_are_settings():
    """The package's own."""
    assert {"Settings", "Encoding", "Resume"} <= {kind.__name__ for kind in SETTINGS}


@pytest.mark.parametrize("kind", SETTINGS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("wrong", ["window", "3", object(), float("nan"), [None], 1j])
def test_all_settings_check_all_fields_at_birth(kind, wrong):
    """A wrong type is a `SettingError` there, or a value that may be; nothing else."""
    for field in fields(kind):
        try:
            kind(**{field.name: wrong})
        except SettingError:
            continue
        except TypeError as error:
            if "required positional" not in str(error):
                raise


@pytest.mark.parametrize("value", ["best", "", None, 3])
def test_an_argument_that_is_no_word_is_refused_as_a_field_is(value) -> None:
    """With the words that there are, whatever it is instead."""
    check_word("quality", "high", Literal["standard", "high"])
    with pytest.raises(SettingError, match=r"^Quality is .*; it must be one of standard, high"):
        check_word("quality", value, Literal["standard", "high"])


@pytest.mark.parametrize("name", ["runtime", "quality"])
def test_a_segmenter_is_asked_for_in_such_words(name) -> None:
    """Before anything is loaded."""
    with pytest.raises(SettingError, match=f"{name.capitalize()} is 'fast'; it must be one of "):
        sinet_video.load_segmenter("nothing.pth", **{name: "fast"})
