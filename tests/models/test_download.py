"""Fetching from a server in this process: what is kept, what is refused, and what is said."""

from __future__ import annotations

import gc
import hashlib
import shutil
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from sinet_video.atomic import store
from sinet_video.errors import WeightsError
from sinet_video.models import download, export_sinet
from sinet_video.models.download import Remote, cached
from sinet_video.models.load import load_segmenter
from sinet_video.models.onnx import optimise
from sinet_video.models.registry import NAMED

CONTENT = bytes(range(256)) * 40
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """A web server that gives one answer, and the paths that it was asked for."""

    address: str
    answer: Answer
    asked: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def remote(self, content: bytes = CONTENT, name: str = "weights.pth") -> Remote:
        """The pin of a file on this server."""
        digest = hashlib.sha256(content).hexdigest()
        return Remote(name, f"{self.address}/{name}", len(content), digest)


def sends(content: bytes, *, declared: int | None = None, status: int = 200) -> Answer:
    """An answer with this content, perhaps declared longer than it is."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(declared or len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def sends_without_length(content: bytes) -> Answer:
    """An answer that ends when the connection does."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running server; it answers with `CONTENT` until told otherwise."""
    monkeypatch.setenv("no_proxy", "*")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            state.answer(self)
            self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        state = Server(f"http://127.0.0.1:{running.server_port}", sends(CONTENT))
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        state.closing.set()
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of one test's own."""
    monkeypatch.setenv("SINET_VIDEO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def kept(cache: Path) -> list[str]:
    """The names of all files in the cache, hidden ones too."""
    return sorted(path.name for path in cache.rglob("*"))


def refusal(remote: Remote, cache: Path) -> str:
    """What `fetch` says when it fails: one line that tells where to put the file oneself."""
    with pytest.raises(WeightsError) as caught:
        download.fetch(remote)
    message = str(caught.value)
    assert str(cache / remote.name) in message
    assert remote.url in message
    assert "\n" not in message
    return message


def test_fetched_once(server: Server, cache: Path) -> None:
    """The file is stored under its name; the second call makes no request."""
    remote = server.remote()
    path = download.fetch(remote)
    assert path == cache / "weights.pth"
    assert path.read_bytes() == CONTENT
    assert kept(cache) == ["weights.pth"]
    assert server.asked == ["/weights.pth"]
    assert download.fetch(remote) == path
    assert server.asked == ["/weights.pth"]


def test_file_put_there_by_hand(server: Server, cache: Path) -> None:
    """A file that somebody put in its place is used without a request."""
    cache.mkdir()
    (cache / "weights.pth").write_bytes(CONTENT)
    assert download.fetch(server.remote()).read_bytes() == CONTENT
    assert server.asked == []


@pytest.mark.parametrize(
    "damaged", [b"", CONTENT[:-1], CONTENT + b"!", b"!" + CONTENT[1:]],
    ids=["empty", "shorter", "longer", "changed"],
)  # fmt: skip
def test_damaged_copy_is_fetched_anew(server: Server, cache: Path, damaged: bytes) -> None:
    """A copy that is not the pinned file is replaced."""
    cache.mkdir()
    (cache / "weights.pth").write_bytes(damaged)
    assert download.fetch(server.remote()).read_bytes() == CONTENT
    assert len(server.asked) == 1
    assert kept(cache) == ["weights.pth"]


def test_damaged_copy_stays_out_of_use(server: Server, cache: Path) -> None:
    """Where a damaged copy cannot be replaced, that is an error."""
    cache.mkdir()
    (cache / "weights.pth").write_bytes(b"damaged")
    server.answer = sends(b"", status=500)
    refusal(server.remote(), cache)


def test_no_length_is_needed(server: Server, cache: Path) -> None:
    """A server that does not say how long the file is may send it."""
    server.answer = sends_without_length(CONTENT)
    assert download.fetch(server.remote()).read_bytes() == CONTENT


def test_wrong_checksum(server: Server, cache: Path) -> None:
    """A file of the right length that is another is refused and not kept."""
    server.answer = sends(CONTENT[::-1])
    assert "sha256" in refusal(server.remote(), cache)
    assert kept(cache) == []


@pytest.mark.parametrize(
    "answer",
    [
        sends(CONTENT[:5000], declared=len(CONTENT)),
        sends(CONTENT[:5000]),
        sends_without_length(CONTENT[:5000]),
    ],
    ids=["declared longer", "declared", "no length"],
)
def test_cut_off(server: Server, cache: Path, answer: Answer) -> None:
    """A download that breaks off is refused with how far it came, and not kept."""
    server.answer = answer
    assert "broke off after 5000 of 10240 bytes" in refusal(server.remote(), cache)
    assert kept(cache) == []


def test_nothing_at_all(server: Server, cache: Path) -> None:
    """An empty answer is refused."""
    server.answer = sends(b"")
    assert "broke off after 0 of" in refusal(server.remote(), cache)
    assert kept(cache) == []


@pytest.mark.parametrize("more", [b"!", CONTENT * 10])
def test_longer(server: Server, cache: Path, more: bytes) -> None:
    """A file that goes on after what was pinned is refused, however it starts."""
    server.answer = sends(CONTENT + more)
    assert "longer than 10240 bytes" in refusal(server.remote(), cache)
    assert kept(cache) == []


@pytest.mark.parametrize("status", [404, 500])
def test_status(server: Server, cache: Path, status: int) -> None:
    """An answer that is an error is refused, even if it comes with the right content."""
    server.answer = sends(CONTENT, status=status)
    assert str(status) in refusal(server.remote(), cache)
    assert kept(cache) == []


def test_answer_that_is_no_http(server: Server, cache: Path) -> None:
    """A server that speaks something else is refused."""
    server.answer = lambda handler: handler.wfile.write(b"220 ready for mail\r\n")
    refusal(server.remote(), cache)
    assert kept(cache) == []


def test_server_that_falls_silent(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download that stops without an end is given up."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        sends(CONTENT[:5000], declared=len(CONTENT))(handler)
        server.closing.wait()

    server.answer = answer
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    assert "timed out" in refusal(server.remote(), cache)
    assert kept(cache) == []


def test_no_connection(server: Server, cache: Path) -> None:
    """Without a network the message says which file to put where."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    remote = replace(server.remote(), url=f"http://127.0.0.1:{port}/weights.pth")
    message = refusal(remote, cache)
    assert "10240 bytes" in message
    assert remote.sha256[:12] in message
    assert kept(cache) == []


@pytest.mark.parametrize(
    "answer",
    [sends(CONTENT, status=404), sends(CONTENT[:5000], declared=len(CONTENT)), sends(CONTENT * 99)],
    ids=["status", "cut off", "longer"],
)
def test_no_connection_stays_open(server: Server, cache: Path, answer: Answer) -> None:
    """After a failure the connection is closed, and not left to the garbage collector."""
    server.answer = answer
    with warnings.catch_warnings(record=True, action="always") as caught:
        refusal(server.remote(), cache)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_another_try_after_a_failure(server: Server, cache: Path) -> None:
    """A failure leaves nothing that stands in the way of the next try."""
    server.answer = sends(CONTENT[:5000])
    refusal(server.remote(), cache)
    server.answer = sends(CONTENT)
    assert download.fetch(server.remote()).read_bytes() == CONTENT


def test_cache_that_cannot_be_written(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no place for the file, the message names the variable to set."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SINET_VIDEO_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(WeightsError, match="set SINET_VIDEO_CACHE"):
        download.fetch(server.remote())


# The cache.


def test_store_makes_folders_and_replaces(tmp_path: Path) -> None:
    """A file is written with the folders above it, in place of what was there."""
    target = tmp_path / "a" / "b" / "file"
    store(target, b"old")
    store(target, b"new")
    assert target.read_bytes() == b"new"
    assert kept(tmp_path) == ["a", "b", "file"]


def test_store_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk is full half-way, the old file stays and no half of the new one does."""
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def half(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space left"):
        store(target, b"something new")
    assert target.read_bytes() == b"old"
    assert kept(tmp_path) == ["file"]


def test_store_of_what_fails_its_check(tmp_path: Path) -> None:
    """The check sees the file as it was written; if it raises, the old file stays."""
    target, seen = tmp_path / "file", []
    store(target, b"old", lambda written: seen.append(written.read_bytes()))

    def refuse(written: Path) -> None:
        raise WeightsError(written.read_text())

    with pytest.raises(WeightsError, match="new"):
        store(target, b"new", refuse)
    assert seen == [b"old"]
    assert target.read_bytes() == b"old"
    assert kept(tmp_path) == ["file"]


def test_cached_makes_once(cache: Path) -> None:
    """What is in the cache is not made again; under another name it is."""
    made: list[bytes] = []

    def make() -> bytes:
        made.append(b"x" * (len(made) + 1))
        return made[-1]

    assert cached("one", make) == cached("one", make) == b"x"
    assert cached("two", make) == b"xx"
    assert [name for name in kept(cache) if not name.endswith(".sha256")] == ["one", "two"]


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/elsewhere"}, "/elsewhere/sinet_video"),
        ("linux", {"XDG_CACHE_HOME": ""}, "/home/me/.cache/sinet_video"),
        ("darwin", {"XDG_CACHE_HOME": "/elsewhere"}, "/home/me/Library/Caches/sinet_video"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/sinet_video"),
        ("linux", {"SINET_VIDEO_CACHE": "/chosen"}, "/chosen"),
        ("darwin", {"SINET_VIDEO_CACHE": "/chosen"}, "/chosen"),
    ],
)
def test_cache_folder(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], expected: str
) -> None:
    """The cache is where each system keeps its caches, unless the variable says otherwise."""
    monkeypatch.delenv("SINET_VIDEO_CACHE")
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    found = download.cache_folder()
    monkeypatch.undo()
    assert found == Path(expected)


# The official weights.


def fetch_from(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the official weights fetched from elsewhere."""
    row = NAMED["official"]
    assert row.download is not None
    moved = replace(row, download=replace(row.download, url=url))
    monkeypatch.setitem(NAMED, "official", moved)


PINS = pytest.mark.parametrize(
    "pin",
    [row.download for row in NAMED.values() if row.download],
    ids=[name for name, row in NAMED.items() if row.download],
)


@PINS
def test_pin_is_the_recorded_file(shared: Path, pin: Remote) -> None:
    """Size and sha256 are those of the released weights."""
    content = (shared / "weights" / pin.name).read_bytes()
    assert pin.size == len(content)
    assert pin.sha256 == hashlib.sha256(content).hexdigest()


@PINS
def test_pin_is_a_fixed_commit(pin: Remote) -> None:
    """The file is fetched by https from a commit, which cannot change, and not from a branch."""
    assert pin.url.startswith("https://raw.githubusercontent.com/clovaai/")
    commit = pin.url.split("/")[5]
    assert len(commit) == 40
    assert int(commit, 16)


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_official_weights_from_end_to_end(
    server: Server, shared: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    """`weights="official"` is fetched once, and then gives the alpha of the reference code."""
    content = (shared / "weights" / "SINet-official.pth").read_bytes()
    server.answer = sends(content)
    url = f"{server.address}/SINet.pth"
    fetch_from(url, monkeypatch)
    with np.load(shared / "golden" / "sinet_portrait.npz") as golden:
        rgb = np.ascontiguousarray(golden["bgr"][0, ..., ::-1])
        evidence = golden["logits"][0, 1] - golden["logits"][0, 0]
    alpha = load_segmenter("official", runtime=runtime)(rgb)  # type: ignore[arg-type]
    assert np.abs(alpha - 1 / (1 + np.exp(-evidence))).max() <= 1e-3
    assert "SINet-official.pth" in kept(cache)
    again = load_segmenter("official", runtime=runtime)(rgb)  # type: ignore[arg-type]
    assert np.array_equal(again, alpha)
    assert server.asked == ["/SINet.pth"]


def test_official_weights_that_were_tampered_with(
    server: Server, shared: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other weights under the same name are not used."""
    server.answer = sends((shared / "weights" / "SINet-bootstrap.pth").read_bytes())
    url = f"{server.address}/SINet.pth"
    fetch_from(url, monkeypatch)
    with pytest.raises(WeightsError, match="not the file that was expected"):
        load_segmenter("official")
    assert kept(cache) == []


def test_official_weights_put_there_by_hand(
    server: Server, shared: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network, the file that the message asks for is enough."""
    fetch_from(server.address, monkeypatch)
    cache.mkdir()
    shutil.copy(shared / "weights" / "SINet-official.pth", cache)
    monkeypatch.setattr(export_sinet, "fast", lambda network: b"never run")
    monkeypatch.setattr(optimise, "optimised", lambda graph: graph)
    assert load_segmenter("official").device == "cpu"
    assert server.asked == []
