"""What people and programs try that a server on one's own machine must not allow."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from sinet_video.errors import SettingError
from sinet_video.serve import uploads, workplace
from sinet_video.serve.app import check_host, check_public, check_token
from sinet_video.serve.guard import Address
from sinet_video.serve.limits import Limits
from sinet_video.serve.workplace import FullError, Workplace, shown_name


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    return make_clip("clip.mp4")


@pytest.fixture(scope="module")
def long_clip(make_clip) -> Path:
    return make_clip("long.mp4", frames=600)


def test_a_name_that_leads_here_is_refused(server):
    """DNS rebinding: another's name whose address is ours."""
    path = f"/{server.token}/api"
    for host in (
        "evil.example", f"evil.example:{server.port}", f"127.0.0.1.nip.io:{server.port}",
        f"localhost.evil.example:{server.port}", "127.0.0.1:1", "127.0.0.1", "",
        f"evil.example@127.0.0.1:{server.port}", f"127.0.0.1:{server.port}/x", "[::1",
    ):  # fmt: skip
        answer = server.raw("GET", path, Host=host)
        assert answer.status in (400, 421), host
    for host in ("127.0.0.1", "localhost", "[::1]", "LOCALHOST"):
        assert server.raw("GET", path, Host=f"{host}:{server.port}").status == 200, host


def test_two_hosts_or_none_are_refused(server):
    head = f"GET /{server.token}/api HTTP/1.1\r\n"
    own = f"Host: 127.0.0.1:{server.port}\r\n"
    for hosts in ("", own + "Host: evil.example\r\n"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
            line.sendall(f"{head}{hosts}Connection: close\r\n\r\n".encode())
            assert line.recv(100).split()[1] in (b"400", b"421")


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "OPTIONS"])
def test_another_site_is_refused(server, method):
    for origin in (
        "http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", "file://",
        f"http://evil.example:{server.port}", f"https://127.0.0.1:{server.port}",
    ):  # fmt: skip
        answer = server.ask(method, "", b"", Origin=origin)
        assert answer.status == 403, origin
        assert not any(name.lower().startswith("access-control") for name in answer.headers)
    assert server.ask(method, "", b"", Sec_Fetch_Site="cross-site").status == 403
    assert server.ask("GET", "", Origin=f"http://127.0.0.1:{server.port}").status == 200


def test_a_link_from_elsewhere_opens_the_page_and_only_that(server):
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert server.raw("GET", f"/{server.token}/", **link).status == 200
    assert server.raw("POST", f"/{server.token}/", **link).status == 403


def test_nothing_is_answered_without_the_token(server):
    for path in (
        "/",
        "/api",
        "/api/clips",
        "/app.js",
        f"/{server.token[:-1]}/api",
        f"//{server.token}/api",
        f"/{server.token}x/api",
        "/%c3%a9/api",
    ):
        answer = server.raw("GET", path)
        assert answer.status == 404, path
        assert server.token.encode() not in answer.body


def test_a_wrong_method_is_refused_in_a_sentence(server):
    answer = server.ask("PATCH", "/clips", b"")
    assert (answer.status, answer.error) == (405, "This address takes PUT, not PATCH.")
    answer = server.ask("POST", "/clips/any", b"")
    assert (answer.status, answer.error) == (405, "This address takes DELETE and GET, not POST.")
    assert answer.headers["allow"] == "DELETE, GET"


def test_no_path_leads_out_of_the_page(server, clip):
    found = server.upload(clip)
    root = f"/{server.token}"
    for path in (
        "/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd",
        "//etc/passwd",
        "/app.js/../../guard.py", "/..\\..\\guard.py", "/guard.py", "/%00", "/page/app.js",
        f"/api/clips/{found['id']}/mattes/..%2fclip.mp4", f"/api/clips/..%2f{found['id']}/poster",
        f"/api/clips/{found['id']}%2f..%2f{found['id']}/poster", "/api/clips/%2e%2e/poster",
        f"/api/clips/{found['id']}/../../lock", "/api/jobs/..%2flock/result",
    ):  # fmt: skip
        assert server.raw("GET", root + path).status in (400, 404, 405), path


