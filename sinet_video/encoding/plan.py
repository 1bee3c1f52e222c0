"""How to encode content into a file: codec, pixel format and options, chosen and validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sinet_video.containers.codecs import CODECS, Codec, Content
from sinet_video.containers.container import Container
from sinet_video.containers.formats import container_of
from sinet_video.encoding.settings import Chroma, Encoding
from sinet_video.errors import SettingError
from sinet_video.media.pixel_formats import PLANAR, SUFFIXES
from sinet_video.media.stacked import STACKED
from sinet_video.media.tiled_alpha import AlphaKind

WITH_ALPHA = ".webm (VP9), .mov (ProRes 4444) or a folder of PNGs"
"""What to write where alpha is wanted, for messages."""

STACKABLE = ("h264", "hevc", "av1", "vp9")
"""Codecs that players without alpha play."""


@dataclass(frozen=True)
class Plan:
    """Everything needed to open an encoder."""

    muxer: str
    muxer_options: Mapping[str, str]
    codec: str
    encoder: str
    pixel_format: str
    options: Mapping[str, str]
    full_range: bool = True
    alpha: AlphaKind = "straight"
    """Whether colours are straight or premultiplied, if there is alpha."""
    stacked: bool = False
    """Whether alpha is below colour, in a frame of twice the height."""


def plan(path: Path, content: Content, working: str, encoding: Encoding = Encoding()) -> Plan:
    """Return how to encode `content` of a working pixel format into a file of this name.

    Raises `SettingError` if container, codec, quality and preset do not go together.
    """
    container = container_of(path, encoding.format)
    return plan_in(container, path.suffix or container.muxer, content, working, encoding)


def plan_in(
    container: Container, named: str, content: Content, working: str, encoding: Encoding
) -> Plan:
    """Return the same for a container, which messages call `named`."""
    if encoding.alpha_mode == STACKED:
        return _stacked(container, named, content, working, encoding)
    name = encoding.codec or container.defaults.get(content, "")
    if content == "rgba" and "rgba" not in container.defaults:
        raise SettingError(
            f"{named} cannot hold an alpha channel; write {WITH_ALPHA}, or give a background."
        )
    if name not in container.codecs:
        raise SettingError(
            f"Codec {name!r} does not go into {named}; it takes {', '.join(container.codecs)}."
        )
    codec = CODECS[name]
    pixel_format = _pixel_format(
        name, codec, content, container.narrows(_subsampled(working, codec, encoding.chroma))
    )
    _check_chroma(named, pixel_format, encoding)
    return Plan(
        muxer=container.muxer,
        muxer_options=container.options,
        codec=name,
        encoder=codec.encoder,
        pixel_format=pixel_format,
        options=_options(name, codec, content, encoding) | _deep_options(codec, working),
        full_range=codec.full_range,
        alpha=_alpha(name, codec, content, encoding),
    )


def _stacked(
    container: Container, named: str, content: Content, working: str, encoding: Encoding
) -> Plan:
    """Return how to encode colour above alpha, as colour without alpha is encoded."""
    if content != "rgba":
        raise SettingError(
            "Nothing is to have alpha that could be stacked; leave that out, or make the "
            "background transparent."
        )
    plain = plan_in(container, named, "rgb", working, replace(encoding, alpha_mode=None))
    if plain.codec not in STACKABLE:
        raise SettingError(
            "Stacked alpha is for players that know no alpha: write .mp4, .mov, .mkv or .webm with "
            f"{', '.join(STACKABLE)}, not {plain.codec}."
        )
    return replace(plain, alpha="straight", stacked=True)


def _alpha(name: str, codec: Codec, content: Content, encoding: Encoding) -> AlphaKind:
    mode = encoding.alpha_mode
    kind = codec.kinds[0] if mode is None or mode == "stacked" else mode
    if encoding.alpha_mode is not None and content != "rgba":
        raise SettingError(
            f"Nothing is to have an alpha channel that could be {kind}; leave that out, or make "
            "the background transparent."
        )
    if content == "rgba" and kind not in codec.kinds:
        raise SettingError(
            f"Alpha in {name.upper()} is {codec.kinds[0]} by its specification, and would be read "
            f"so; write .tif, .exr, .mov (ProRes 4444) or .webm for {kind}."
        )
    return kind


def _subsampled(working: str, codec: Codec, chroma: Chroma | None) -> str:
    """Return a working format with the chroma that is asked for, or that players need of RGB."""
    form = PLANAR[working]
    if chroma is None:
        if not (codec.delivery and form.is_rgb):
            return working
        chroma = "420"
    full = "j" if working.startswith("yuvj") else ""
    return f"yuv{full}{chroma}p{SUFFIXES[form.bits]}"


def _check_chroma(named: str, pixel_format: str, encoding: Encoding) -> None:
    if encoding.chroma is not None and encoding.chroma not in pixel_format:
        asked = ":".join(encoding.chroma)
        raise SettingError(
            f"{named} would be {pixel_format} here, not {asked}; leave the chroma out, or choose "
            "h264, hevc or ffv1, without alpha."
        )


def _pixel_format(name: str, codec: Codec, content: Content, working: str) -> str:
    if content == "alpha":
        return codec.alpha
    if content == "rgb":
        return codec.rgb(working)
    if codec.rgba is None:
        able = [key for key, value in CODECS.items() if value.rgba]
        raise SettingError(
            f"Codec {name!r} has no alpha channel here; {', '.join(able)} have. Write {WITH_ALPHA}."
        )
    return codec.rgba(working)


def _options(name: str, codec: Codec, content: Content, encoding: Encoding) -> dict[str, str]:
    options = dict(codec.options)
    if content == "rgba":
        options |= codec.rgba_options
    if codec.crf is not None:
        options["crf"] = f"{_crf(name, codec, encoding):g}"
    elif encoding.crf is not None:
        raise SettingError(f"Codec {name!r} has no crf; leave it out.")
    if codec.presets:
        options[codec.preset_option] = _preset(name, codec, encoding)
    elif encoding.preset is not None:
        raise SettingError(f"Codec {name!r} has no presets; leave it out.")
    return options


def _deep_options(codec: Codec, working: str) -> dict[str, str]:
    return dict(codec.deep_options) if PLANAR[working].bits > 10 else {}


def _crf(name: str, codec: Codec, encoding: Encoding) -> float:
    assert codec.crf is not None  # the caller has checked
    crf = codec.crf if encoding.crf is None else encoding.crf
    if not 0 <= crf <= codec.most_crf:
        raise SettingError(f"Crf is {crf:g}; for {name} it must be from 0 to {codec.most_crf:g}.")
    return crf


def _preset(name: str, codec: Codec, encoding: Encoding) -> str:
    preset = encoding.preset or codec.preset
    if preset not in codec.presets:
        raise SettingError(
            f"Preset is {preset!r}; for {name} it must be one of {', '.join(codec.presets)}."
        )
    return preset
