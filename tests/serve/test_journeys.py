"""What people come for, from the drop of a clip to the file in their hands, in headless Chromium.

PICTURES_OF_THE_PAGE=FOLDER keeps the pictures that are taken on the way.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path

import av
import numpy as np
import pytest
from browsing import (
    alpha_at,
    choose,
    download,
    drag,
    drop,
    key,
    opened,
    pictures,
    playable,
    press,
    shown,
    slide,
    texts,
    wait,
)

from sinet_video import verify


@pytest.fixture(scope="module")
def presenter(shared: Path, ffmpeg, tmp_path_factory) -> Path:
    """A second of a woman who sits on a wicker chair, 1080x1920."""
    clip = tmp_path_factory.mktemp("clip") / "presenter.mp4"
    source = shared / "clips" / "real" / "presenter_portrait_hevc.mp4"
    second = ["-ss", 5.4, "-i", source, "-t", 1]
    ffmpeg("ffmpeg", "-y", *second, "-c:v", "libx264", "-preset", "ultrafast", "-crf", 12, clip)
    return clip


def alphas(file: Path) -> list[np.ndarray]:
    """Alpha of each frame of a ProRes file, (H, W), from 0 to 1."""
    with av.open(str(file)) as container:
        return [_alpha(frame) for frame in container.decode(video=0)]


def _alpha(frame: av.VideoFrame) -> np.ndarray:
    assert frame.format.name == "yuva444p12le"
    plane = frame.planes[3]
    rows = np.frombuffer(plane, np.uint16).reshape(frame.height, plane.line_size // 2)
    return (rows[:, : frame.width] / 4095).astype(np.float32)


COAT = (slice(1350, 1700), slice(790, 850))
"""Rows and columns of her coat over the chair, to the right of her hands."""


def test_a_part_of_a_coat_is_painted_away_over_a_stretch_and_exported(page, presenter, tmp_path):
    """For an editor, as ProRes 4444: alpha is 0 there while the stroke counts, and only then."""
    drop(page, presenter)
    shown(page)
    begun, seen = page.execute_script(
        """const at = (name) => performance.getEntriesByName(name)[0].startTime;
        return [at("dropped"), at("first-frame")]"""
    )
    assert seen - begun < 4000  # benchmarks/page.py measures it; other tests run beside this one
    assert min(alpha_at(page, 0.77, y / 100) for y in range(72, 90)) > 200  # the coat is there
    playable(page)
    page.execute_script("document.getElementById('painting').open = true")
    slide(page, "radius", 4.5)
    drag(page, (0.77, 0.69), (0.77, 0.8), (0.77, 0.91))
    wait(lambda: max(alpha_at(page, 0.77, y / 100) for y in range(72, 90)) < 8)
    slide(page, "scrub", 0.48)
    shown(page)
    key(page, "]")
    wait(lambda: "0:00.00 to 0:00.52" in texts(page, "#strokes")[0])
    shown(page)
    pictures(page, "journey-coat-painted")
    command = wait(lambda: "--garbage" in (text := texts(page, "#command")[0]) and text)
    assert "--garbage=presenter-garbage.mkv" in command
    page.find_element("id", "export").click()
    wait(lambda: page.execute_script("return document.querySelector('#jobs a')"))
    assert texts(page, "#jobs summary")[0].startswith("Checked: all ")
    pictures(page, "journey-coat-exported")
    file = download(page, "#jobs a", tmp_path)
    assert file.name == "presenter-premiere.mov"
    assert verify(file, presenter, alpha_mode="straight").holds
    found = alphas(file)
    assert len(found) > 20
    assert max(alpha[COAT].max() for alpha in found[:13]) == 0
    assert min(alpha[COAT].min() for alpha in found[13:]) > 0.9
    assert all(alpha[1050:1500, 450:600].min() > 0.9 for alpha in found)  # elsewhere she is whole


def test_the_page_opens_again_where_it_was_left(page, page_server, carphone):
    """With the clip, its edits and playback, the destinations and the command."""
    drop(page, carphone)
    playable(page)
    slide(page, "choke", 6)
    wait(lambda: "--choke=6" in texts(page, "#command")[0])
    page.refresh()
    wait(lambda: "--choke=6" in "".join(texts(page, "#command")))
    playable(page)
    assert page.execute_script("return document.querySelector('#destinations input').checked")
    assert texts(page, "#cost-premiere")[0].startswith(", ≈ ")
    assert [each for each in page.get_log("browser") if each["level"] == "SEVERE"] == []


def test_the_clip_that_was_open_is_open_again(page, page_server, carphone, make_clip):
    """When the page is loaded again; the browser's back button goes to the clip before."""
    drop(page, carphone, make_clip("second.mp4"))
    wait(lambda: texts(page, ".card.chosen b") == ["second.mp4"])
    page.find_element("css selector", "[aria-label='Open carphone_pristine.mp4']").click()
    wait(lambda: texts(page, ".card.chosen b") == ["carphone_pristine.mp4"])
    assert page.title.startswith("carphone_pristine.mp4")
    page.refresh()
    wait(lambda: texts(page, ".card.chosen b") == ["carphone_pristine.mp4"])
    page.back()
    wait(lambda: texts(page, ".card.chosen b") == ["second.mp4"])