def test_odd_names_are_only_shown(server, clip):
    for given, shown in {
        "../../etc/passwd": "passwd", "C:\\Windows\\x.mp4": "x.mp4", "": "clip", "...": "clip",
        "a\x00b\n\x1b[31m.mp4": "ab[31m.mp4", "/": "clip", "\u202egpj.mp4": "gpj.mp4",
        "x" * 500: "x" * 200, "ü" * 500 + ".mp4": "ü" * 98 + ".mp4",
        "a." + "x" * 500: "a." + "x" * 198,
        "clip.zip": "clip.zip", "--overwrite": "--overwrite",
    }.items():  # fmt: skip
        assert shown_name(given) == shown, given
    found = server.upload(clip, "--overwrite%20%3B%20rm%20-rf%20~.mp4")
    command = server.ask("GET", f"/clips/{found['id']}/commands").json["premiere"]
    assert "'./--overwrite ; rm -rf ~.mp4'" in command
    kept = {path.name for path in (next(server.folder.glob(f"*/{found['id']}"))).iterdir()}
    assert "clip.mp4" in kept
    assert not any("overwrite" in name for name in kept)


def test_a_playlist_makes_it_read_nothing_else(server, clip):
    """An upload that names other files, such as the server's own, is refused."""
    secret = server.folder / "secret.mp4"
    shutil.copy(clip, secret)
    for body in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {secret}\n",
    ):
        assert server.ask("PUT", "/clips?name=x.mp4", body.encode()).status == 422
    secret.unlink()


def test_links_in_its_folder_are_not_followed(server, clip):
    found = server.upload(clip)
    server.job(server.look(found)["id"], "done")
    folder = next(path for path in server.folder.glob(f"*/{found['id']}"))
    for name, address in (("poster.jpg", "poster"), ("figures.json", "figures")):
        (folder / name).unlink()
        (folder / name).symlink_to("/etc/passwd")
        assert server.ask("GET", f"/clips/{found['id']}/{address}").status == 404
    assert server.ask("DELETE", f"/clips/{found['id']}").status == 204
    assert Path("/etc/passwd").exists()


