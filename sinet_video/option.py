"""Options of the command, declared once beside the settings field that they set.

The command builds its options from these declarations, so a new setting becomes a new option with
no further work. Nothing here knows about a command line: an option is a sentence, its choices and a
way to parse its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar

Settings = TypeVar("Settings")

OPTION, PARTS = "option", "parts"
"""Metadata keys: the field is an option, or holds a settings class whose fields are options."""


@dataclass(frozen=True)
class Option:
    """How one field is given as an option.

    Attributes:
        help: what it does, in a sentence or two.
        group: the heading under which it is listed.
        name: its name, with dashes; empty for the field's own name.
        off: for a switch that is on by default, the name that turns it off.
        metavar: placeholder for its value, such as PX.
        choices: the allowed words, if there is a fixed list.
        kind: the type of the typed value, before `parse`.
        typed: the value assumed if nothing is typed; None for the field's own default.
        shown: how help shows the default, where `typed` and the field's default do not say it.
        parse: turns the typed value, and the typed values of `needs`, into the field's value.
            Raises `SettingError`.
        needs: names of other options that `parse` also needs.
        brief: for the most common options, what it does in a few words; True uses `help`.
    """

    help: str
    group: str
    name: str = ""
    off: str = ""
    metavar: str = ""
    choices: tuple[str, ...] = ()
    kind: type = str
    typed: Any = None
    shown: str = ""
    parse: Callable[..., Any] | None = None
    needs: tuple[str, ...] = ()
    brief: str | bool = ""


def option(default: Any, text: str, group: str, **more: Any) -> Any:
    """Return a dataclass field that is also an option; `more` as in `Option`."""
    if "kind" not in more and default is not None and "parse" not in more:
        more["kind"] = type(default)
    return field(default=default, metadata={OPTION: Option(text, group, **more)})


def parts(default: Any) -> Any:
    """Return a dataclass field whose value has fields that are options."""
    return field(default=default, metadata={PARTS: type(default)})


def options_of(settings: type) -> Iterator[tuple[str, Option, Any]]:
    """Yield the name, declaration and default of each option of a settings class and its parts."""
    for each in fields(settings):
        if PARTS in each.metadata:
            yield from options_of(each.metadata[PARTS])
        elif OPTION in each.metadata:
            yield _name(each), each.metadata[OPTION], each.default


def built(settings: type[Settings], typed: dict[str, Any]) -> Settings:
    """Return settings built from typed values, keyed by option name; None uses the default."""
    given: dict[str, Any] = {}
    for each in fields(settings):  # type: ignore[arg-type]  # every settings class is a dataclass
        if PARTS in each.metadata:
            given[each.name] = built(each.metadata[PARTS], typed)
        elif OPTION in each.metadata and typed.get(_name(each)) is not None:
            given[each.name] = _value(each.metadata[OPTION], typed[_name(each)], typed)
    return settings(**given)


def option_name(each: Field[Any]) -> str:
    """Return a field's name as an option is typed, without its dashes in front; else its own."""
    return _name(each).replace("_", "-") if OPTION in each.metadata else each.name


def _name(each: Field[Any]) -> str:
    """Return an option's name, with underscores."""
    return (each.metadata[OPTION].name or each.name).replace("-", "_")


def _value(how: Option, value: Any, typed: dict[str, Any]) -> Any:
    if how.parse is None:
        return value
    return how.parse(value, *(typed[name] for name in how.needs))