def test_what_another_tab_changed_is_shown_and_kept(page, page_server, carphone):
    """Of two tabs, or a tab and a program, neither undoes what the other did."""
    drop(page, carphone)
    shown(page)
    (clip,) = page_server.ask("GET", "").json["clips"]
    address = f"/clips/{clip['id']}"
    stroke = {"kind": "garbage", "shape": "rectangle", "points": [[0, 0], [0.2, 0.2]]}
    page_server.ask("PUT", f"{address}/edits", {"feather": 3, "background": "#3a4"})
    page_server.ask("PUT", f"{address}/strokes", [stroke])
    wait(lambda: page.find_element("id", "feather").get_property("value") == "3")
    wait(lambda: len(texts(page, "#strokes li")) == 1)
    assert page.find_element("id", "background").get_property("value") == "#3a4"
    slide(page, "choke", 2)
    page.execute_script("document.getElementById('painting').open = true")
    drag(page, (0.5, 0.5), (0.6, 0.5))
    wait(lambda: len(page_server.ask("GET", address).json["strokes"]) == 2)
    edits = wait(lambda: page_server.ask("GET", address).json["edits"])
    assert edits == {"feather": 3.0, "choke": 2.0, "background": "#3a4"}


def test_an_export_has_what_was_painted_just_before_it(page, page_server, carphone):
    """Two strokes are followed, one after the other, when the button is pressed."""
    drop(page, carphone)
    playable(page)
    shown(page)
    page.execute_script("document.getElementById('painting').open = true")
    choose(page, "stretch", "follow")
    drag(page, (0.5, 0.3), (0.5, 0.4))
    choose(page, "kind", "core")
    drag(page, (0.2, 0.3), (0.2, 0.4))
    choose(page, "destination", "lumamatte")
    page.find_element("id", "export").click()
    job = wait(lambda: page_server.ask("GET", "").json["jobs"][1:])[0]
    assert "--garbage=" in job["command"]
    assert "--core=" in job["command"]


def test_a_clip_that_was_worked_on_is_deleted_when_that_is_confirmed(page, page_server, carphone):
    """By a dialogue that says what is lost; a clip as it came is deleted at once."""

    def delete(answer: str | None) -> None:
        page.find_element("css selector", "[aria-label='Delete carphone_pristine.mp4']").click()
        if answer is not None:
            page.find_element("id", answer).click()

    drop(page, carphone)
    shown(page)
    delete(None)
    wait(lambda: not texts(page, "#cards li"))
    drop(page, carphone)
    playable(page)
    slide(page, "choke", 2)
    page.execute_script("document.getElementById('painting').open = true")
    drag(page, (0.5, 0.3), (0.5, 0.4))
    wait(lambda: page_server.ask("GET", "").json["clips"][0]["strokes"])
    wait(lambda: "choke" in page_server.ask("GET", "").json["clips"][0]["edits"])
    delete("sure-no")
    assert texts(page, "#sure-question") == [
        "Delete carphone_pristine.mp4? 1 stroke and its settings will be deleted too."
    ]
    assert not page.find_element("id", "sure").get_property("open")
    assert len(page_server.ask("GET", "").json["clips"]) == 1
    page.find_element("css selector", "[aria-label='Delete carphone_pristine.mp4']").click()
    pictures(page, "journey-delete")
    page.find_element("id", "sure-yes").click()
    wait(lambda: not page_server.ask("GET", "").json["clips"])


def test_the_page_says_that_the_server_is_gone_and_that_it_is_back(
    browser, start, free_port, carphone
):
    """Once; an upload that was under way says why it failed, and can be tried again."""
    words = ["--port", str(free_port), "--token", "a-token-for-this-test"]
    server = start(*words)
    page = opened(browser, server.url)
    alert = page.find_element("id", "alert")
    server.process.send_signal(signal.SIGSTOP)
    drop(page, carphone)
    wait(
        lambda: "uploading" in texts(page, "#cards li")[0] or "reading" in texts(page, "#cards")[0]
    )
    server.process.kill()
    (said,) = wait(lambda: texts(page, "#cards .bad"))
    assert "the connection to the server was lost" in said
    wait(alert.is_displayed)
    assert "The server does not answer." in alert.text
    page.execute_script("scrollTo(0, 1e6)")
    top = "return document.getElementById('alert').getBoundingClientRect().top"
    assert page.execute_script(top) >= 0
    pictures(page, "journey-server-gone")
    alert.find_element("css selector", "button").click()
    time.sleep(4)  # it asks every three seconds
    assert not alert.is_displayed()
    again = start(*words)
    press(page, "Retry", "#cards")
    wait(lambda: texts(page, "#cards img"))
    assert not alert.is_displayed()
    again.process.send_signal(signal.SIGSTOP)  # as where a network is lost: nothing is refused
    wait(alert.is_displayed, 30)
    again.process.send_signal(signal.SIGCONT)
    wait(lambda: not alert.is_displayed())


