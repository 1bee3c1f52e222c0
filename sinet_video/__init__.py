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

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sinet_video.decoding.clip import Clip
    from sinet_video.decoding.decode import decode
    from sinet_video.decoding.ffmpeg import from_ffmpeg
    from sinet_video.decoding.probe import probe
    from sinet_video.encoding.ffmpeg import to_ffmpeg
    from sinet_video.encoding.open_sink import open_sink
    from sinet_video.encoding.plan import Encoding
    from sinet_video.encoding.sink import Sink
    from sinet_video.errors import (
        InputError,
        OutputError,
        SettingError,
        SinetVideoError,
        WeightsError,
    )
    from sinet_video.media.frame import Frame, Matte
    from sinet_video.media.tiled_alpha import TiledAlpha
    from sinet_video.media.time_range import TimeRange
    from sinet_video.models.export_onnx import ExportReport, export_onnx
    from sinet_video.models.load import load_segmenter
    from sinet_video.models.onnx_segmenter import OnnxInput, Preprocessing
    from sinet_video.models.segmenter import InputSize, Segmenter
    from sinet_video.pipeline.batch import batch
    from sinet_video.pipeline.chain import matte
    from sinet_video.pipeline.convert import convert
    from sinet_video.pipeline.report import Report
    from sinet_video.pipeline.resume import Resume
    from sinet_video.pipeline.settings import Settings
    from sinet_video.prefetch import prefetch
    from sinet_video.quality.preview import preview
    from sinet_video.quality.preview_report import Preview
    from sinet_video.quality.verify import Verification, verify
    from sinet_video.stages.backgrounds import (
        ColourBackground,
        ImageBackground,
        VideoBackground,
        parse_background,
    )
    from sinet_video.stages.blur_background import BlurBackground
    from sinet_video.stages.chroma_key import ChromaKey, key
    from sinet_video.stages.clean_regions import RegionFilter, filter_regions
    from sinet_video.stages.composite import Background, composite, foreground
    from sinet_video.stages.decontaminate import decontaminate
    from sinet_video.stages.despill import Despill, despill
    from sinet_video.stages.drawn_mattes import apply_drawn_mattes
    from sinet_video.stages.edge import EdgeShape, shape_edge
    from sinet_video.stages.follow import Following, follow
    from sinet_video.stages.refine import BilinearRefinement, GuidedRefinement, refine
    from sinet_video.stages.segment import segment
    from sinet_video.stages.smooth import ExponentialAverage, MotionAdaptive, WindowMean, smooth
    from sinet_video.stages.source_alpha import apply_source_alpha

__version__ = "0.1.0"

# What is logged to "sinet_video" is shown by programs that want it shown.
logging.getLogger(__name__).addHandler(logging.NullHandler())

_HOME = {
    "Background": "stages.composite",
    "BilinearRefinement": "stages.refine",
    "BlurBackground": "stages.blur_background",
    "ChromaKey": "stages.chroma_key",
    "Clip": "decoding.clip",
    "ColourBackground": "stages.backgrounds",
    "Despill": "stages.despill",
    "EdgeShape": "stages.edge",
    "Encoding": "encoding.plan",
    "ExponentialAverage": "stages.smooth",
    "ExportReport": "models.export_onnx",
    "Following": "stages.follow",
    "Frame": "media.frame",
    "GuidedRefinement": "stages.refine",
    "ImageBackground": "stages.backgrounds",
    "InputError": "errors",
    "InputSize": "models.segmenter",
    "Matte": "media.frame",
    "MotionAdaptive": "stages.smooth",
    "OnnxInput": "models.onnx_segmenter",
    "OutputError": "errors",
    "Preprocessing": "models.onnx_segmenter",
    "Preview": "quality.preview_report",
    "RegionFilter": "stages.clean_regions",
    "Report": "pipeline.report",
    "Resume": "pipeline.resume",
    "Segmenter": "models.segmenter",
    "SettingError": "errors",
    "Settings": "pipeline.settings",
    "SinetVideoError": "errors",
    "Sink": "encoding.sink",
    "TiledAlpha": "media.tiled_alpha",
    "TimeRange": "media.time_range",
    "Verification": "quality.verify",
    "VideoBackground": "stages.backgrounds",
    "WeightsError": "errors",
    "WindowMean": "stages.smooth",
    "apply_drawn_mattes": "stages.drawn_mattes",
    "apply_source_alpha": "stages.source_alpha",
    "batch": "pipeline.batch",
    "composite": "stages.composite",
    "convert": "pipeline.convert",
    "decode": "decoding.decode",
    "decontaminate": "stages.decontaminate",
    "despill": "stages.despill",
    "export_onnx": "models.export_onnx",
    "filter_regions": "stages.clean_regions",
    "follow": "stages.follow",
    "foreground": "stages.composite",
    "from_ffmpeg": "decoding.ffmpeg",
    "key": "stages.chroma_key",
    "load_segmenter": "models.load",
    "matte": "pipeline.chain",
    "open_sink": "encoding.open_sink",
    "parse_background": "stages.backgrounds",
    "prefetch": "prefetch",
    "preview": "quality.preview",
    "probe": "decoding.probe",
    "refine": "stages.refine",
    "segment": "stages.segment",
    "shape_edge": "stages.edge",
    "smooth": "stages.smooth",
    "to_ffmpeg": "encoding.ffmpeg",
    "verify": "quality.verify",
}
"""Where each public name lives."""

__all__ = [
    "Background",
    "BilinearRefinement",
    "BlurBackground",
    "ChromaKey",
    "Clip",
    "ColourBackground",
    "Despill",
    "EdgeShape",
    "Encoding",
    "ExponentialAverage",
    "ExportReport",
    "Following",
    "Frame",
    "GuidedRefinement",
    "ImageBackground",
    "InputError",
    "InputSize",
    "Matte",
    "MotionAdaptive",
    "OnnxInput",
    "OutputError",
    "Preprocessing",
    "Preview",
    "RegionFilter",
    "Report",
    "Resume",
    "Segmenter",
    "SettingError",
    "Settings",
    "SinetVideoError",
    "Sink",
    "TiledAlpha",
    "TimeRange",
    "Verification",
    "VideoBackground",
    "WeightsError",
    "WindowMean",
    "__version__",
    "apply_drawn_mattes",
    "apply_source_alpha",
    "batch",
    "composite",
    "convert",
    "decode",
    "decontaminate",
    "despill",
    "export_onnx",
    "filter_regions",
    "follow",
    "foreground",
    "from_ffmpeg",
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
