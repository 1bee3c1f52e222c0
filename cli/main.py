"""Entry point: the group of commands, and what happens when one fails."""

from __future__ import annotations

import errno
import signal
import sys
from typing import Any, NoReturn, TextIO, cast

import click
from sinet_video.cli.lazy_commands import LazyCommands
from sinet_video.cli.terminal.ending import run_to_end
from sinet_video.cli.terminal.events import EVENTS, write_event
from sinet_video.cli.terminal.remedies import in_options
from sinet_video.cli.terminal.signals import install_handlers, status_of, stopped_by
from sinet_video.cli.terminal.streams import (
    Unheard,
    escape_what_is_lacking,
    open_closed_streams,
)

from sinet_video._version import __version__
from sinet_video.errors import SettingError, SinetVideoError, reason
from sinet_video.words import printable

STOPPED = status_of(signal.SIGINT)

SECTIONS = {
    "Cut people out": {
        "run": "Cut the person out of a video.",
        "batch": "Cut the person out of many videos.",
        "live": "Cut the person out of a camera or a stream.",
    },
    "One video on many machines": {
        "plan": "Show how a video is divided among machines.",
        "join": "Join the parts of a video.",
    },
    "Check results": {
        "preview": "Make a visual report on a clip's matte.",
        "serve": "Review, correct and export mattes in a browser.",
        "verify": "Check a result, alone or against its source.",
        "info": "Show the properties of a file.",
    },
    "Networks": {
        "export": "Write the network as an ONNX file.",
        "evaluate": "Measure mattes against ground truth.",
        "generate": "Make training images with masks.",
        "train": "Train the network.",
    },
    "This program": {
        "doctor": "Show versions, encoders, devices and caches.",
        "tidy": "Show, and remove, what killed runs left.",
    },
}
"""The commands in the order of use, with the help of each, so that listing them imports none."""


class Group(click.Group):
    """Ends the library's errors in one sentence; exit status 2 for usage, 1 for failures."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SinetVideoError as error:
            command = self.commands.get(ctx.invoked_subcommand or "")
            _fail(ctx, in_options(error, command), 2 if isinstance(error, SettingError) else 1)
        except KeyboardInterrupt:
            sys.exit(STOPPED)
        except MemoryError:
            _fail(ctx, "There is not enough memory for this.")
        except (OSError, EOFError) as error:
            _fail(ctx, _in_words(error))
        except Exception:
            if (number := stopped_by()) is not None:  # while a library was being loaded
                sys.exit(status_of(number))
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of use."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, a line each, under headings."""
        width = max(map(len, self.commands))
        for heading, summaries in SECTIONS.items():
            with formatter.section(heading):
                rows = [(f"{name:<{width}}", summary) for name, summary in summaries.items()]
                formatter.write_dl(rows)


def _fail(ctx: click.Context, message: str, status: int = 1) -> NoReturn:
    if ctx.find_root().meta.get(EVENTS):
        write_event("error", message=message, status=status)
    else:
        click.echo(printable(f"sinet-video: {message}", but="\n"), err=True)
    sys.exit(status)


def _in_words(error: OSError | EOFError) -> str:
    """Say what the system refused, where no other place has said it better."""
    if getattr(error, "errno", None) == errno.EPIPE:
        return "The program that standard output went to has ended."
    what = getattr(error, "filename", None)
    where = f"{what}: " if what is not None else ""
    return f"{where}{reason(error)}."


@click.group(
    cls=Group,
    commands=LazyCommands([name for names in SECTIONS.values() for name in names]),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="sinet-video")
def cli() -> None:
    """Cut people out of video: green screens, new backgrounds, alpha channels.

    Run sinet-video COMMAND --help for the options of a command.
    """


def main() -> NoReturn:
    """Run the command line; being interrupted or terminated cleans up, and always ends it."""
    open_closed_streams()
    escape_what_is_lacking()
    if sys.stderr is not None:
        sys.stderr = cast(TextIO, Unheard(sys.stderr))
    run_to_end(_listen_and_run)


def _listen_and_run() -> None:
    install_handlers()
    # click would take brackets in the name of a file for a pattern there, and so another file.
    cli(prog_name="sinet-video", windows_expand_args=False)
