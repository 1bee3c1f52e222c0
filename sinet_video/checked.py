"""Settings that check themselves at birth: each field's value against the field's own type."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import Field, fields
from fractions import Fraction
from inspect import get_annotations
from math import isfinite
from numbers import Integral, Rational, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin

from sinet_video.errors import SettingError
from sinet_video.option import OPTION

KINDS: dict[Any, tuple[type | tuple[type, ...], str]] = {
    bool: (bool, "True or False"),
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    Fraction: (Rational, 'an exact number, such as 2 or Fraction("0.5"),'),
    str: (str, "text"),
    NoneType: (NoneType, "None"),
}
"""What is taken for a type, numpy's numbers too, and what it is called."""

_EVALUATED: dict[type[Any], dict[str, Any]] = {}


def check_fields(settings: Any) -> None:
    """Raise `SettingError` for a field of a dataclass whose value is not of the field's type.

    A word must be one of its `Literal`, or of its option's choices. Which other values of a type
    are allowed is for the class itself to say.
    """
    for name, hint in _hints(type(settings)).items():
        value = getattr(settings, name)
        if not _fits(value, hint):
            raise SettingError(
                f"{type(settings).__name__}'s {name} is {value!r}; it must be {_words(hint)}."
            )
        if isinstance(value, str) and _allowed(hint):
            check_word(name, value, hint)


def check_kinds(**given: tuple[object, type]) -> None:
    """Raise `SettingError` for an argument that is not of the class that is beside it."""
    for name, (value, kind) in given.items():
        if not isinstance(value, kind):
            said = name.replace("_", " ").capitalize()
            raise SettingError(
                f"{said} is of the type {type(value).__name__}; it must be {kind.__name__}(...), "
                "with the fields to change."
            )


def check_lists(**given: object) -> None:
    """Raise `SettingError` for a text where several are meant: its letters would be taken."""
    for name, value in given.items():
        if isinstance(value, str):
            said = name.replace("_", " ").capitalize()
            raise SettingError(f"{said} is the text {value!r}; give a list, such as [{value!r}].")


def check_counts(**given: object) -> None:
    """Raise `SettingError` for what is no whole number from 1 on."""
    for name, value in given.items():
        if not (is_whole(value) and cast("int", value) >= 1):
            said = name.replace("_", " ").capitalize()
            raise SettingError(f"{said} is {value!r}; it must be a whole number, at least 1.")


def check_word(name: str, value: object, kind: Any) -> None:
    """Raise `SettingError` for an argument, or a field, that is none of the words of its type."""
    allowed = _allowed(kind)
    if value not in allowed:
        said = name.replace("_", " ").capitalize()
        raise SettingError(f"{said} is {value!r}; it must be one of {', '.join(allowed)}.")


def is_whole(value: object) -> bool:
    """Whether a value is a whole number, numpy's too."""
    return _is_one(value, int)


def is_number(value: object) -> bool:
    """Whether a value is a finite number, numpy's too."""
    return _is_one(value, float)


def _allowed(hint: Any) -> tuple[str, ...]:
    """Return the words that a type names; none if it allows any text."""
    inner = get_args(hint)
    if get_origin(hint) is Literal:
        return tuple(each for each in inner if isinstance(each, str))
    if str in inner or Any in inner:
        return ()
    return tuple(word for each in inner for word in _allowed(each))


def _hints(kind: type[Any]) -> dict[str, Any]:
    """Return the types of a dataclass's fields; they are evaluated once."""
    if kind not in _EVALUATED:
        _EVALUATED[kind] = {each.name: _hint(kind, each) for each in fields(kind)}
    return _EVALUATED[kind]


def _hint(kind: type[Any], each: Field[Any]) -> Any:
    """Return a field's type.

    For one that only type checkers import, as it is costly, it is what its option says, or `Any`.
    """
    home = next(base for base in kind.__mro__ if each.name in get_annotations(base))
    known = vars(sys.modules[home.__module__])
    try:
        return eval(each.type, dict(known)) if isinstance(each.type, str) else each.type
    except NameError:
        choices = getattr(each.metadata.get(OPTION), "choices", ())
        return Literal[choices] if choices else Any


def _fits(value: object, hint: Any) -> bool:
    if hint is Any:
        return True
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in inner)
    if origin is Literal:
        return isinstance(value, tuple(type(each) for each in inner))
    if origin is tuple:
        return _fits_tuple(value, inner)
    if origin is Callable or hint is Callable:
        return callable(value)
    return _is_one(value, origin or hint)


def _fits_tuple(value: object, inner: tuple[Any, ...]) -> bool:
    if not isinstance(value, tuple | list):
        return False
    kinds = inner[:1] * len(value) if inner[1:] == (...,) else inner
    return len(value) == len(kinds) and all(map(_fits, value, kinds))


def _is_one(value: object, kind: Any) -> bool:
    if kind is bool and type(value).__name__ == "bool" and hasattr(value, "__bool__"):
        return True  # numpy's as well, without importing it
    if kind in KINDS:
        # Python's True is a number, but nobody means 1 by it.
        if not isinstance(value, KINDS[kind][0]) or (isinstance(value, bool) and kind is not bool):
            return False
        return not isinstance(value, Real) or isfinite(value)
    return not isinstance(kind, type) or _is_protocol(kind) or isinstance(value, kind)


def _is_protocol(kind: type) -> bool:
    return getattr(kind, "_is_protocol", False) and not getattr(kind, "_is_runtime_protocol", False)


def _words(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(map(_words, inner)))
    if origin is Literal:
        return f"one of {', '.join(map(repr, inner))}"
    if origin is tuple:
        return f"({', '.join('...' if each is ... else _words(each) for each in inner)})"
    if origin is Callable or hint is Callable:
        return "a function"
    return KINDS[hint][1] if hint in KINDS else getattr(hint, "__name__", str(hint))