def test_a_body_that_says_it_is_too_large_is_refused_unread(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(
            f"PUT /{server.token}/api/clips HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            "Content-Length: 999999999999\r\n\r\n".encode()
        )
        assert line.recv(100).split()[1] == b"413"


def test_a_refused_body_does_not_cost_the_answer(server, clip):
    """It is read to its end where it is small: a connection closed on unread bytes is reset."""
    found = server.upload(clip)
    path = f"/clips/{found['id']}/jobs"
    for size in (10, 100_000, 4_000_000):
        for _ in range(5):
            answer = server.ask("POST", path, b"x" * size, Content_Type="text/plain")
            assert answer.status == 422
            assert answer.error.startswith("The body must be JSON")


def test_an_endless_body_is_cut_off(server):
    """Chunks without end: refused at the limit, nothing kept."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as line:
        line.sendall(
            f"PUT /{server.token}/api/clips HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        sent, chunk = 0, b"10000\r\n" + bytes(65536) + b"\r\n"
        try:
            while sent < 50 * 10**6:
                line.sendall(chunk)
                sent += 65536
        except OSError:
            pass  # it hung up
        assert sent < 30 * 10**6
    assert not list(server.folder.glob("*/*/clip*"))
    assert server.ask("GET", "").json["clips"] == []


def test_a_large_or_deep_request_is_refused(server, clip):
    found = server.upload(clip)
    path = f"/clips/{found['id']}/strokes"
    kind = {"Content_Type": "application/json"}
    assert server.ask("PUT", path, b"[" * 5 * 10**6, **kind).status == 413
    assert server.ask("PUT", path, b"[" * 10**6, **kind).status == 422
    assert server.ask("PUT", path, b"[]").status == 422  # no type: what a foreign form could send
    assert server.ask("PUT", path, b"NaN", **kind).status == 422
    stroke = {"kind": "core", "shape": "brush", "points": [[float("nan"), 0]]}
    assert server.ask("PUT", path, [stroke]).status == 422
    assert server.ask("PUT", path, [{**stroke, "points": [[0, 0]]}] * 501).status == 422
    assert server.ask("GET", f"/clips/{found['id']}/frame?side=1e9").status == 422
    assert server.ask("GET", f"/clips/{found['id']}/frame?time=nan").status == 422


def test_a_slow_body_is_given_up(monkeypatch):
    """A byte now and then, without end: given up once it is too slow; a pause is, too."""
    monkeypatch.setattr(uploads, "GRACE", 0.3)

    async def dripping():
        while True:
            await asyncio.sleep(0.05)
            yield b"x"

    async def standing():
        yield b"x"
        await asyncio.sleep(60)

    async def take(chunks) -> None:
        async for _ in uploads._in_time(chunks):
            pass

    for chunks in (dripping(), standing()):
        begun = time.monotonic()
        with pytest.raises(uploads.TooSlowError):
            asyncio.run(take(chunks))
        assert time.monotonic() - begun < 5


def test_few_upload_at_the_same_time(server, clip):
    """Connections that hold an upload open: the fifth is refused, others are still answered."""
    head = (
        f"PUT /{server.token}/api/clips HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        "Content-Length: 1000\r\n\r\nx"
    )
    lines = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(5)]
    for line in lines:
        line.sendall(head.encode())
    time.sleep(0.5)
    assert server.ask("GET", "").status == 200
    lines[-1].settimeout(10)
    assert lines[-1].recv(100).split()[1] == b"429"
    for line in lines:
        line.close()
    end = time.monotonic() + 20
    while server.ask("PUT", "/clips", clip.read_bytes()).status == 429:
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at a process in /proc")
def test_ten_thousand_requests_are_answered(server, clip):
    """On four connections, right and wrong ones, each as it must be; memory and descriptors stay.

    Then on many connections that are left open.
    """
    found, pid = server.upload(clip)["id"], server.process.pid
    server.job(server.look({"id": found})["id"], "done")
    wanted = {
        f"/{server.token}/api": 200, f"/{server.token}/app.js": 200, "/": 404,
        f"/{server.token}/api/clips/{found}/poster": 200, f"/{server.token}/api/clips/none": 404,
    }  # fmt: skip

    def ask(count: int) -> Counter[tuple[str, int]]:
        heads = [f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n" for path in wanted]
        answers = Counter[tuple[str, int]]()
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=60) as line,
            line.makefile("rb") as replies,
        ):
            for _ in range(count // len(wanted)):
                line.sendall("".join(heads).encode())  # answered one after the other
                answers.update((path, _status(replies)) for path in wanted)
        return answers

    ask(200)
    before, open_before = _memory(pid), _descriptors(pid)
    with ThreadPoolExecutor(4) as pool:
        answers = sum(pool.map(ask, [2500] * 4), Counter[tuple[str, int]]())
    assert answers == dict.fromkeys(wanted.items(), 2000)
    idle = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(200)]
    assert server.ask("GET", "").status in (200, 503)
    for line in idle:
        line.close()
    time.sleep(0.5)
    assert server.ask("GET", "").status == 200
    assert _memory(pid) - before < 30_000
    assert _descriptors(pid) <= open_before + 2


def _status(replies: BinaryIO) -> int:
    """Read an answer to its end, and return its status."""
    status, length = int(replies.readline().split()[1]), 0
    while (line := replies.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    assert len(replies.read(length)) == length
    return status


def _descriptors(pid: int) -> int:
    """How many files and connections a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _memory(pid: int) -> int:
    """Kilobytes that a process has in memory."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def test_a_full_disk_is_said_and_nothing_is_kept(tmp_path, monkeypatch):
    small = Workplace(Limits(disk=1), tmp_path)
    with pytest.raises(FullError, match="--max-disk"):
        small.check_room(2_000_000)
    small.close()
    place = Workplace(Limits(), tmp_path)
    free = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(workplace.shutil, "disk_usage", lambda _: free)
    with pytest.raises(FullError, match="disk is nearly full"):
        place.check_room()
    place.close()
    error = workplace.disk_error(OSError(errno.ENOSPC, "No space left on device"))
    assert isinstance(error, FullError)


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="needs the program prlimit")
def test_a_disk_that_fills_while_a_job_writes_is_said(start, carphone):
    """Files may have 8 kB: what a job writes breaks off, as on a full disk."""
    server = start()
    found = server.upload(carphone)
    server.job(server.look(found)["id"], "done")
    subprocess.run(["prlimit", f"--pid={server.process.pid}", "--fsize=8000"], check=True)
    job = server.ask("POST", f"/clips/{found['id']}/jobs", {"what": "premiere"}).json
    failed = server.job(job["id"], "failed")
    assert failed["error"] == "talk-matte.mov cannot be written: File too large."
    assert not list(server.folder.rglob(f"{job['id']}*"))
    assert server.ask("GET", "").status == 200


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 300 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(place)]
    if sys.platform != "linux" or _failed(command):
        pytest.skip("needs the right to mount a file system")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def _failed(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode != 0


def _fill(disk: Path) -> Path:
    """Take all the space that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(2**20)):
            pass
    assert shutil.disk_usage(disk).free == 0
    return filler


