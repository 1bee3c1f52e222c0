"""`sinet-video doctor`: what is installed, and what a run would use.

Modules are imported where they are used, as every command's help imports this one.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

from sinet_video._version import __version__

PACKAGES = ("av", "numpy", "onnxruntime", "click")
EXTRAS = {
    "serve": ("starlette", "uvicorn"),
    "torch": ("torch", "kornia"),
    "train": ("matplotlib", "ninja", "opencv-python-headless", "pillow", "scipy"),
}
"""The packages that the library needs, and those of each extra."""

FEW = 4
"""Files of the cache that are named, with their sizes; of more, only how many there are."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def doctor(as_json: bool) -> None:
    """Show versions, encoders, devices and caches, and what a run without options would use.

    Include the output in bug reports. The exit status is 1 if something required is missing.
    """
    found = facts()
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(described(found)))
    if found["problems"]:
        sys.exit(1)


def facts() -> dict[str, Any]:
    """Return everything, in plain values."""
    import platform

    packages = {name: installed(name) for name in PACKAGES}
    problems = [f"{name} is not installed." for name in PACKAGES if packages[name] is None]
    encoders = _encoders() if packages["av"] else {}
    problems += [
        f"The encoder {name} is not in this build of libav; {codec} cannot be written."
        for codec, (name, there) in encoders.items()
        if not there
    ]
    return {
        "sinet-video": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "packages": packages,
        "extras": {
            extra: {name: installed(name) for name in names} for extra, names in EXTRAS.items()
        },
        "libav": _libav() if packages["av"] else None,
        "ffmpeg": _ffmpeg(),
        "kernels": _has_kernels(),
        "encoders": {codec: name for codec, (name, there) in encoders.items() if there},
        "devices": _devices(),
        "auto": _chosen(),
        "caches": _caches(),
        "used": _used(),
        "problems": problems,
    }


def installed(package: str) -> str | None:
    """Return the version of a package, or None if it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _has_kernels() -> bool:
    try:
        from sinet_video import native
    except ModuleNotFoundError:  # numpy is not installed
        return False
    return native.available()


def _libav() -> str:
    import av

    return ", ".join(
        f"{name} {'.'.join(map(str, numbers))}" for name, numbers in av.library_versions.items()
    )


def _encoders() -> dict[str, tuple[str, bool]]:
    """Return libav's encoder of each codec, and whether this build has it."""
    import av

    from sinet_video.containers.codecs import CODECS

    return {
        name: (codec.encoder, codec.encoder in av.codecs_available)
        for name, codec in CODECS.items()
    }


def _ffmpeg() -> str | None:
    """Return where the program ffmpeg is and its version; only filter graphs need it."""
    import shutil
    import subprocess

    path = shutil.which("ffmpeg")
    if path is None:
        return None
    try:
        done = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=10)  # noqa: PLW1510 (any status will do)
    except (OSError, subprocess.TimeoutExpired):
        return f"{path}, which does not run"
    return f"{path}, {' '.join(done.stdout.split()[:3])}"


def _devices() -> list[str]:
    """Return the devices that --device takes here."""
    from sinet_video.models.devices import available

    return available()


def _chosen() -> str:
    """Return what --device auto stands for here, as --runtime auto chooses."""
    from sinet_video.models.devices import chosen, described

    return described(*chosen("auto", "auto"))


def _caches() -> dict[str, Any]:
    """Return where fetched weights are kept, and which are there."""
    from sinet_video.cache import cache_folder

    folder = cache_folder()
    files = sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []
    return {"folder": str(folder), "files": {path.name: path.stat().st_size for path in files}}


def _used() -> dict[str, str]:
    """Return what a run without options would use."""
    from sinet_video.pipeline.settings import Settings

    try:
        segmenter: Any = Settings().load()
    except Exception as error:
        return {"network": f"cannot be loaded ({error})"}
    return {
        "network": segmenter.name,
        "runtime": segmenter.runtime,
        "device": segmenter.device,
        "pixels": str(segmenter.pixels),
    }


def _kept(files: dict[str, int]) -> str:
    """Return what a cache holds: names while they are few."""
    if len(files) <= FEW:
        return ", ".join(f"{name} ({size} bytes)" for name, size in files.items())
    return f"{len(files)} files, {sum(files.values()) / 1e6:.1f} MB; --json lists them"


def described(found: dict[str, Any]) -> list[str]:
    """Return the same in lines."""
    used = ", ".join(f"{name} {value}" for name, value in found["used"].items())
    kept = _kept(found["caches"]["files"])
    return [
        f"sinet-video {found['sinet-video']}, Python {found['python']}",
        f"  system     {found['system']}, {found['cpus']} CPUs",
        f"  packages   {_versions(found['packages'])}",
        *(f"  {f'[{extra}]':<10} {_versions(names)}" for extra, names in found["extras"].items()),
        f"  libav      {found['libav'] or 'not installed'}",
        f"  ffmpeg     {found['ffmpeg'] or 'not installed; only filter graphs need it'}",
        f"  kernels    {'compiled' if found['kernels'] else 'none; numpy is used'}",
        f"  encoders   {', '.join(f'{codec} ({e})' for codec, e in found['encoders'].items())}",
        f"  devices    {', '.join(found['devices'])}; --device auto is {found['auto']}",
        f"  cache      {found['caches']['folder']}: {kept or 'nothing'}",
        f"  used       {used}",
        *(f"  PROBLEM    {problem}" for problem in found["problems"] or []),
        *([] if found["problems"] else ["Everything required is installed."]),
    ]


def _versions(packages: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {number or 'not installed'}" for name, number in packages.items())
