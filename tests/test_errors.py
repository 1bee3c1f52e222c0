"""The tree of errors is the one that is drawn, and each is also a builtin."""

from __future__ import annotations

import builtins
import inspect
import re

import pytest

from sinet_video import errors
from sinet_video.errors import SinetVideoError

DEFINED = {
    name: item
    for name, item in vars(errors).items()
    if inspect.isclass(item) and item.__module__ == errors.__name__
}
DRAWN = dict(re.findall(r"[|`]-- (\w+) \((\w+)\)", errors.__doc__ or ""))


def test_drawing_is_complete() -> None:
    """Every error is drawn, and nothing is drawn that is none."""
    assert len(DRAWN) >= 4
    raised = {name for name, kind in DEFINED.items() if issubclass(kind, Exception)}
    assert {*DRAWN, "SinetVideoError"} == raised


@pytest.mark.parametrize(("name", "builtin"), DRAWN.items())
def test_each_is_what_is_drawn(name: str, builtin: str) -> None:
    """Each error is the library's own and the builtin beside it, and no other of them."""
    error = DEFINED[name]
    assert error.__bases__ == (SinetVideoError, getattr(builtins, builtin))


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("SettingError", ValueError),
        ("InputError", OSError),
        ("OutputError", OSError),
        ("WeightsError", ValueError),
    ],
)
def test_each_can_be_caught_three_ways(name: str, builtin: type[Exception]) -> None:
    """By its own name, as the library's, and as the builtin; the message stays."""
    for kind in (DEFINED[name], SinetVideoError, builtin):
        with pytest.raises(kind) as caught:
            raise DEFINED[name]("The disc is full.")
        assert str(caught.value) == "The disc is full."


def test_other_errors_are_not_caught() -> None:
    """A builtin error is none of ours, and files are not settings."""
    for kind in DEFINED.values():
        assert not issubclass(ValueError, kind)
        assert not issubclass(OSError, kind)
    assert not issubclass(errors.InputError, ValueError)
    assert not issubclass(errors.SettingError, OSError)


def test_the_base_is_an_exception_and_no_more() -> None:
    """What all have in common is no builtin kind."""
    assert SinetVideoError.__bases__ == (Exception,)


@pytest.mark.parametrize("name", DEFINED)
def test_each_is_documented(name: str) -> None:
    """Each says in a sentence what it means."""
    assert (DEFINED[name].__doc__ or "").partition("\n\n")[0].endswith(".")
