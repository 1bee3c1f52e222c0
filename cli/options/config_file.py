"""Options in a file: read for --config, written for --save-config.

A file has the options by their names, for every command that has them:

    background = "blur"
    choke = 0.5

    [run]
    crf = 16

What is in the table of a command is for that command alone, and counts more.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from sinet_video.cli.options.click_options import READ, Option
from sinet_video.cli.terminal.reports import write_report

from sinet_video.errors import InputError, SettingError
from sinet_video.paths import read_text

SAVE = "sinet_video.save_config"
"""Where the context's notes have the file to write."""

ONCE = frozenset({
    "output", "matte", "layers", "json", "only", "dry_run",
    "overwrite", "no_overwrite", "skip_existing", "retry_failed",
})  # fmt: skip
"""Options of a single call, which are not saved: what it writes, and what it may replace."""


def load(ctx: click.Context, _: click.Parameter, name: str | None) -> None:
    """Let a file's options be the command's defaults."""
    if name is None or ctx.resilient_parsing:
        return
    content = _read(Path(name))
    ctx.meta[READ] = name
    tables = {key: value for key, value in content.items() if isinstance(value, dict)}
    shared = {key: value for key, value in content.items() if key not in tables}
    commands = _options_of_all(ctx)
    for key in tables:
        if key not in commands:
            raise _unknown(name, f"table [{key}]", key, list(commands))
    everywhere = {key for each in commands.values() for key in each}
    own = commands[ctx.command.name or ""]
    _check(name, shared, everywhere)
    _check(name, tables.get(ctx.command.name or "", {}), set(own))
    wanted = shared | tables.get(ctx.command.name or "", {})
    ctx.default_map = {
        **(ctx.default_map or {}),
        **{
            own[_key(key)].name or "": _typed(own[_key(key)], value)
            for key, value in wanted.items()
            if _key(key) in own
        },
    }


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(read_text(path))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"{path} is not a TOML file: {error}.") from error


def _options_of_all(ctx: click.Context) -> dict[str, dict[str, Option]]:
    """Return the options of the command and its siblings, by the commands' names."""
    group = ctx.parent.command if ctx.parent else None
    siblings = group.commands if isinstance(group, click.Group) else {}
    known = dict(siblings) | {ctx.command.name or "": ctx.command}
    return {name: _options(command) for name, command in known.items()}


def _options(command: click.Command) -> dict[str, Option]:
    options = (each for each in command.params if isinstance(each, Option))
    return {each.key: each for each in options if each.expose_value}


def _check(file: str, given: dict[str, Any], known: set[str]) -> None:
    for key in given:
        if _key(key) == "preset_for":
            raise _typed_only(file)
        if _key(key) not in known:
            raise _unknown(file, f"option {key!r}", _key(key), sorted(known))


def _typed_only(file: str) -> SettingError:
    return SettingError(
        f"{file}: preset-for cannot be in a file. Type it, or let --save-config write the options "
        "that it stands for."
    )


def _unknown(file: str, what: str, key: str, known: list[str]) -> SettingError:
    from difflib import get_close_matches

    near = get_close_matches(key, known, 1)
    meant = f" Did you mean {near[0].replace('_', '-')}?" if near else ""
    return SettingError(f"{file}: there is no {what} here.{meant}")


def _key(name: str) -> str:
    return name.replace("-", "_")


def _typed(option: Option, value: Any) -> Any:
    """Return a value as it would be typed, so that it is checked alike."""
    if isinstance(value, list | bool):
        return value
    return str(value)


def remember(ctx: click.Context, _: click.Parameter, target: Path | None) -> None:
    """Take note that the options are to be written to a file."""
    if target == Path("-"):
        raise click.UsageError("--save-config writes to a file, and - is none; give its name.")
    if target is not None:
        ctx.meta[SAVE] = target


def save(path: Path, given: dict[str, Any]) -> None:
    """Write options to a file, but for those of a single call; whole or not at all."""
    kept = {key: value for key, value in given.items() if key not in ONCE}
    lines = [f"{key.replace('_', '-')} = {_toml(value)}" for key, value in kept.items()]
    write_report(str(path), "\n".join(lines), overwrite=True)


def _toml(value: Any) -> str:
    """Return a value in TOML, which has JSON's text, numbers and lists."""
    if isinstance(value, Fraction):
        whole = Fraction(round(value * 10**9), 10**9) == value
        value = f"{float(value):.9f}".rstrip("0").rstrip(".") if whole else str(value)
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