def test_a_server_that_is_gone_is_said_to_be_once(page):
    """Whether nothing comes back or an answer is cut; what was closed does not come again."""
    alert = page.find_element("id", "alert")
    page.execute_script(
        """let asked = 0;
        const lost = () => new TypeError("network error");
        const cut = () => new Response(new ReadableStream({ start: (it) => it.error(lost()) }));
        window.fetch = async () => { if (asked++ % 2) throw lost(); return cut(); };"""
    )
    wait(alert.is_displayed)
    assert alert.text.startswith("The server does not answer.")
    alert.find_element("css selector", "button").click()
    time.sleep(7)  # it asks every three seconds
    assert not alert.is_displayed()


def test_a_file_that_is_gone_is_said_to_be(page, page_server, make_clip, tmp_path):
    """It was removed after it was chosen; the server is not blamed."""
    first, second = make_clip("first.mp4"), tmp_path / "second.mp4"
    second.write_bytes(first.read_bytes())
    page_server.process.send_signal(signal.SIGSTOP)
    try:
        drop(page, first, second)
        second.unlink()
    finally:
        page_server.process.send_signal(signal.SIGCONT)
    (said,) = wait(lambda: texts(page, "#cards .bad"))
    assert said.startswith("second.mp4 could not be uploaded: it cannot be read.")


def test_five_clips_with_one_bad_give_four_results(page, make_clip, tmp_path):
    """The bad one is said once, in the command's sentence, and can be tried again."""
    clips = [make_clip(f"c{index}.mp4") for index in range(4)]
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video" * 100)
    drop(page, *clips[:2], bad, *clips[2:])
    wait(lambda: len(texts(page, "#cards img")) == 4 and texts(page, "#cards .bad"))
    (said,) = texts(page, "#cards .bad")
    assert said.startswith("bad.mp4 cannot be opened as a video")
    assert said.count(".") - said.count("bad.mp4") == 1
    assert not page.find_element("id", "alert").is_displayed()
    pictures(page, "journey-batch-one-bad")
    choose(page, "destination", "lumamatte")
    page.find_element("id", "export-all").click()
    wait(lambda: len(texts(page, "#cards a")) == 4)
    assert texts(page, "#told")[0].endswith("Matte only: ready.")  # read aloud
    pictures(page, "journey-batch-done")
    names = page.execute_script(
        "return [...document.querySelectorAll('#cards a')].map((a) => a.download)"
    )
    assert sorted(names) == [f"c{index}-lumamatte.mp4" for index in range(4)]
    for index in range(4):
        file = download(page, f"#cards a[download='c{index}-lumamatte.mp4']", tmp_path)
        assert verify(file, clips[index], skip=("colour",)).holds
    press(page, "Retry", "#cards")
    wait(lambda: texts(page, "#cards .bad") == [said])
    page.find_element("css selector", "[aria-label='Remove bad.mp4']").click()
    wait(lambda: not texts(page, "#cards .bad"))
    assert len(texts(page, "#cards img")) == 4


def test_a_job_is_cancelled_half_way_and_started_again(page, page_server, make_clip):
    """Its process is gone, nothing half-written is left, and the card says so."""
    drop(page, make_clip("long.mp4", frames=600))
    playable(page)
    choose(page, "destination", "web")
    page.find_element("id", "export").click()

    def job() -> dict[str, object]:
        return page_server.ask("GET", "").json["jobs"][-1]

    wait(lambda: job()["state"] == "running" and job()["frame"] > 20)
    assert page_server.working()
    folder = f"*/{job()['clip']}/*"
    assert list(page_server.folder.glob(f"*/*/.*{job()['id']}*")) or list(
        page_server.folder.glob(f"*/*/{job()['id']}*")
    )
    pictures(page, "journey-cancel-running")
    press(page, "Cancel")
    wait(lambda: "export cancelled" in texts(page, "#cards li")[0])
    assert page_server.working() == []
    left = {path.name for path in page_server.folder.glob(folder)}
    assert not [name for name in left if str(job()["id"]) in name or ".part" in name], left
    assert "cancelled" in texts(page, "#jobs > li:first-child")[0]
    pictures(page, "journey-cancel-cancelled")
    press(page, "Retry", "#cards")
    wait(lambda: texts(page, "#cards a"))
    assert job()["state"] == "done"
    press(page, "Delete")
    wait(lambda: not texts(page, "#jobs li"))
    assert not list(page_server.folder.glob(f"*/*/{job()['id']}*.webm"))
