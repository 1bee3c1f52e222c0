"""`sinet-video serve`: a page on which mattes are reviewed, corrected and exported."""

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
    show_default="any free port", brief="Port to listen on.", help="Port to listen on.",
)  # fmt: skip
@option(
    "--host", default="127.0.0.1", group=SERVER, brief="Address to listen on.",
    help="Address to listen on; one that other machines can reach needs --token.",
)  # fmt: skip
@option(
    "--token", metavar="TEXT", group=SERVER, show_default="a new one for each run",
    brief="Secret that the page's address contains.",
    help="Secret that the page's address contains: at least 16 letters, digits and dashes.",
)  # fmt: skip
@option(
    "--public-url", "public", metavar="URL", default="", group=SERVER,
    show_default="none", brief="Address under which a proxy serves the page.",
    help="Address under which a proxy serves the page, such as https://mattes.example.com; other "
    "names that lead here are refused.",
)  # fmt: skip
@option(
    "--open", "browse", is_flag=True, group=SERVER, brief=True, help="Open the page in a browser."
)
@options_from(Limits, "limits")
def serve(
    port: int, host: str, token: str | None, public: str, browse: bool, limits: Limits
) -> None:
    """Review, correct and export mattes in a browser.

    Prints the address of the page; open it in a browser on this machine. Clips do not leave this
    machine, and all uploads and results are deleted when the server stops (Ctrl-C). Programs can
    use the same server over HTTP: see api/openapi.json under that address.
    """
    with extra_needed("The page"):
        from sinet_video.serve import app
        from sinet_video.serve.guard import Address

    app.check_host(host, has_token=token is not None)

    def ready(address: Address) -> None:
        click.echo(address.url)
        click.echo("Press Ctrl-C to stop the server and delete all uploads and results.", err=True)
        if browse:
            webbrowser.open(address.url)

    allow(SHUTDOWN)
    own = Address(host, port, token or secrets.token_hex(16), public.rstrip("/"))
    app.serve(own, limits=limits, ready=ready)
