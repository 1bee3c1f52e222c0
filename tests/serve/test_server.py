"""The server as programs use it: clips, jobs, frames, painted mattes, and what it leaves behind."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import jsonschema
import numpy as np
import pytest
from browsing import wait
from PIL import Image

from sinet_video import probe, verify
from sinet_video.pipeline.destinations import OFFERED
from sinet_video.serve.job import LOOK, Job
from sinet_video.serve.jobs import Turns


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    return make_clip("clip.mp4", frames=12, audio=True)


@pytest.fixture(scope="module")
def long_clip(make_clip) -> Path:
    return make_clip("long.mp4", frames=600)


def image(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def places(folder: Path) -> list[Path]:
    """What servers keep there; onnxruntime leaves a file of its own beside them."""
    return list(folder.glob("sinet-video-serve-*"))


def test_answers_do_not_wait_for_each_other_s_receipt(server):
    """On a connection that is kept: 40 ms for each, where a head is sent before its body."""
    took, connection = [], server.connect()
    for _ in range(60):  # the first few are confirmed at once
        begun = time.monotonic()
        connection.request("GET", f"/{server.token}/api")
        assert connection.getresponse().read()
        took.append(time.monotonic() - begun)
    connection.close()
    assert statistics.median(took[30:]) < 0.03


def test_a_clip_is_what_it_is_and_its_name_is_only_shown(server, clip):
    found = server.upload(clip, "..%2F..%2FMy%20talk.mp4")
    assert found["name"] == "My talk.mp4"
    assert (found["width"], found["height"], found["frames"]) == (160, 96, 12)
    assert found["size"] == clip.stat().st_size
    assert not [path for path in server.folder.rglob("*") if "talk" in path.name]
    assert server.ask("GET", f"/clips/{found['id']}").json == found


def test_no_answer_shows_where_the_server_keeps_things(server, clip, tmp_path):
    found = server.upload(clip)
    job = server.ask("POST", f"/clips/{found['id']}/jobs", {"what": "lumamatte"}).json
    server.job(job["id"], "done")
    for path in ("", f"/clips/{found['id']}", f"/clips/{found['id']}/commands", "/openapi.json"):
        assert str(server.folder).encode() not in server.ask("GET", path).body


def test_what_is_no_background_is_refused_by_its_own_name(server, clip):
    """And by nothing of the server's, such as its folder."""
    path = f"/clips/{server.upload(clip)['id']}"
    answer = server.ask("PUT", f"{path}/background?name=notes.txt", b"no image" * 100)
    assert answer.status == 422
    assert answer.error.startswith("notes.txt cannot be opened as a video")
    assert str(server.folder) not in answer.error
    assert server.ask("GET", path).json["background"] is None


def test_what_is_no_video_is_refused_in_the_commands_words(server):
    answer = server.ask("PUT", "/clips?name=notes.mp4", b"These are notes.\n" * 40)
    assert answer.status == 422
    assert "notes.mp4" in answer.error
    assert str(server.folder) not in answer.error
    assert server.ask("GET", "").json["clips"] == []
    assert not list(server.folder.glob("*/*/*"))


def test_the_look_through_a_clip_gives_figures_and_a_video(server, clip):
    found = server.upload(clip)
    server.job(server.look(found)["id"], "done")
    figures = server.ask("GET", f"/clips/{found['id']}/figures").json
    assert figures["times"] == pytest.approx([index * 0.04 for index in range(12)], abs=1e-5)
    assert all(len(figures[name]) == 12 for name in ("flicker", "uncertainty", "coverage"))
    whole = server.ask("GET", f"/clips/{found['id']}/player").body
    with av.open(io.BytesIO(whole)) as container:
        times = [float(frame.time) for frame in container.decode(video=0)]
        assert (frame_size := container.streams.video[0].codec_context).width == 160
        assert frame_size.height == 2 * 96
    assert times == pytest.approx(figures["times"], abs=1e-4)
    part = server.ask("GET", f"/clips/{found['id']}/player", Range="bytes=100-199")
    assert part.status == 206
    assert part.body == whole[100:200]


