"""The server: the page, the HTTP interface and the guard before both."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from importlib.resources import files
from socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_TCP,
    SO_REUSEADDR,
    SOCK_STREAM,
    SOL_SOCKET,
    socket,
)

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp

from sinet_video.errors import SettingError
from sinet_video.serve.guard import Address, Guard, is_loopback, refused
from sinet_video.serve.limits import Limits
from sinet_video.serve.openapi.description import description
from sinet_video.serve.routes import routes
from sinet_video.serve.service import Service
from sinet_video.serve.workplace import Workplace

if sys.platform == "win32":
    from socket import SO_EXCLUSIVEADDRUSE as OWN_PORT
else:
    OWN_PORT = SO_REUSEADDR
"""What keeps a port to this server: on Windows SO_REUSEADDR would let two have it. Elsewhere that
lets the next server have it at once."""

logger = logging.getLogger("sinet_video")

MOST_CONNECTIONS = 128
LEAST_TOKEN = 16

MEDIA = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


def application(workplace: Workplace, address: Address) -> ASGIApp:
    """Return the server's application; its service lives from startup to shutdown."""
    service = Service(workplace)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        warming = asyncio.create_task(service.frames.warm())
        tidying = asyncio.create_task(service.tidy())
        yield
        tidying.cancel()
        await asyncio.gather(warming, return_exceptions=True)
        await service.close()

    app = Starlette(
        routes=[*_pages(), *routes(service)],
        lifespan=lifespan,
        exception_handlers={HTTPException: _refused, 500: _broken},
    )
    return Guard(app, address)


def _pages() -> list[Route]:
    """Return routes to the page's own files, which are read now: no path is looked up later."""

    async def described(request: Request) -> Response:
        return JSONResponse(description(request.scope["root_path"]))

    folder = files("sinet_video.serve").joinpath("page")
    found = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    pages = [Route(f"/{name}", _file(name, data)) for name, data in found.items()]
    return [
        Route("/", _file("index.html", found["index.html"])),
        Route("/api/openapi.json", described),
        *pages,
    ]


def _file(name: str, data: bytes) -> Callable[[Request], Response]:
    kind = MEDIA.get(name[name.rfind(".") :], "application/octet-stream")

    def answer(_: Request) -> Response:
        return Response(data, media_type=kind)

    return answer


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        methods = _methods(request)
        sentence = f"This address takes {' and '.join(methods)}, not {request.method}."
        answer = refused(status, sentence)
        answer.headers["Allow"] = ", ".join(methods)
        return answer
    return refused(status, {404: "There is nothing at this address."}.get(status, str(error)))


def _methods(request: Request) -> list[str]:
    """Return the methods that an address can be asked with, by all of its routes."""
    routes = [each for each in request.app.routes if each.matches(request.scope)[0] != Match.NONE]
    return sorted({method for route in routes for method in route.methods} - {"HEAD"})


async def _broken(_: Request, error: Exception) -> Response:
    logger.error("A request failed", exc_info=error)
    return refused(500, "The server failed at this; its log says why.")


def serve(address: Address, *, limits: Limits = Limits(), ready: Callable[[Address], None]) -> None:
    """Serve until interrupted; `ready` is told the address when it can be opened.

    A port of 0 is any that is free. Raises `SettingError` for an address that others reach if the
    token is short, or that cannot be used.
    """
    check_token(address)
    check_public(address)
    with closing(_listening(address)) as listening, closing(Workplace(limits)) as workplace:
        port = listening.getsockname()[1]
        address = replace(address, port=port)
        config = uvicorn.Config(
            application(workplace, address), log_config=None, access_log=False, server_header=False,
            proxy_headers=False, date_header=False, limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=30, timeout_graceful_shutdown=3, ws="none", http="h11",
        )  # fmt: skip
        ready(address)
        uvicorn.Server(config).run(sockets=[listening])


def check_token(address: Address) -> None:
    """Raise `SettingError` for a token that is too short, or has what addresses cannot have."""
    token = address.token
    if len(token) < LEAST_TOKEN or not token.isascii() or not token.replace("-", "").isalnum():
        raise SettingError(
            f"The token must be at least {LEAST_TOKEN} letters, digits and dashes; give a longer "
            "one."
        )


def check_public(address: Address) -> None:
    """Raise `SettingError` for a public address that is more, or less, than scheme and host."""
    if address.public and not re.fullmatch(r"https?://[a-z0-9.:[\]-]+", address.public):
        raise SettingError(
            f"The public address is {address.public!r}; it must be http:// or https:// and a host "
            "in lower case, without a path, such as https://mattes.example.com."
        )


def check_host(host: str, *, has_token: bool) -> None:
    """Raise `SettingError` for an address that other machines reach, unless a token was given."""
    if not is_loopback(host) and not has_token:
        raise SettingError(
            f"{host} can be reached from other machines; give --token as well, and only where you "
            "trust the network, as nothing is encrypted."
        )


def _listening(address: Address) -> socket:
    # asyncio lets what it writes wait for nothing (TCP_NODELAY) only where TCP is named: without it
    # the body of an answer waits 40 ms for the receipt of its head.
    listening = socket(AF_INET6 if ":" in address.host else AF_INET, SOCK_STREAM, IPPROTO_TCP)
    listening.setsockopt(SOL_SOCKET, OWN_PORT, 1)
    try:
        listening.bind((address.host, address.port))
    except OSError as error:
        listening.close()
        raise SettingError(
            f"{address.host}, port {address.port}, cannot be used: {error.strerror}; give another "
            "--port, or 0 for any that is free."
        ) from error
    listening.listen(MOST_CONNECTIONS)
    return listening
