"""`sinet-video live`: a camera or a stream."""

from __future__ import annotations

import sys

import click
from sinet_video.cli.options.click_options import options_from, overwrite_option, report_option
from sinet_video.cli.options.command import Command
from sinet_video.cli.options.console import console_options
from sinet_video.cli.options.output import OutputOptions
from sinet_video.cli.terminal.console import Console
from sinet_video.cli.terminal.live_progress import LiveLine, noted
from sinet_video.cli.terminal.reports import check_reports, write_report
from sinet_video.cli.terminal.signals import interrupts

from sinet_video.encoding.settings import Encoding
from sinet_video.errors import SettingError
from sinet_video.pipeline.settings import Settings
from sinet_video.stages.matte_settings import WindowMean
from sinet_video.streaming.settings import Streaming

FINISHING = 600.0
"""Seconds that the index of a long file may take to write after an interrupt."""

NOT_LIVE = ("start_number",)
"""Settings of what live video does not have."""

LOST = frozenset({"input lost", "output lost"})
"""Ends that are failures, after what there was has been written."""


@click.command(cls=Command)
@click.argument("source", metavar="INPUT")
@click.argument("output", metavar="OUTPUT")
@options_from(OutputOptions, "look")
@options_from(Streaming, "streaming")
@options_from(Encoding, "encoding", without=NOT_LIVE)
@options_from(Settings, "settings")
@overwrite_option
@report_option
@console_options
def live(
    source: str,
    output: str,
    look: OutputOptions,
    streaming: Streaming,
    encoding: Encoding,
    settings: Settings,
    overwrite: bool,
    report_file: str | None,
    console: Console,
) -> None:
    """Cut the person out of live video: a camera or a stream, until Ctrl-C.

    INPUT is camera, camera:NAME or camera:NUMBER; a device such as v4l2:/dev/video2; the URL of a
    stream; - for a pipe; or a file, which is played in real time. OUTPUT is the URL of a stream
    (rtmp://, rtsp://, srt://, udp://, tcp://, or HLS by https://), a playlist such as
    live/stream.m3u8, camera for a virtual camera, - for a pipe, or a file. Frames for which there
    is no time are dropped; audio is not, and keeps its time. Smoothing is adaptive by default.
    """
    _check_smoothing(settings)
    if report_file == "-" and output == "-":
        raise SettingError("Standard output has the video, so --json cannot go there; give a file.")
    check_reports({"report": report_file}, {"input": source}, overwrite=overwrite)
    from sinet_video.streaming.live import live as run_live

    line = LiveLine(console)
    try:
        with noted(console, line), interrupts(patience=FINISHING) as stop:
            report = run_live(
                source,
                output,
                background=look.background,
                fit=look.fit,
                show=look.show,
                settings=settings,
                encoding=encoding,
                streaming=streaming,
                overwrite=overwrite,
                stop=stop,
                progress=line,
            )
    except BaseException:
        line.clear()
        raise
    line.finish(report)
    if report_file:
        write_report(report_file, report.to_json(), overwrite=overwrite)
    if report.ended in LOST:
        lost = report.source if report.ended == "input lost" else report.output
        click.echo(f"sinet-video: {lost} was lost, and did not come back.", err=True)
        sys.exit(1)


def _check_smoothing(settings: Settings) -> None:
    """Raise `SettingError` for smoothing that was asked for and would be replaced."""
    source = click.get_current_context().get_parameter_source("smooth")
    asked = source not in (None, click.core.ParameterSource.DEFAULT)
    if asked and isinstance(settings.smoothing, WindowMean):
        raise SettingError(
            "--smooth window waits for later frames, which live video does not; use adaptive, "
            "exponential or off."
        )