def test_a_disk_that_is_really_full(start, small_disk, carphone, long_clip):
    """Full while a job writes, while a clip comes, and before: said each time, nothing kept."""
    server = start(TMPDIR=str(small_disk))
    found = server.upload(long_clip)
    path = f"/clips/{found['id']}"
    server.job(server.look(found)["id"], "done")
    job = server.ask("POST", f"{path}/jobs", {"what": "premiere"}).json
    server.job(job["id"], "running")
    filler = _fill(small_disk)
    failed = server.job(job["id"], "failed")
    assert failed["error"] == "talk-matte.mov cannot be written: No space left on device."
    assert not list(small_disk.glob(f"*/*/*{job['id']}*"))
    filler = _fill(small_disk)  # what the job had written is free again
    answer = server.ask("PUT", "/clips?name=more.mp4", carphone.read_bytes())
    assert answer.status == 507
    assert answer.error == "The disk is nearly full; make room on it, or delete clips and results."
    assert server.ask("PUT", f"{path}/edits", {"choke": 2.0}).status == 200
    assert server.ask("PUT", f"{path}/background?name=b.png", b"x" * 9999).status == 507
    stroke = {"kind": "core", "shape": "rectangle", "points": [[0, 0], [0.5, 1]]}
    painted = server.ask("PUT", f"{path}/strokes", [stroke])
    assert painted.status == 507, painted.body
    filler.unlink()
    assert server.ask("PUT", f"{path}/strokes", [stroke]).status == 200
    assert server.ask("POST", f"/jobs/{job['id']}/retry").json["state"] == "queued"
    assert server.job(job["id"], "done")["verification"]["holds"]


