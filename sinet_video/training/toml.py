"""Conversion between tables, as in TOML and JSON, and dataclasses."""

from __future__ import annotations

import dataclasses
import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from sinet_video.errors import SettingError


@dataclasses.dataclass(frozen=True)
class Range:
    """Which values of its type a setting may have, in words and as a test."""

    words: str
    holds: Callable[[Any], bool]


def _compiles(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


Above0 = Annotated[float, Range("above 0", lambda value: value > 0)]
Least0 = Annotated[float, Range("0 or more", lambda value: value >= 0)]
Share = Annotated[float, Range("from 0 to 1", lambda value: 0 <= value <= 1)]
Below1 = Annotated[float, Range("from 0 to less than 1", lambda value: 0 <= value < 1)]
Count = Annotated[int, Range("0 or more", lambda value: value >= 0)]
Pattern = Annotated[str, Range("a regular expression", _compiles)]
"""Types of settings that may not be every number, or every text."""

WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def expand_likes(tables: Sequence[Any], where: str) -> list[Any]:
    """Return tables, each completed by the earlier table that its `like` names.

    A table's own values take precedence; nested tables are merged in the same way. Raises
    `SettingError` if no earlier one has that name.
    """
    result: list[Any] = []
    for table in tables:
        alike = isinstance(table, Mapping) and "like" in table
        result.append(_in_full(table, result, where) if alike else table)
    return result


def _in_full(table: Mapping[str, Any], earlier: Sequence[Any], where: str) -> Mapping[str, Any]:
    like, own = table["like"], {key: value for key, value in table.items() if key != "like"}
    named = {t["name"]: t for t in earlier if isinstance(t, Mapping) and type(t.get("name")) is str}
    if type(like) is not str or like not in named:
        allowed = f"use one before it: {', '.join(named)}" if named else "there is none before it"
        raise SettingError(f"{where}: like is {like!r}; {allowed}.")
    return _joined({key: value for key, value in named[like].items() if key != "name"}, own)


def _joined(base: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    both = {
        key: _joined(base[key], value)
        for key, value in own.items()
        if isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
    }
    return {**base, **own, **both}


def dump_overrides(value: Any) -> Any:
    """Return the values of a recipe that differ from the defaults, as plain lists and tables."""
    if isinstance(value, tuple):
        return [dump_overrides(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    items = ((item, getattr(value, item.name)) for item in dataclasses.fields(value))
    return {item.name: dump_overrides(own) for item, own in items if own != _default(item)}


def _default(item: dataclasses.Field[Any]) -> Any:
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    return item.default


def build(kind: Any, value: Any, where: str) -> Any:
    """Convert a TOML value to a type, including dataclasses.

    Raises `SettingError`, naming the place, the key and what is allowed.
    """
    if typing.get_origin(kind) is types.UnionType:
        kind = typing.get_args(kind)[0]
    origin = typing.get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _build_fields(kind, value, where)
    if origin is Annotated:
        return _within(kind, value, where)
    if origin is tuple:
        return _build_tuple(typing.get_args(kind), value, where)
    if origin is Literal:
        if value not in typing.get_args(kind):
            allowed = ", ".join(map(str, typing.get_args(kind)))
            raise SettingError(f"{where} is {value!r}; use one of: {allowed}.")
        return value
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        raise SettingError(f"{where} is {value!r}; {WORDS[kind]} is wanted.")
    return value


def _within(kind: Any, value: Any, where: str) -> Any:
    plain, allowed = typing.get_args(kind)
    number = build(plain, value, where)
    if not allowed.holds(number):
        raise SettingError(f"{where} is {value!r}; it must be {allowed.words}.")
    return number


def _build_fields(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise SettingError(f"{where} is {value!r}; a table is wanted.")
    hints = typing.get_type_hints(kind, include_extras=True)
    if unknown := sorted(set(value) - set(hints)):
        raise SettingError(f"{where} has no setting {unknown[0]}; it has {', '.join(hints)}.")
    if lacking := [item.name for item in dataclasses.fields(kind) if _needed(item, value)]:
        raise SettingError(f"{where} does not say {', '.join(lacking)}.")
    return kind(**{k: build(hints[k], v, f"{where}: {k}") for k, v in value.items()})


def _needed(item: dataclasses.Field[Any], value: Mapping[str, Any]) -> bool:
    return item.name not in value and _default(item) is dataclasses.MISSING


def _build_tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise SettingError(f"{where} is {value!r}; a list is wanted.")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(value) != len(kinds):
        raise SettingError(f"{where} has {len(value)} values; {len(kinds)} are wanted.")
    return tuple(build(k, v, where) for k, v in zip(kinds, value, strict=True))
