"""Live video: frames come, are matted and go out again, at once or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from av.container import OutputContainer

from sinet_video.atomic import check_file
from sinet_video.checked import check_kinds
from sinet_video.containers.formats import PIPE, container_of
from sinet_video.decoding.access import Source, StrPath
from sinet_video.encoding.open_sink import as_folder, check_output, open_sink
from sinet_video.encoding.plan import plan, plan_in
from sinet_video.encoding.settings import Encoding
from sinet_video.encoding.sink import Sink
from sinet_video.errors import SettingError
from sinet_video.paths import check_named, check_paths
from sinet_video.pipeline.chain import Work
from sinet_video.pipeline.output_kind import OutputKind, Show, kind_in, output_kind
from sinet_video.pipeline.settings import Settings
from sinet_video.remote.address import check_allowed, without_secrets
from sinet_video.stages.composite import Background
from sinet_video.stages.fit_background import Fit
from sinet_video.stages.matte_settings import MotionAdaptive, WindowMean
from sinet_video.streaming.address import Target, target_of
from sinet_video.streaming.audio_output import AudioOutput
from sinet_video.streaming.camera_sink import CameraSink
from sinet_video.streaming.capture import Capture
from sinet_video.streaming.recovering import Recovering
from sinet_video.streaming.report import LiveProgress, LiveReport
from sinet_video.streaming.session import Session
from sinet_video.streaming.settings import Streaming
from sinet_video.streaming.stream_sink import StreamSink, container_in, plan_stream

CAUSAL = Settings(smoothing=MotionAdaptive())
"""The default settings of live video: smoothing uses frames that have come, and no later ones."""


def _never() -> bool:
    return False


def live(
    source: StrPath | Source,
    output: str | Path,
    *,
    background: StrPath | Source | Background | None = None,
    fit: Fit = "cover",
    show: Show = "composite",
    settings: Settings = CAUSAL,
    encoding: Encoding = Encoding(),
    streaming: Streaming = Streaming(),
    overwrite: bool = False,
    stop: Callable[[], bool] = _never,
    progress: LiveProgress | None = None,
) -> LiveReport:
    """Cut the person out of live video, as `sinet-video live` does, until it ends.

    `source` is a camera ("camera", "camera:NAME", "v4l2:/dev/video2"), the URL of a stream, a pipe,
    or a file, which is played in real time. `output` is the URL of a stream (rtmp, rtsp, srt, udp
    or tcp, or HLS over HTTP), an .m3u8 playlist in a folder, a virtual camera ("camera", with the
    extra `camera`), "-" for standard output, or a file as for `convert`. Audio of the
    source keeps its time: it is copied, or re-encoded where the output cannot hold it, as
    `encoding.audio` says; a virtual camera has none.

    Frames are sent as soon as they can be, and dropped rather than queued. So smoothing by a window
    of frames, which waits for later ones, is not possible: the default one is replaced by
    `MotionAdaptive`, and any other refused. A camera or host that is lost is waited for, which is
    logged once as a warning, and once more when it is back.

    `stop` is asked several times a second, from another thread, whether to end; a file is whole
    then, and appears. After an error it does not. Raises `InputError`, `OutputError`,
    `SettingError` or `WeightsError`.
    """
    check_named(input=source, background=background)
    check_paths(output=output)
    check_kinds(settings=(settings, Settings), encoding=(encoding, Encoding))
    check_kinds(streaming=(streaming, Streaming))
    settings, target = _causal(settings), target_of(output)
    _check(target, encoding, settings, overwrite=overwrite)
    behind = settings.background(background)
    look = _look(target, behind, fit, show, encoding)
    _check_plan(target, look, encoding, overwrite=overwrite)
    segmenter = settings.load()
    wanted = encoding.audio != "none" and _holds_audio(target, encoding)
    clip_source = settings.clip_source(source)
    with closing(Capture(clip_source, settings, streaming, audio=wanted)) as capture:
        settings.check(capture.clip)
        if target.kind == "file":
            check_output(Path(target.name), capture.clip.path, overwrite=overwrite)
        sink = _sink(target, capture, look, encoding, streaming, overwrite=overwrite)
        sink.warnings += _remarks(capture, encoding)
        work = Work(settings, capture.clip, look, prompt=True)
        session = Session(capture, sink, work, stop, streaming)
        with sink:
            session.run(segmenter, progress)
    return session.report(target, segmenter)


def _causal(settings: Settings) -> Settings:
    if settings.smoothing == WindowMean():
        return replace(settings, smoothing=CAUSAL.smoothing)
    if isinstance(settings.smoothing, WindowMean):
        raise SettingError(
            "Smoothing by a window waits for later frames, which live video does not; use "
            "MotionAdaptive, ExponentialAverage or None."
        )
    return settings


def _check(target: Target, encoding: Encoding, settings: Settings, *, overwrite: bool) -> None:
    """Raise for an output that cannot be, before anything is opened."""
    if target.kind == "stream":
        check_allowed(target.name, settings.allow)
        if "://" not in target.name:
            check_file(Path(target.name), overwrite=overwrite)
    elif target.kind == "file" and container_of(Path(target.name), encoding.format).animation:
        raise SettingError(
            f"{target.name} is an image that moves, which is made when all frames are there; write "
            ".mp4, .mkv, .mov or .webm."
        )


def _look(
    target: Target, behind: Source | Background | None, fit: Fit, show: Show, encoding: Encoding
) -> OutputKind:
    if target.kind == "file":
        return output_kind(Path(target.name), behind, fit, show, encoding)
    if target.kind == "camera":
        return output_kind(Path("camera.mp4"), behind, fit, show, encoding)
    return kind_in(container_in(target, encoding), behind, fit, show, encoding)


def _check_plan(target: Target, look: OutputKind, encoding: Encoding, *, overwrite: bool) -> None:
    """Raise for what cannot be encoded or written, as sinks would once the input is open."""
    if target.kind == "file":
        path, own = as_folder(target.name, encoding)
        plan(path, look.content, "yuv420p", own)
        check_output(path, PIPE, form=own.format, overwrite=overwrite)
    elif target.kind != "camera":
        plan_in(container_in(target, encoding), target.name, look.content, "yuv420p", encoding)


def _sink(
    target: Target,
    capture: Capture,
    look: OutputKind,
    encoding: Encoding,
    streaming: Streaming,
    *,
    overwrite: bool,
) -> Sink:
    clip, content = capture.clip, look.content
    audio = _audio(capture, encoding)
    if target.kind == "file":
        return open_sink(
            Path(target.name), clip, content=content, encoding=encoding, overwrite=overwrite,
            beside=None if audio is None else lambda output, _: audio(output),
        )  # fmt: skip
    if target.kind == "camera":
        return CameraSink(target, clip, content)
    plan = plan_stream(target, clip, content, encoding, streaming)
    if "://" not in target.name:
        return StreamSink(target, clip, content, plan, audio)
    return Recovering(
        lambda: StreamSink(target, clip, content, plan, audio),
        without_secrets(target.name),
        streaming.give_up,
        capture.audio.clear if capture.audio is not None else lambda: None,
    )


def _holds_audio(target: Target, encoding: Encoding) -> bool:
    if target.kind == "camera":
        return False
    if target.kind == "file":
        container = container_of(Path(target.name), encoding.format)
        return not (container.alone or container.is_image_sequence)
    return not container_in(target, encoding).alone


def _remarks(capture: Capture, encoding: Encoding) -> list[str]:
    """Return what to say of audio that does not go on."""
    if not capture.tracks or encoding.audio == "none":
        return []
    if capture.audio is None:
        return ["The output has no audio: that of the input is left out."]
    if capture.tracks == 1:
        return []
    return [f"Of the {capture.tracks} audio tracks of the input, one is in the output."]


def _audio(capture: Capture, encoding: Encoding) -> Callable[[OutputContainer], AudioOutput] | None:
    """Return what adds the input's audio to an output; None if it has none."""
    queue = capture.audio
    if queue is None or queue.format is None:
        return None
    return lambda output: AudioOutput(queue, output, encoding.audio)
