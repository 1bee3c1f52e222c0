"""Entry point: the group of commands, and what happens when one fails."""

from __future__ import annotations

import errno
import signal
import sys
from typing import Any, NoReturn, TextIO, cast

import click
from sinet_video.cli.batches.batch import batch
from sinet_video.cli.batches.join import join
from sinet_video.cli.batches.plan import plan
from sinet_video.cli.evaluate import evaluate
from sinet_video.cli.export import export
from sinet_video.cli.generate import generate
from sinet_video.cli.info import info
from sinet_video.cli.preview import preview
from sinet_video.cli.run import run
from sinet_video.cli.signals import heed, status_of
from sinet_video.cli.streams import Unheard, open_closed_streams, printable
from sinet_video.cli.train import train
from sinet_video.cli.verify import verify

from sinet_video._version import __version__
from sinet_video.errors import SettingError, SinetVideoError, reason

STOPPED = status_of(signal.SIGINT)


class Group(click.Group):
    """Ends the library's errors in one sentence; exit status 2 for usage, 1 for failures."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SinetVideoError as error:
            _fail(str(error), 2 if isinstance(error, SettingError) else 1)
        except KeyboardInterrupt:
            sys.exit(STOPPED)
        except MemoryError:
            _fail("There is not enough memory for this.")
        except (OSError, EOFError) as error:
            _fail(_in_words(error))


def _fail(message: str, status: int = 1) -> NoReturn:
    click.echo(f"sinet-video: {printable(message, lines=True)}", err=True)
    sys.exit(status)


def _in_words(error: OSError | EOFError) -> str:
    """Say what the system refused, where no other place has said it better."""
    if getattr(error, "errno", None) == errno.EPIPE:
        return "The program that standard output went to has ended."
    what = getattr(error, "filename", None)
    where = f"{what}: " if what is not None else ""
    return f"{where}{reason(error)}."


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sinet-video")
def cli() -> None:
    """Cut people out of video: green screens, new backgrounds, alpha channels."""


cli.add_command(run)
cli.add_command(info)
cli.add_command(batch)
cli.add_command(plan)
cli.add_command(join)
cli.add_command(export)
cli.add_command(evaluate)
cli.add_command(generate)
cli.add_command(train)
cli.add_command(verify)
cli.add_command(preview)


def main() -> None:
    """Run the command line; being interrupted or terminated cleans up, and always ends it."""
    open_closed_streams()
    if sys.stderr is not None:
        sys.stderr = cast(TextIO, Unheard(sys.stderr))
    heed()
    cli(prog_name="sinet-video")
