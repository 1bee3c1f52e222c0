"""`sinet-video serve`: a page on which mattes are looked at, fixed and exported."""

from __future__ import annotations

import secrets
import webbrowser
from typing import TYPE_CHECKING

import click
from sinet_video.cli.options.click_options import option, options_from
from sinet_video.cli.options.command import Command
from sinet_video.cli.terminal.signals import allow

from sinet_video.extras import extra_needed
from sinet_video.serve.limits import Limits

if TYPE_CHECKING:
    from sinet_video.serve.guard import Address

SERVER = "Server"

SHUTDOWN = 30.0
"""Seconds in which the server ends its jobs and deletes all uploads."""


@click.command(cls=Command)
@option(
    "--port", type=click.IntRange(0, 65535), default=0, group=SERVER,
    show_default="one that is free", brief="The port.", help="The port to listen at.",
)  # fmt: skip
@option(
    "--host", default="127.0.0.1", group=SERVER, brief="The address to listen at.",
    help="The address to listen at; one that other machines reach needs --token.",
)  # fmt: skip
@option(
    "--token", metavar="TEXT", group=SERVER, show_default="a new one each time",
    brief="What the page's address has to contain.",
    help="What the page's address has to contain: at least 16 letters, digits and dashes.",
)  # fmt: skip
@option("--open", "browse", is_flag=True, group=SERVER, brief=True, help="Open the page as well.")
@options_from(Limits, "limits")
def serve(port: int, host: str, token: str | None, browse: bool, limits: Limits) -> None:
    """Look at mattes, fix them and export, in a browser.

    Prints the page's address, for a browser on this machine. Clips stay on this machine; all that
    was uploaded and made is deleted when the server ends (Ctrl-C). The same server answers programs
    by HTTP: see api/openapi.json under that address.
    """
    with extra_needed("The page"):
        from sinet_video.serve import app
        from sinet_video.serve.guard import Address

    app.check_host(host, has_token=token is not None)

    def ready(address: Address) -> None:
        click.echo(address.url)
        click.echo("Press Ctrl-C to end the server and delete all uploads.", err=True)
        if browse:
            webbrowser.open(address.url)

    allow(SHUTDOWN)
    app.serve(Address(host, port, token or secrets.token_hex(16)), limits=limits, ready=ready)