@pytest.mark.parametrize("what", sorted(OFFERED))
def test_each_destination_is_checked_and_the_command_that_is_shown_makes_the_same(
    server, clip, what, tmp_path
):
    """Edits, a painted matte and an odd name are in the command, which a shell runs as it is."""
    found = server.upload(clip, "My%20talk.mp4")
    path = f"/clips/{found['id']}"
    stroke = {"kind": "core", "shape": "rectangle", "points": [[0, 0], [0.5, 1]]}
    assert server.ask("PUT", f"{path}/strokes", [stroke]).json["drawn"] == ["core"]
    assert server.ask("PUT", f"{path}/edits", {"choke": 1.5, "black_point": 0.1}).status == 200
    job = server.ask("POST", f"{path}/jobs", {"what": what}).json
    done = server.job(job["id"], "done")
    assert done["frame"] == 12
    assert done["verification"]["holds"], done["verification"]
    answer = server.ask("GET", f"/jobs/{job['id']}/result")
    name = f"My talk-{what}{done['suffix']}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert len(answer.body) == done["size"]
    results = _unpacked(answer.body, done["suffix"], tmp_path / "downloaded")
    ours, shell = tmp_path / "ours", dict(os.environ)
    ours.mkdir()
    (ours / "My talk.mp4").write_bytes(clip.read_bytes())
    (ours / "My talk-core.mkv").write_bytes(server.ask("GET", f"{path}/mattes/core").body)
    shell["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{shell['PATH']}"
    subprocess.run(["sh", "-c", job["command"]], cwd=ours, env=shell, check=True)
    made = {p for p in ours.rglob("My talk-matte*") if p.is_file()} | set(ours.glob("*-matte/*"))
    assert sorted(p.read_bytes() for p in made) == sorted(p.read_bytes() for p in results)


@pytest.mark.parametrize(
    ("what", "suffix"), [("blender", ".png"), ("tiff", ".tif"), ("nuke", ".exr")]
)
def test_of_an_image_one_image_is_made(server, what, suffix, tmp_path):
    """With alpha, and no archive of one; the command that is shown makes the same."""
    photo = tmp_path / "a photo.jpg"
    Image.effect_mandelbrot((96, 64), (-2, -1, 1, 1), 100).convert("RGB").save(photo)
    found = server.upload(photo, "a%20photo.jpg")
    job = server.ask("POST", f"/clips/{found['id']}/jobs", {"what": what}).json
    done = server.job(job["id"], "done")
    assert done["suffix"] == suffix
    assert done["verification"]["holds"], done["verification"]
    result = server.ask("GET", f"/jobs/{job['id']}/result").body
    shell = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", job["command"]], cwd=tmp_path, env=shell, check=True)
    made = tmp_path / f"a photo-matte{suffix}"
    assert made.read_bytes() == result
    assert probe(made).alpha is not None


def _unpacked(data: bytes, suffix: str, folder: Path) -> list[Path]:
    """The files of a result."""
    folder.mkdir()
    if suffix == ".zip":
        zipfile.ZipFile(io.BytesIO(data)).extractall(folder)
    else:
        (folder / f"result{suffix}").write_bytes(data)
    return [path for path in folder.rglob("*") if path.is_file()]


def test_text_behind_the_person_gets_two_layers_that_make_the_frame(server, carphone, tmp_path):
    """The person with alpha, and a frame without them that is opaque; both are checked."""
    found = server.upload(carphone)
    job = server.ask("POST", f"/clips/{found['id']}/jobs", {"what": "titles"}).json
    done = server.job(job["id"], "done")
    names = [each["name"] for each in done["verification"]["checks"]]
    assert {"person.mov, alpha", "plate.mov, frames"} <= set(names)
    answer = server.ask("GET", f"/jobs/{job['id']}/result")
    person, plate = sorted(_unpacked(answer.body, ".zip", tmp_path / "x"))
    assert (person.name, plate.name) == ("person.mov", "plate.mov")
    assert verify(person, carphone, alpha_mode="straight").holds
    assert verify(plate, carphone, alpha_mode="none").timing.frames == 120


def test_a_frame_is_what_the_whole_job_makes_of_it(server, carphone):
    """Source, colours and alpha above one another; painting and choke are seen at once."""
    found = server.upload(carphone)
    path = f"/clips/{found['id']}"

    def alpha() -> np.ndarray:
        answer = server.ask("GET", f"{path}/frame?time=0.2&side=176")
        assert answer.headers["content-type"] == "image/jpeg"
        shown = image(answer.body)
        assert shown.shape == (3 * 132, 176, 3)
        return shown[2 * 132 :, :, 0]

    left = [{"kind": "core", "shape": "rectangle", "points": [[0, 0], [0.25, 1]]}]
    right = [{"kind": "garbage", "shape": "rectangle", "points": [[0.75, 0], [1, 1]]}]
    server.ask("PUT", f"{path}/strokes", left + right)
    shown = alpha()
    assert shown[8:-8, 4:32].min() > 240
    assert shown[8:-8, 140:].max() < 16
    server.ask("PUT", f"{path}/strokes", [])
    whole = alpha()
    server.ask("PUT", f"{path}/edits", {"choke": 8.0})
    assert alpha().sum() < whole.sum()


def test_what_is_painted_changes_over_time(server, clip):
    """One that counts for a while and one that is moved by hand: each frame has its own."""
    found = server.upload(clip)
    path = f"/clips/{found['id']}"
    box = {"kind": "garbage", "shape": "rectangle", "points": [[0.1, 0.1], [0.3, 0.9]]}
    strokes = [
        {**box, "start": 0.2, "end": 0.28},
        {**box, "moves": [[0.4, 0.6, 0]], "kind": "core"},
    ]
    painted = server.ask("PUT", f"{path}/strokes", strokes)
    assert painted.json["drawn"] == ["core", "garbage"], painted.body

    def mattes(name: str) -> list[tuple[float, np.ndarray]]:
        data = io.BytesIO(server.ask("GET", f"{path}/mattes/{name}").body)
        with av.open(data) as container:
            return [(float(f.time), f.to_ndarray()) for f in container.decode(video=0)]

    assert [time for time, matte in mattes("garbage") if matte.any()] == pytest.approx([0.2, 0.24])
    middles = {time: np.nonzero(m.any(axis=0))[0].mean() / m.shape[1] for time, m in mattes("core")}
    assert middles[0.0] == pytest.approx(0.2, abs=0.01)
    assert middles[0.2] == pytest.approx(0.5, abs=0.02)
    assert max(middles.values()) == pytest.approx(0.8, abs=0.01)
    wrong = {**box, "follows": "yes"}
    assert server.ask("PUT", f"{path}/strokes", [wrong]).status == 422


def test_exports_come_before_looks():
    """Each in the order they came; one that is cancelled lets the others go on."""

    async def order() -> list[str]:
        turns, came = Turns(1), []

        async def work(job: Job) -> None:
            async with turns.of(job):
                came.append(job.id)

        waiting = [Job("a", None, LOOK), Job("b", None, LOOK), Job("c", None, "web")]
        waiting += [Job("d", None, "web"), Job("e", None, "titles")]
        async with turns.of(Job("first", None, LOOK)):
            tasks = [asyncio.create_task(work(job)) for job in waiting]
            await asyncio.sleep(0.01)
            assert came == []
        tasks[2].cancel()  # whose turn it would be now
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        return came

    assert asyncio.run(order()) == ["d", "e", "a", "b"]


def test_what_is_painted_later_does_not_change_a_job_that_waits(server, clip, long_clip, tmp_path):
    """A job is what it was when it was queued, and so is its second try."""
    waits_for = server.look(server.upload(long_clip))["id"]
    found = server.upload(clip)
    path = f"/clips/{found['id']}"
    box = {"kind": "core", "shape": "rectangle", "points": [[-1, -1], [2, 2]]}
    server.ask("PUT", f"{path}/strokes", [box])
    job = server.ask("POST", f"{path}/jobs", {"what": "lumamatte"}).json
    server.ask("POST", f"/jobs/{job['id']}/cancel")
    server.ask("POST", f"/jobs/{job['id']}/retry")
    server.ask("PUT", f"{path}/strokes", [{**box, "kind": "garbage"}])
    server.ask("POST", f"/jobs/{waits_for}/cancel")
    server.job(job["id"], "done")
    with av.open(io.BytesIO(server.ask("GET", f"/jobs/{job['id']}/result").body)) as container:
        assert next(container.decode(video=0)).to_ndarray(format="gray").min() > 240
    assert not list(server.folder.rglob("kept-*"))


def test_an_export_waits_for_what_is_being_painted(server, carphone):
    """A stroke that is followed takes a moment; the export that is asked for meanwhile has it."""
    found = server.upload(carphone)
    stroke = {
        "kind": "garbage", "shape": "brush", "points": [[0.5, 0.3]], "radius": 0.1, "follows": True,
    }  # fmt: skip
    server.job(server.look(found)["id"], "done")
    with ThreadPoolExecutor() as pool:
        painting = pool.submit(server.ask, "PUT", f"/clips/{found['id']}/strokes", [stroke])
        wait(server.working)
        job = server.ask("POST", f"/clips/{found['id']}/jobs", {"what": "lumamatte"}).json
        assert painting.result().status == 200
    assert "--garbage=" in job["command"]


def test_edits_that_are_none_are_refused_and_change_nothing(server, clip):
    found = server.upload(clip)
    path = f"/clips/{found['id']}/edits"
    for edits in (
        {"choke": 99}, {"choke": "2"}, {"choke": True}, {"garbage": "/etc/passwd"},
        {"background": "own"}, {"background": "blurry"}, {"background": "blur:999"},
        {"background": "#30a04"}, {"background": "tests"}, {"weights": "/tmp/x.pth"},
        {"background": "/etc/passwd"}, {"background": "-"},
        {"key": "--overwrite x"}, {"smooth": "nonsense"}, {"feather_side": "up"}, [1], "choke",
    ):  # fmt: skip
        answer = server.ask("PUT", path, edits)
        assert answer.status == 422, edits
        assert answer.error.endswith(".")
    assert server.ask("GET", f"/clips/{found['id']}").json["edits"] == {"background": ""}


def test_fields_and_parameters_that_are_unknown_are_named(server, clip):
    """A misspelt one would be left out, and nobody would know."""
    found = server.upload(clip)
    path = f"/clips/{found['id']}"
    stroke = {"kind": "core", "shape": "rectangle", "points": [[0, 0], [0.5, 1]]}
    for method, address, body, name in (
        ("POST", f"{path}/jobs", {"what": "web", "crf": 30}, "crf"),
        ("PUT", f"{path}/strokes", [{**stroke, "raduis": 0.1}], "raduis"),
        ("GET", f"{path}/frame?time=0&sied=160", None, "sied"),
        ("GET", f"{path}/commands?what=web", None, "what"),
        ("PUT", "/clips?nmae=talk.mp4", clip.read_bytes(), "nmae"),
    ):
        answer = server.ask(method, address, body)
        assert (answer.status, f"'{name}'" in answer.error) == (422, True), (address, answer.error)
    for wrong, said in (({}, "None"), ({"what": "webm"}, "webm"), ({"what": ["web"]}, "['web']")):
        answer = server.ask("POST", f"{path}/jobs", wrong)
        assert answer.status == 422
        assert "what is" in answer.error
        assert said in answer.error
        assert "must be one of look, premiere, nuke" in answer.error
    for wrong in ([], "web", 7):
        answer = server.ask("POST", f"{path}/jobs", wrong)
        assert (answer.status, answer.error) == (
            422,
            'A job must be an object such as {"what": "web"}.',
        )
    state = server.ask("GET", "").json
    assert [job["what"] for job in state["jobs"] if job["clip"] == found["id"]] == [LOOK]
    assert server.ask("GET", path).json["drawn"] == []


def test_a_background_of_ones_own_is_behind_the_person(server, clip, make_clip):
    found = server.upload(clip)
    path = f"/clips/{found['id']}"
    own = io.BytesIO()
    Image.new("RGB", (64, 64), (250, 20, 200)).save(own, "png")
    assert server.ask("PUT", f"{path}/background?name=mine.png", own.getvalue()).status == 200
    assert server.ask("GET", f"{path}/background").headers["content-type"] == "image/jpeg"
    server.ask("PUT", f"{path}/edits", {"background": "own"})
    garbage = {"kind": "garbage", "shape": "rectangle", "points": [[-1, -1], [2, 2]]}
    server.ask("PUT", f"{path}/strokes", [garbage])
    job = server.ask("POST", f"{path}/jobs", {"what": "video"}).json
    assert "--background=mine.png" in job["command"]
    server.job(job["id"], "done")
    with av.open(io.BytesIO(server.ask("GET", f"/jobs/{job['id']}/result").body)) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert np.abs(shown.mean(axis=(0, 1)) - (250, 20, 200)).max() < 6
    bad = server.ask("PUT", f"{path}/background?name=mine.png", b"no frame" * 100)
    assert bad.status == 422
    assert server.ask("GET", path).json["background"] == "mine.png"


def test_cancel_ends_the_process_and_retry_makes_the_result(server, long_clip):
    found = server.upload(long_clip)
    look = server.look(found)
    export = server.ask("POST", f"/clips/{found['id']}/jobs", {"what": "premiere"}).json
    assert export["state"] == "queued"
    server.job(look["id"], "running")
    assert server.ask("POST", f"/jobs/{look['id']}/cancel").json["state"] == "cancelled"
    server.job(export["id"], "running")
    assert server.ask("POST", f"/jobs/{export['id']}/cancel").json["state"] == "cancelled"
    assert not [p for p in Path("/proc").glob("[0-9]*/cwd") if _reads(p, found["id"])]
    assert not list(server.folder.rglob(f"{export['id']}*"))
    assert server.ask("POST", f"/jobs/{export['id']}/cancel").status == 409
    assert server.ask("POST", f"/jobs/{export['id']}/retry").json["state"] == "queued"
    server.ask("DELETE", f"/jobs/{export['id']}")
    assert server.ask("GET", f"/jobs/{export['id']}").status == 404


def _reads(link: Path, folder: str) -> bool:
    try:
        return folder in str(link.readlink())
    except OSError:
        return False


def test_one_bad_clip_of_five_leaves_the_others(server, make_clip, clip):
    """A clip that breaks off: its job fails with a sentence, those after it are done."""
    whole = clip.read_bytes()
    good = [server.upload(clip, f"good{index}.mp4") for index in range(3)]
    av_clip = make_clip("cut.mkv", frames=200).read_bytes()
    bad = server.ask("PUT", "/clips?name=bad.mkv", av_clip[: len(av_clip) // 2]).json
    assert "id" in bad, bad
    assert server.ask("PUT", "/clips?name=one-more.mp4", whole).status == 507
    failed = server.job(server.look(bad)["id"], "failed")
    assert "bad.mkv" in failed["error"]
    assert str(server.folder) not in failed["error"]
    for each in good:
        server.job(server.look(each)["id"], "done")


def test_deleting_a_clip_deletes_all_that_was_made_of_it(server, clip):
    found = server.upload(clip)
    server.ask("POST", f"/clips/{found['id']}/jobs", {"what": "lumamatte"})
    assert server.ask("DELETE", f"/clips/{found['id']}").status == 204
    assert server.ask("GET", "").json["jobs"] == []
    assert not list(server.folder.rglob(found["id"]))


def test_a_slash_too_many_leads_to_the_address_without_it(server):
    answer = server.ask("GET", "/")
    assert answer.status == 307
    assert answer.headers["location"] == f"http://127.0.0.1:{server.port}/{server.token}/api"


def test_a_form_is_refused_as_one(server, clip):
    """What `curl -F` sends is no clip, and is not called a damaged one."""
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    body = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + clip.read_bytes()
    answer = server.ask("PUT", "/clips?name=talk.mp4", body + b"\r\n--x--\r\n", **form)
    assert answer.status == 422
    assert "send the file itself" in answer.error


def test_a_result_has_a_name_and_comes_in_parts(server, clip):
    """A range that is none is refused in a sentence, as everything else is."""
    found = server.upload(clip, "%C3%9Cbung.one.mp4")
    job = server.ask("POST", f"/clips/{found['id']}/jobs", {"what": "lumamatte"}).json
    server.job(job["id"], "done")
    path = f"/jobs/{job['id']}/result"
    whole = server.ask("GET", path)
    named = whole.headers["content-disposition"]
    exact = "filename*=utf-8''%C3%9Cbung.one-lumamatte.mp4"
    assert named == f'attachment; filename="_bung.one-lumamatte.mp4"; {exact}'
    part = server.ask("GET", path, Range="bytes=4-7")
    assert (part.status, part.body) == (206, whole.body[4:8])
    last = server.ask("GET", path, Range="bytes=-5")
    assert (last.status, last.body) == (206, whole.body[-5:])
    for wrong, status in (("bytes=99999999-", 416), ("bytes=7-4", 400), ("lines=1-2", 400)):
        answer = server.ask("GET", path, Range=wrong)
        assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
        assert answer.headers["content-range"] == f"bytes */{len(whole.body)}"
        assert str(len(whole.body)) in answer.error
    head = server.ask("HEAD", path)
    assert (head.body, head.headers["content-length"]) == (b"", str(len(whole.body)))


def test_answers_have_every_field_that_is_described_and_no_other(server, carphone):
    """Of a clip that was edited and painted, and of a job that is done."""
    found = server.upload(carphone)
    path = f"/clips/{found['id']}"
    stroke = {"kind": "core", "shape": "brush", "points": [[0.5, 0.5]], "follows": True}
    server.ask("PUT", f"{path}/edits", {"choke": 2, "background": "coral"})
    assert server.ask("PUT", f"{path}/strokes", [stroke]).status == 200
    job = server.ask("POST", f"{path}/jobs", {"what": "video"}).json
    server.job(job["id"], "done")
    described = server.ask("GET", "/openapi.json").json
    assert described["servers"] == [{"url": f"/{server.token}"}]
    answers = {"State": "", "Clip": path, "Job": f"/jobs/{job['id']}", "Figures": f"{path}/figures",
               "Commands": f"{path}/commands", "Error": "/clips/none"}  # fmt: skip
    for kind, address in answers.items():
        schema = {"$ref": f"#/components/schemas/{kind}", **described}
        jsonschema.validate(server.ask("GET", address).json, schema)
        assert described["components"]["schemas"][kind]["additionalProperties"] is False
    assert server.ask("GET", f"/jobs/{job['id']}").json["verification"]["holds"]


def test_the_description_has_every_address(server):
    described = server.ask("GET", "/openapi.json").json
    assert described["openapi"].startswith("3.1")
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert references == set(described["components"]["schemas"])


def test_answers_are_as_described_whatever_is_asked(start, carphone, tmp_path):
    """Schemathesis asks by the description, rightly and wrongly, and compares each answer.

    It is told a clip and a job that are there, and deletes nothing, so that they stay.
    """
    server = start("--max-size", "1", "--max-results", "1000")
    clip = server.upload(carphone)["id"]
    job = server.ask("POST", f"/clips/{clip}/jobs", {"what": "lumamatte"}).json["id"]
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(f'[parameters]\nclip = "{clip}"\njob = "{job}"\n')
    conformance = ("status_code", "content_type", "response_schema")
    checks = ",".join(["not_a_server_error", *(f"{each}_conformance" for each in conformance)])
    command = [
        Path(sys.executable).parent / "st", "--config-file", settings, "run",
        f"{server.url}api/openapi.json", "--url", server.url.rstrip("/"), "--phases", "coverage",
        "--max-time", "60", "--checks", checks, "--exclude-method", "DELETE",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nothing_is_left_when_the_server_ends(start, clip):
    server = start()
    server.upload(clip)
    assert len(places(server.folder)) == 1
    server.process.send_signal(signal.SIGINT)
    server.process.wait(30)
    assert places(server.folder) == []
    assert not [p for p in Path("/proc").glob("[0-9]*/cwd") if _reads(p, str(server.folder))]


def test_what_a_killed_server_left_the_next_one_removes(start, clip, tmp_path):
    server = start(TMPDIR=str(tmp_path))
    server.upload(clip)
    (left,) = places(tmp_path)
    server.process.kill()
    server.process.wait()
    after = start(TMPDIR=str(tmp_path))
    assert len(places(tmp_path)) == 1
    assert not left.exists()
    beside = start(TMPDIR=str(tmp_path))
    assert len(places(tmp_path)) == 2
    assert after.ask("GET", "").status == beside.ask("GET", "").status == 200
