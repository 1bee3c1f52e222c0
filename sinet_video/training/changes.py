"""Changes to a recipe from outside its file, and what differs between two recipes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sinet_video.errors import SettingError


def change(table: dict[str, Any], setting: str) -> None:
    """Change a recipe's table, in place, by a text such as `seed=2` or `stages.large.rate=1e-3`.

    The value is TOML, or a text without quotes. A stage or a folder of a list is named, or numbered
    from 1; `*` is all of them. Raises `SettingError`.
    """
    key, equals, text = setting.partition("=")
    words = [word.strip() for word in key.split(".")]
    if not equals or not all(words):
        raise SettingError(
            f"{setting!r} sets nothing; write key=value, such as seed=2 or stages.*.rate=1e-3."
        )
    for place in _places(table, words[:-1], key.strip()):
        place[words[-1]] = _value(text.strip())


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _places(table: Any, words: Sequence[str], key: str) -> Iterator[dict[str, Any]]:
    """Yield the tables that some words lead to; one that is not there yet is made."""
    if isinstance(table, list):
        yield from _listed(table, words, key)
    elif not isinstance(table, dict):
        raise SettingError(f"{key} leads to {table!r}, which has no settings of its own.")
    elif words:
        yield from _places(table.setdefault(words[0], {}), words[1:], key)
    else:
        yield table


def _listed(tables: list[Any], words: Sequence[str], key: str) -> Iterator[dict[str, Any]]:
    names = [str(each.get("name", each.get("folder", ""))) for each in tables]
    wanted = words[0] if words else ""
    chosen = [
        each
        for number, (name, each) in enumerate(zip(names, tables, strict=True), 1)
        if wanted in ("*", name, str(number))
    ]
    if not chosen:
        raise SettingError(
            f"{key} names none of a list; after it comes *, a number from 1 to {len(tables)}, or "
            f"one of: {', '.join(names)}."
        )
    for each in chosen:
        yield from _places(each, words[1:], key)


def scale_steps(table: dict[str, Any], steps: int) -> None:
    """Let all stages of a recipe's table take so many steps together, each its share.

    Every stage keeps at least one step, and warms up for its share. Raises `SettingError` if there
    are fewer steps than stages.
    """
    stages = [each for each in table.get("stages", []) if isinstance(each.get("steps"), int)]
    if not stages:
        return  # which is refused
    total = sum(each["steps"] for each in stages)
    if steps < len(stages):
        raise SettingError(
            f"{steps} steps are fewer than the recipe's {len(stages)} stages; each needs one."
        )
    for each in stages:
        share = steps / total
        each["warmup"] = int(each.get("warmup", 100) * min(1.0, share))
        each["steps"] = max(1, round(each["steps"] * share))
    largest = max(stages, key=lambda each: int(each["steps"]))
    largest["steps"] += steps - sum(each["steps"] for each in stages)


def differences(before: Any, now: Any, where: str = "") -> Iterator[str]:
    """Yield how two recipes' plain tables differ: "stages 1 rate was 0.002 and is 0.003"."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted({*before, *now}):
            yield from differences(before.get(key), now.get(key), f"{where} {key}".strip())
    elif isinstance(before, list) and isinstance(now, list) and _tables(before) and _tables(now):
        for number in range(max(len(before), len(now))):
            old, new = (each[number] if number < len(each) else None for each in (before, now))
            yield from differences(old, new, f"{where} {number + 1}")
    elif before != now:
        yield f"{where} was {_said(before)} and is {_said(now)}"


def _tables(values: list[Any]) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def _said(value: Any) -> str:
    if value is None:
        return "the default"
    return "there" if isinstance(value, Mapping) else str(value)
