"""Who may ask: checked before anything else is done, and what every answer says to browsers."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ANY = ("0.0.0.0", "::")  # compared with, not bound to

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # the address has the token
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Address:
    """Where the server is, and the token that addresses begin with.

    Attributes:
        host: the address that it listens at.
        port: its port.
        token: what only those know who may use it.
        public: under which address a proxy serves it, such as "https://mattes.example.com".
    """

    host: str
    port: int
    token: str
    public: str = ""

    @property
    def url(self) -> str:
        """The page's address, for people."""
        if self.public:
            return f"{self.public}/{self.token}/"
        host = "127.0.0.1" if self.host in ANY else self.host
        return f"http://{_bracketed(host)}:{self.port}/{self.token}/"

    def is_own(self, host: str) -> bool:
        """Whether a "host:port" is this server.

        A name of another's that leads here (DNS rebinding) is not. Where it listens at every
        address, any of them will do, but no name. The name that a proxy serves is one's own.
        """
        if self.public and host.lower() == urlsplit(self.public).netloc:
            return True
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if port != self.port or parts.username is not None or parts.path:
            return False
        return name in (*LOOPBACK, self.host) or (self.host in ANY and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach an address."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class Guard:
    """Lets a request through if it is meant for this server, by its own page or a program."""

    def __init__(self, app: ASGIApp, address: Address) -> None:
        self._app, self._address = app, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, _labelled(send))
            return
        root = f"/{self._address.token}"
        if scope["path"] == root:
            await RedirectResponse(f"{root}/")(scope, receive, _labelled(send))
            return
        await self._app({**scope, "root_path": root}, receive, _labelled(send))

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._address.is_own(hosts[0]):
            return refused(
                421,
                "The address names another server; use the one that was printed, or say by "
                "--public-url under which one it is served.",
            )
        if not self._is_own_origin(headers) or _is_foreign(scope, headers):
            return refused(403, "Another site asked for this; only the server's own page may.")
        token = scope["path"].split("/", 2)[1:2]
        if not token or not hmac.compare_digest(token[0].encode(), self._address.token.encode()):
            return refused(404, "Open the whole address that the command printed.")
        return None

    def _is_own_origin(self, headers: Headers) -> bool:
        origins = headers.getlist("origin")
        if not origins:
            return True  # no browser, or one that only reads from its own page
        if len(origins) > 1:
            return False
        if self._address.public and origins[0].lower() == self._address.public:
            return True
        return origins[0].startswith("http://") and self._address.is_own(
            origins[0].removeprefix("http://")
        )


def _is_foreign(scope: Scope, headers: Headers) -> bool:
    """Whether a browser says that another site asks, but for links to the page."""
    site = headers.get("sec-fetch-site", "same-origin")
    link = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"
    return site not in ("same-origin", "none") and not link


def _labelled(send: Send) -> Send:
    async def labelled(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return labelled


def refused(status: int, sentence: str) -> JSONResponse:
    """Return an answer that says in a sentence why it is no other."""
    return JSONResponse({"error": sentence}, status)
