"""A server as people start it, and a client that says what it likes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browsing import opened

PATIENCE = 120


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return self.json["error"]


@dataclass(frozen=True)
class Server:
    url: str
    folder: Path
    process: subprocess.Popen[str]

    @property
    def token(self) -> str:
        return urlsplit(self.url).path.strip("/")

    @property
    def port(self) -> int:
        return urlsplit(self.url).port

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def raw(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask for a path as it is, token and all."""
        connection = self.connect()
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        answer = Answer(response.status, response.read(), dict(response.getheaders()))
        connection.close()
        return answer

    def ask(self, method: str, path: str, data: Any = None, **headers: str) -> Answer:
        """Ask for a path below /TOKEN/api; what is no bytes is sent as JSON."""
        if data is not None and not isinstance(data, bytes):
            data, headers = (
                json.dumps(data).encode(),
                {"Content-Type": "application/json", **headers},
            )
        return self.raw(method, f"/{self.token}/api{path}", data, **headers)

    def upload(self, clip: Path, name: str = "talk.mp4") -> dict[str, Any]:
        answer = self.ask("PUT", f"/clips?name={name}", clip.read_bytes())
        assert answer.status == 201, answer.body
        return answer.json

    def job(self, name: str, *states: str) -> dict[str, Any]:
        """A job when it is in one of some states."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = self.ask("GET", f"/jobs/{name}").json
            if found["state"] in states:
                return found
            assert found["state"] in ("queued", "running", "checking"), found
            time.sleep(0.2)
        raise AssertionError(found)

    def look(self, clip: dict[str, Any]) -> dict[str, Any]:
        """The first job of a clip, which looks through it."""
        jobs = self.ask("GET", "").json["jobs"]
        return next(job for job in jobs if job["clip"] == clip["id"])

    def working(self) -> list[int]:
        """The processes that work in a clip's folder."""
        found = []
        for link in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                if re.fullmatch(f"{self.folder}/[^/]+/[0-9a-f]{{16}}", str(link.readlink())):
                    found.append(int(link.parent.name))
        return found

    def forget(self) -> None:
        for clip in self.ask("GET", "").json["clips"]:
            self.ask("DELETE", f"/clips/{clip['id']}")


@pytest.fixture(scope="module")
def start(tmp_path_factory) -> Iterator[Callable[..., Server]]:
    """Start `sinet-video serve` with options; all are ended at the end."""
    started: list[subprocess.Popen[str]] = []

    def run(*options: str, **environment: str) -> Server:
        folder = tmp_path_factory.mktemp("serve")
        process = subprocess.Popen(
            [sys.executable, "-m", "sinet_video", "serve", *options],
            env={**os.environ, "TMPDIR": str(folder), **environment},
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        started.append(process)
        url = process.stdout.readline().strip()
        assert url.startswith("http"), url
        return Server(url, folder, process)

    yield run
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        process.stdout.close()


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def module_server(start) -> Server:
    return start("--max-size", "1", "--max-clips", "4", "--max-length", "60")


@pytest.fixture(scope="module")
def page_server(start) -> Server:
    return start("--max-clips", "5")


@pytest.fixture
def page(browser, page_server: Server) -> Any:
    """The page, and nothing of the test before."""
    browser.get("about:blank")  # what the test before was uploading ends
    page_server.forget()
    return opened(browser, page_server.url)


@pytest.fixture
def server(module_server: Server) -> Iterator[Server]:
    """A server without clips; files may have a megabyte, clips a minute."""
    yield module_server
    module_server.forget()