def test_a_disk_that_fills_while_a_clip_comes(start, small_disk, carphone):
    server = start(TMPDIR=str(small_disk))
    data = carphone.read_bytes()
    half = data[: len(data) // 2]  # all of it is read before it is written
    head = (
        f"PUT /{server.token}/api/clips HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Content-Length: {2 * len(half)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(head.encode() + half)
        end = time.monotonic() + 20
        while not list(small_disk.glob("*/*/clip*")):
            assert time.monotonic() < end
            time.sleep(0.05)
        filler = _fill(small_disk)
        line.sendall(half)
        with line.makefile("rb") as replies:
            assert replies.readline().split()[1] == b"507"
            assert b"The disk is full" in replies.read()
    assert not list(small_disk.glob("*/*/clip*"))
    filler.unlink()
    assert server.ask("PUT", "/clips", data).status == 201


def test_a_job_that_is_killed_from_outside_says_so_and_can_be_retried(server, long_clip):
    found = server.upload(long_clip)
    look = server.look(found)
    server.job(look["id"], "running")
    os.kill(_working_in(found["id"]), signal.SIGKILL)
    failed = server.job(look["id"], "failed")
    assert "SIGKILL" in failed["error"]
    assert server.ask("POST", f"/jobs/{look['id']}/retry").json["state"] == "queued"
    server.ask("POST", f"/jobs/{look['id']}/cancel")


def test_the_frame_process_that_is_killed_is_started_anew(server, clip):
    found = server.upload(clip)
    children = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(server.process.pid)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    worker = int(re.search(r"(\d+) .*frame_worker", children)[1])
    os.kill(worker, signal.SIGKILL)
    assert server.ask("GET", f"/clips/{found['id']}/frame?side=64").status == 200


def _working_in(folder: str) -> int:
    """The process of a job, by where it works."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for link in Path("/proc").glob("[0-9]*/cwd"):
            try:
                if folder in str(link.readlink()):
                    return int(link.parent.name)
            except OSError:
                continue
    raise AssertionError("no job works there")


def test_other_machines_need_a_token_that_is_given():
    check_host("127.0.0.1", has_token=False)
    check_host("::1", has_token=False)
    check_host("0.0.0.0", has_token=True)
    for host in ("0.0.0.0", "192.168.1.5", "::", "my-machine", "127.0.0.1.nip.io"):
        with pytest.raises(SettingError, match="--token"):
            check_host(host, has_token=False)
    for token in ("short", "x" * 15, "a/b/c/d/e/f/g/h/i/j", "../../../../../../", "é" * 20):
        with pytest.raises(SettingError, match="token"):
            check_token(Address("127.0.0.1", 0, token))


def test_a_server_for_all_addresses_still_takes_no_names():
    everywhere = Address("0.0.0.0", 80, "x" * 16)
    assert everywhere.is_own("192.168.1.5")
    assert everywhere.is_own("192.168.1.5:80")
    assert not everywhere.is_own("evil.example")
    assert not Address("127.0.0.1", 80, "x" * 16).is_own("192.168.1.5")


def test_the_name_of_a_proxy_is_ones_own(start, free_port):
    """Where it is said; the page, which it sends there, may then ask for everything."""
    public = "https://mattes.example.com"
    server = start("--public-url", f"{public}/", "--port", str(free_port))
    assert server.url == f"{public}/{server.token}/"
    there = replace(server, url=f"http://127.0.0.1:{free_port}/{server.token}/")
    ours = {"Host": "mattes.example.com", "Origin": public}
    for headers, status in (
        (ours, 404), ({"Origin": public}, 404), ({"Host": "evil.example"}, 421),
        (ours | {"Origin": "https://evil.example"}, 403),
        (ours | {"Origin": f"{public}.evil"}, 403),
    ):  # fmt: skip
        assert there.ask("POST", "/jobs/none/cancel", **headers).status == status, headers
    for wrong in ("mattes.example.com", "ftp://x", "https://x/y", "https://x@y", "https://"):
        with pytest.raises(SettingError, match="public address"):
            check_public(Address("127.0.0.1", 0, "x" * 16, wrong))


def test_every_answer_says_what_browsers_may_do(server):
    for path in (f"/{server.token}/", f"/{server.token}/app.js", f"/{server.token}/api", "/"):
        headers = server.raw("GET", path).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
    page = server.raw("GET", f"/{server.token}/").body.decode()
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|style=|https?://", page)
