"""How a field of a settings class is given as an option, stated once and beside the field.

The command's options are made from these, so that a new setting is a new option without more ado.
Nothing here knows a command line: an option is a sentence, its choices and how its text is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar

Settings = TypeVar("Settings")

OPTION, PARTS = "option", "parts"
"""Keys of a field's metadata: it is an option, or a settings class whose fields are."""


@dataclass(frozen=True)
class Option:
    """How one field is given.

    Attributes:
        help: what it does, in a sentence or two.
        group: the heading under which it is listed.
        name: its name, with dashes; the field's own if empty.
        off: for a switch that is on by default, the name that turns it off.
        metavar: what stands for its value, such as PX.
        choices: the words that it may be, if there is a list of them.
        kind: the type of what is typed, before `parse`.
        typed: what is meant if nothing is typed; None is the field's own default.
        shown: how help shows the default where `typed` and the field's own do not tell.
        parse: makes the field's value of what is typed, and of what was typed for `needs`. Raises
            `SettingError`.
        needs: names of other options that decide as well.
        brief: for those that most people need, what it does in a few words; True is `help` itself.
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
    """Return a dataclass field whose value's own fields are options."""
    return field(default=default, metadata={PARTS: type(default)})


def options_of(settings: type) -> Iterator[tuple[str, Option, Any]]:
    """Yield each option of a settings class and its parts: name, how it is given, default."""
    for each in fields(settings):
        if PARTS in each.metadata:
            yield from options_of(each.metadata[PARTS])
        elif OPTION in each.metadata:
            yield _name(each), each.metadata[OPTION], each.default


def built(settings: type[Settings], typed: dict[str, Any]) -> Settings:
    """Return settings of what was typed, by the options' names; None is the field's default."""
    given: dict[str, Any] = {}
    for each in fields(settings):  # type: ignore[arg-type]  # every settings class is a dataclass
        if PARTS in each.metadata:
            given[each.name] = built(each.metadata[PARTS], typed)
        elif OPTION in each.metadata and typed.get(_name(each)) is not None:
            given[each.name] = _value(each.metadata[OPTION], typed[_name(each)], typed)
    return settings(**given)


def _name(each: Field[Any]) -> str:
    """Return an option's name, with underscores."""
    return (each.metadata[OPTION].name or each.name).replace("-", "_")


def _value(how: Option, value: Any, typed: dict[str, Any]) -> Any:
    if how.parse is None:
        return value
    return how.parse(value, *(typed[name] for name in how.needs))
