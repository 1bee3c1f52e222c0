"""Cut people out of video: portrait matting with SINet, in real time on a CPU.

    import sinet_video

    for matte in sinet_video.matte("talk.mp4"):
        matte.alpha      # (H, W) float32 in [0, 1]
        matte.frame.rgb  # (H, W, 3) uint8
        matte.time       # seconds, an exact fraction

    sinet_video.convert("talk.mp4", "talk.webm")

Names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sinet_video.alpha import TiledAlpha
    from sinet_video.background import Colour, Image, Video, parse_background
    from sinet_video.batching import batch
    from sinet_video.blur import Blur
    from sinet_video.clip import Clip, Span
    from sinet_video.compositing import Background, composite, foreground
    from sinet_video.decoding import decode
    from sinet_video.decontaminating import decontaminate
    from sinet_video.despilling import Despill, despill
    from sinet_video.edges import Edge, shape_edge
    from sinet_video.encoding import open_sink
    from sinet_video.errors import (
        InputError,
        OutputError,
        SettingError,
        SinetVideoError,
        WeightsError,
    )
    from sinet_video.ffmpeg import from_ffmpeg, to_ffmpeg
    from sinet_video.findings import Preview
    from sinet_video.flow import matte
    from sinet_video.following import Following, follow
    from sinet_video.forcing import force
    from sinet_video.foreign import OnnxInput
    from sinet_video.frame import Frame, Matte
    from sinet_video.inheriting import inherit
    from sinet_video.keying import Key, key
    from sinet_video.onnxfile import Exported, export_onnx
    from sinet_video.pipeline import convert
    from sinet_video.planning import Encoding
    from sinet_video.preprocessing import Preprocessing
    from sinet_video.previewing import preview
    from sinet_video.probing import probe
    from sinet_video.refining import Bilinear, Guided, refine
    from sinet_video.regions import Regions, tidy
    from sinet_video.report import Report
    from sinet_video.resuming import Resume
    from sinet_video.runtime import load_segmenter
    from sinet_video.segmenting import Segmenter, Size, segment
    from sinet_video.settings import Settings
    from sinet_video.sink import Sink
    from sinet_video.smoothing import Adaptive, Exponential, Window, smooth
    from sinet_video.threads import prefetch
    from sinet_video.verifying import Verification, verify

__version__ = "0.1.0"

_HOME = {
    "Adaptive": "smoothing",
    "Background": "compositing",
    "Bilinear": "refining",
    "Blur": "blur",
    "Clip": "clip",
    "Colour": "background",
    "Despill": "despilling",
    "Edge": "edges",
    "Encoding": "planning",
    "Exponential": "smoothing",
    "Exported": "onnxfile",
    "Following": "following",
    "Frame": "frame",
    "Guided": "refining",
    "Image": "background",
    "InputError": "errors",
    "Key": "keying",
    "Matte": "frame",
    "OnnxInput": "foreign",
    "OutputError": "errors",
    "Preprocessing": "preprocessing",
    "Preview": "findings",
    "Regions": "regions",
    "Report": "report",
    "Resume": "resuming",
    "Segmenter": "segmenting",
    "SettingError": "errors",
    "Settings": "settings",
    "SinetVideoError": "errors",
    "Sink": "sink",
    "Size": "segmenting",
    "Span": "clip",
    "TiledAlpha": "alpha",
    "Verification": "verifying",
    "Video": "background",
    "Window": "smoothing",
    "WeightsError": "errors",
    "batch": "batching",
    "composite": "compositing",
    "convert": "pipeline",
    "decode": "decoding",
    "decontaminate": "decontaminating",
    "despill": "despilling",
    "export_onnx": "onnxfile",
    "follow": "following",
    "force": "forcing",
    "foreground": "compositing",
    "from_ffmpeg": "ffmpeg",
    "inherit": "inheriting",
    "key": "keying",
    "load_segmenter": "runtime",
    "matte": "flow",
    "open_sink": "encoding",
    "parse_background": "background",
    "prefetch": "threads",
    "preview": "previewing",
    "probe": "probing",
    "refine": "refining",
    "segment": "segmenting",
    "shape_edge": "edges",
    "smooth": "smoothing",
    "tidy": "regions",
    "to_ffmpeg": "ffmpeg",
    "verify": "verifying",
}
"""Where each public name lives."""

__all__ = [
    "Adaptive",
    "Background",
    "Bilinear",
    "Blur",
    "Clip",
    "Colour",
    "Despill",
    "Edge",
    "Encoding",
    "Exponential",
    "Exported",
    "Following",
    "Frame",
    "Guided",
    "Image",
    "InputError",
    "Key",
    "Matte",
    "OnnxInput",
    "OutputError",
    "Preprocessing",
    "Preview",
    "Regions",
    "Report",
    "Resume",
    "Segmenter",
    "SettingError",
    "Settings",
    "SinetVideoError",
    "Sink",
    "Size",
    "Span",
    "TiledAlpha",
    "Verification",
    "Video",
    "WeightsError",
    "Window",
    "__version__",
    "batch",
    "composite",
    "convert",
    "decode",
    "decontaminate",
    "despill",
    "export_onnx",
    "follow",
    "force",
    "foreground",
    "from_ffmpeg",
    "inherit",
    "key",
    "load_segmenter",
    "matte",
    "open_sink",
    "parse_background",
    "prefetch",
    "preview",
    "probe",
    "refine",
    "segment",
    "shape_edge",
    "smooth",
    "tidy",
    "to_ffmpeg",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sinet_video' has no attribute {name!r}")
    value = getattr(import_module(f"sinet_video.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
