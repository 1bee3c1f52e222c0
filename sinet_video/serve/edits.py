"""What a person changed about a clip's matte, checked, as the library's settings and as options."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sinet_video.errors import SettingError
from sinet_video.media.colour_names import parse_colour
from sinet_video.option import Option, built, options_of
from sinet_video.pipeline.settings import Settings
from sinet_video.stages.backgrounds import parse_background

Value = str | float | bool

ALLOWED = (
    "choke", "feather", "feather_side", "black_point", "white_point", "smooth", "refine",
    "islands", "holes", "subject", "key", "despill", "decontaminate", "follow", "quality",
)  # fmt: skip
"""The options that may be set over HTTP: none names a file."""

OWN = "own"
"""The background that was uploaded for the clip."""

_NO_FILE = re.compile(r"transparent|blur(:\d{1,3}(\.\d{1,3})?)?")


def _options() -> dict[str, tuple[Option, Any]]:
    return {key: (how, default) for key, how, default in options_of(Settings)}


@dataclass(frozen=True)
class Edits:
    """Options by their names, with underscores, and the background: "" for the destination's own.

    Raises `SettingError` in the command's own sentences.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    background: str = ""

    def __post_init__(self) -> None:
        if self.background not in ("", OWN):
            _check_background(self.background)
        self.settings()

    @classmethod
    def parse(cls, data: object) -> Edits:
        """Read what came as JSON."""
        if not isinstance(data, dict):
            raise SettingError("The edits must be an object of options.")
        given = {str(key): value for key, value in data.items()}
        background = given.pop("background", "")
        if not isinstance(background, str):
            raise SettingError("The background must be a text.")
        unknown = sorted(set(given) - set(ALLOWED))
        if unknown:
            raise SettingError(
                f"There is no edit {unknown[0][:40]!r}; there are {', '.join(ALLOWED)}, background."
            )
        options = _options()
        values = {k: _checked(k, options[k][0], v) for k, v in given.items() if v is not None}
        return cls(values, background)

    def settings(self, **more: Any) -> Settings:
        """Return the library's settings, with `more` of what is typed."""
        typed = {key: how.typed for key, (how, _) in _options().items()}
        return built(Settings, {**typed, **self.values, **more})

    def arguments(self) -> list[str]:
        """Return the command's options, but for the background; each is one word."""
        options = _options()
        words = (_argument(key, options[key][0], value) for key, value in self.values.items())
        defaults = {
            key: how.typed if how.typed is not None else d for key, (how, d) in options.items()
        }
        return [
            w
            for w, key in zip(words, self.values, strict=True)
            if self.values[key] != defaults[key]
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {**self.values, "background": self.background}


def _check_background(text: str) -> None:
    """Raise `SettingError` for what is no colour, blur or transparent; no file is looked for."""
    if _NO_FILE.fullmatch(text):
        parse_background(text)
        return
    try:
        parse_colour(text[:40])
    except SettingError as error:
        raise SettingError(
            f"Background is {text[:40]!r}; it must be a colour such as green, coral or #30a040, "
            "blur, transparent, or own for the one that was uploaded."
        ) from error


def _checked(key: str, how: Option, value: object) -> Value:
    name = key.replace("_", "-")
    if how.kind is bool:
        if not isinstance(value, bool):
            raise SettingError(f"{name} must be true or false.")
        return value
    if how.kind is float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise SettingError(f"{name} must be a number.")
        return float(value)
    if not isinstance(value, str) or not re.fullmatch(r"[\w#:.,-]{1,40}", value, re.ASCII):
        raise SettingError(f"{name} must be a short text without spaces.")
    if how.choices and value not in how.choices:
        raise SettingError(f"{name} is {value!r}; it must be one of {', '.join(how.choices)}.")
    return value


def _argument(key: str, how: Option, value: Value) -> str:
    flag = key.replace("_", "-")
    if isinstance(value, bool):
        return f"--{flag if value else how.off}"
    return f"--{flag}={value:g}" if isinstance(value, float) else f"--{flag}={value}"
