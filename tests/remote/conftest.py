"""A web server that behaves as badly as it is told, and a real S3 server on this machine."""

from __future__ import annotations

import os
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from web_site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on this machine."""
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def do_PUT(self) -> None:
            found.requests.append(("PUT", self.headers.get("If-None-Match", "")))
            content = self.rfile.read(int(self.headers["Content-Length"]))
            fault = found.faults.pop(0) if found.faults else ""
            if fault == "busy":
                self.send_error(503)
            elif self.headers.get("If-None-Match") == "*" and self.path in found.files:
                self.send_error(412)
            else:
                found.files[self.path] = content
                self.send_response(201)
                self.end_headers()

        def answer(self, *, body: bool) -> None:
            content = found.files.get(self.path.partition("?")[0])
            wanted = self.headers.get("Range", "")
            found.requests.append((self.command, wanted))
            fault = found.faults.pop(0) if body and found.faults else ""
            if content is None:
                self.send_error(404)
                return
            if fault == "busy" or (fault == "" and self.path.endswith("?signed") and not body):
                self.send_error(503 if body else 403)
                return
            start = int(wanted[6:].partition("-")[0]) if wanted and found.ranges else 0
            self.send_response(206 if wanted and found.ranges else 200)
            if wanted and found.ranges:
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                )
            self.send_header("Content-Length", str(len(content) - start + found.longer))
            self.send_header("ETag", '"2"' if fault == "changed" else '"1"')
            self.end_headers()
            if body:
                rest = content[start:]
                self.wfile.write(rest[: len(rest) // 2] if fault in ("cut", "stall") else rest)
                self.wfile.flush()
                if fault == "stall":
                    time.sleep(3)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A bucket called "films" of an S3 server on this machine, as botocore's client of it."""
    server_module = pytest.importorskip("moto.server")
    boto3 = pytest.importorskip("boto3")
    pytest.importorskip("s3fs")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    # Its memory is the process's, not the server's.
    request = urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")
    urllib.request.urlopen(request).close()
    client = boto3.client("s3")
    client.create_bucket(Bucket="films")
    yield client
    server.stop()
