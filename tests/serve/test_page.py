"""The page in headless Chromium: sliders, views, the player and its keys, painting, looks."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from browsing import (
    alpha_at,
    choose,
    clock,
    drag,
    drop,
    key,
    look,
    picture,
    pictures,
    playable,
    shown,
    slide,
    texts,
    usual,
    wait,
)
from PIL import Image

OPAQUE = """const canvas = document.getElementById("picture");
const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
return data.reduce((sum, value, index) => sum + (index % 4 === 3 ? value : 0), 0);"""

SPEED = "return document.getElementById('speed').textContent"


def test_sliders_change_the_frame_and_the_command(page, carphone):
    drop(page, carphone)
    shown(page)
    before = page.execute_script(OPAQUE)
    assert before > 0
    slide(page, "choke", 6)
    wait(lambda: "--choke=6" in texts(page, "#command")[0])
    wait(lambda: page.execute_script(OPAQUE) < before)
    version = "return document.getElementById('video').src"
    played = wait(lambda: page.execute_script(version))
    hidden = "return document.getElementById('relook').hidden"
    slide(page, "feather", 0)
    wait(lambda: not page.execute_script(hidden))
    page.find_element("id", "relook").click()
    wait(lambda: page.execute_script(version) != played)


def test_an_export_s_size_is_foreseen(page, carphone, tmp_path):
    """Within a half, before the first one; by the person's share, and by the size of the frame."""
    drop(page, carphone)
    playable(page)
    (said,) = wait(lambda: texts(page, "#cost-premiere"))
    foreseen = float(re.fullmatch(r", ≈ ([\d.]+) MB.*", said)[1])
    made = tmp_path / "made.mov"
    command = Path(sys.executable).with_name("sinet-video")
    words = [command, "run", carphone, made, "--preset-for", "premiere", "--quiet"]
    subprocess.run(words, check=True)
    assert foreseen == pytest.approx(made.stat().st_size / 1e6, rel=0.5)


def test_times_are_rounded_before_they_are_written(page):
    """59.7 s are a minute, not "0:60"."""
    said = page.execute_async_script(
        """const given = [[0, 0], [59.4, 0], [59.7, 0], [119.6, 0], [59.9996, 3], [61.25, 3]];
        const done = arguments[0];
        import("./dom.js").then(({ clock }) => done(given.map((each) => clock(...each))));"""
    )
    assert said == ["0:00", "0:59", "1:00", "2:00", "1:00.000", "1:01.250"]


def test_levels_change_the_frame_and_stay_in_order(page, carphone):
    drop(page, carphone)
    shown(page)
    soft = page.execute_script(OPAQUE)
    slide(page, "black_point", 0.6)
    wait(lambda: "--black-point=0.6" in texts(page, "#command")[0])
    wait(lambda: page.execute_script(OPAQUE) < soft)
    slide(page, "white_point", 0.3)
    wait(lambda: "--black-point=0.25 --white-point=0.3" in texts(page, "#command")[0])
    page.execute_script("document.querySelector('[aria-label=\"Reset edge and matte\"]').click()")
    wait(lambda: "point" not in texts(page, "#command")[0])
    wait(lambda: page.execute_script(OPAQUE) == pytest.approx(soft, rel=0.01))


def test_the_colour_of_a_screen_is_picked_from_the_frame(page, make_clip):
    from selenium.webdriver import ActionChains

    drop(page, make_clip())
    shown(page)
    page.execute_script("document.getElementById('screen').parentElement.open = true")
    page.execute_script("document.getElementById('pick').click()")
    wait(lambda: alpha_at(page, 0.02, 0.02) == 255)  # the source is shown
    canvas = page.find_element("id", "picture")
    page.execute_script("scrollTo(0, 0)")
    ActionChains(page).move_to_element_with_offset(canvas, 0, 60).click().perform()
    colour = wait(lambda: page.execute_script("return document.getElementById('key').value"))
    assert colour.startswith("#")
    wait(lambda: f"--key={colour}" in texts(page, "#command")[0].replace("'", ""))


def test_a_stroke_counts_from_the_bracket_to_the_bracket(page, page_server, carphone):
    """Of the stroke that was painted last, and then of those that will be."""
    drop(page, carphone)
    playable(page)
    shown(page)
    page.execute_script("document.getElementById('painting').open = true")
    drag(page, (0.5, 0.3), (0.5, 0.6), (0.6, 0.6))
    wait(lambda: alpha_at(page, 0.5, 0.45) < 16)

    def spans() -> list[tuple[float, float | None]]:
        (clip,) = page_server.ask("GET", "").json["clips"]
        return [(round(s["start"], 2), s["end"] and round(s["end"], 2)) for s in clip["strokes"]]

    def at(time: float) -> None:
        slide(page, "scrub", time)
        shown(page)

    at(1)
    key(page, "[")
    at(2)
    key(page, "]")
    wait(lambda: spans() == [(pytest.approx(1, abs=0.04), pytest.approx(2.03, abs=0.04))])
    assert "0:01.00 to 0:02.0" in texts(page, "#strokes")[0]
    shown(page)
    assert alpha_at(page, 0.5, 0.45) < 16
    at(2.5)
    assert alpha_at(page, 0.5, 0.45) > 100
    key(page, "\ue00c", "[")  # lets go of it
    assert page.execute_script("return document.querySelector('[value=marked]').checked")
    assert page.execute_script("return document.querySelectorAll('#curves .marked').length") == 1
    drag(page, (0.1, 0.1), (0.1, 0.2))
    wait(lambda: len(spans()) == 2)
    assert spans()[1] == (pytest.approx(2.5, abs=0.04), None)
    page.find_element("id", "undo").click()
    page.find_element("id", "undo").click()
    wait(lambda: spans() == [(pytest.approx(1, abs=0.04), None)])


def test_undo_takes_back_the_last_corner_of_a_polygon(page, page_server, carphone):
    """And the stroke before it stays."""
    from selenium.webdriver import ActionChains

    drop(page, carphone)
    playable(page)
    page.execute_script("document.getElementById('painting').open = true")
    drag(page, (0.5, 0.3), (0.5, 0.6))
    choose(page, "shape", "polygon")
    for corner in ((0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.9, 0.9)):
        drag(page, corner)
    ActionChains(page).key_down("\ue009").send_keys("z").key_up("\ue009").perform()
    key(page, "\ue007")
    strokes = wait(lambda: page_server.ask("GET", "").json["clips"][0]["strokes"][1:])
    assert len(strokes[0]["points"]) == 3


def test_keys_views_and_the_timeline(page, carphone):
    drop(page, carphone)
    playable(page)
    shown(page)
    assert page.execute_script("return document.querySelectorAll('#curves polyline').length") == 2
    for number, name in enumerate(("source", "matte", "board", "colour", "own", "split"), 1):
        key(page, str(number))
        pressed = f"return document.querySelector('#view-{name}').ariaPressed"
        assert page.execute_script(pressed) == "true"
        picture(page, f"view-{name}")
    key(page, "1")
    assert alpha_at(page, 0.02, 0.02) == 255
    key(page, "3")
    assert clock(page) == 0
    key(page, "\ue014")
    wait(lambda: clock(page) == pytest.approx(0.033, abs=0.002))
    key(page, "n")
    wait(lambda: clock(page) > 0.04)
    key(page, "\ue010")
    wait(lambda: clock(page) == pytest.approx(3.97, abs=0.01))
    key(page, "\ue011")
    wait(lambda: clock(page) == 0)


def test_j_k_l_play_as_editors_do(page, carphone):
    """Once as it is, twice at double speed, three times at four times; K stops, J goes back."""
    drop(page, carphone)
    playable(page)
    shown(page)
    speeds = []
    for letter in "lll":
        key(page, letter)
        speeds.append(page.execute_script(SPEED))
    assert speeds == ["", "2\u00d7 speed", "4\u00d7 speed"]
    wait(lambda: clock(page) > 0.3)
    key(page, "k")
    assert page.execute_script(SPEED) == ""
    shown(page)
    stopped = clock(page)
    slide(page, "scrub", 3)
    key(page, "j")
    assert page.execute_script(SPEED) == "1\u00d7 back"
    key(page, "j")
    assert page.execute_script(SPEED) == "2\u00d7 back"
    wait(lambda: clock(page) < 2.5)
    key(page, "l")
    assert page.execute_script(SPEED) == ""
    turned = clock(page)
    wait(lambda: clock(page) > turned + 0.2)
    key(page, "k")
    shown(page)
    assert stopped > 0.3


def test_the_audio_is_heard_and_can_be_turned_off(page, make_clip):
    drop(page, make_clip("loud.mp4", frames=60, audio=True))
    playable(page)
    audio, video = page.find_element("id", "audio"), page.find_element("id", "video")
    assert audio.is_displayed()
    key(page, " ")
    wait(lambda: video.get_property("webkitAudioDecodedByteCount") > 0)
    assert video.get_property("muted") is False
    key(page, "m")
    assert video.get_property("muted") is True
    assert audio.get_attribute("aria-pressed") == "false"
    key(page, "m", "k")
    drop(page, make_clip("silent.mp4"))
    wait(lambda: not audio.is_displayed())


def test_before_and_after_has_the_source_left_and_a_checkerboard_right(page, make_clip):
    """By a picture of the page: white and gray squares in the place of what was painted away."""
    drop(page, make_clip(width=320, height=192))
    shown(page)
    page.execute_script("document.getElementById('painting').open = true")
    choose(page, "shape", "rectangle")
    drag(page, (0.01, 0.01), (0.99, 0.99))
    wait(lambda: alpha_at(page, 0.75, 0.5) < 16)
    page.execute_script("document.getElementById('painting').open = false")
    key(page, "5")
    before = picture(page, "no-background-yet")
    key(page, "6")
    assert picture(page, "before-after") != before
    box = page.execute_script(
        "const b = document.getElementById('picture').getBoundingClientRect();"
        "return [b.left, b.top + scrollY, b.width, b.height]"
    )
    with av.open(io.BytesIO(picture(page, "before-after"))) as container:
        seen = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    left, top, width, height = map(round, box)
    frame = seen[top : top + height, left : left + width]
    right = frame[height // 4 : height // 2, width * 6 // 10 : width * 9 // 10].reshape(-1, 3)
    colours, counts = np.unique(right, axis=0, return_counts=True)
    assert [196, 200, 207] in colours.tolist()
    assert [255, 255, 255] in colours.tolist()
    both = counts[(colours == 255).all(axis=1) | (colours == [196, 200, 207]).all(axis=1)]
    assert both.sum() > 0.8 * len(right)
    assert min(both) > 0.4 * len(right)
    assert frame[height // 4, : width * 4 // 10].std() > 10  # a ramp of colours


def test_an_image_has_no_timeline_and_becomes_an_image(page, make_clip, tmp_path):
    """What is about time is left out; the destination is PNG until another one is chosen."""
    photo = tmp_path / "photo.png"
    Image.new("RGB", (160, 96), (90, 120, 150)).save(photo)
    drop(page, make_clip())
    wait(lambda: texts(page, ".card.chosen b") == ["clip.mp4"])
    chosen = "return document.querySelector('input[name=destination]:checked').value"
    assert page.execute_script(chosen) == "premiere"
    drop(page, photo)
    wait(lambda: texts(page, ".card.chosen b") == ["photo.png"])
    assert page.execute_script(chosen) == "blender"
    wait(lambda: "photo-matte.png" in texts(page, "#command")[0])
    assert not page.find_element("id", "timeline").is_displayed()
    assert not page.find_element("id", "play").is_displayed()
    shown(page)
    pictures(page, "image")
    page.find_element("css selector", "[aria-label='Open clip.mp4']").click()
    wait(lambda: page.find_element("id", "timeline").is_displayed())
    assert page.execute_script(chosen) == "premiere"


def test_of_an_hdr_clip_it_is_said_that_it_looks_paler(page, make_clip, ffmpeg, tmp_path):
    tagged = tmp_path / "hdr.mkv"
    tags = ["-color_trc", "smpte2084", "-color_primaries", "bt2020", "-colorspace", "bt2020nc"]
    ffmpeg("ffmpeg", "-y", "-i", make_clip("sdr.mp4"), "-c:v", "libx264", *tags, tagged)
    for clip, is_hdr in ((tagged, True), (make_clip("sdr.mp4"), False)):
        drop(page, clip)
        wait(lambda name=clip.name: texts(page, ".card.chosen b") == [name])
        assert page.find_element("id", "hdr").is_displayed() is is_hdr


def test_a_background_of_ones_own_can_be_chosen_once_it_is_there(page, carphone, make_clip):
    drop(page, carphone)
    shown(page)
    own = page.find_element("css selector", "#background [value=own]")
    assert not own.is_enabled()
    page.execute_script("document.getElementById('backgrounds').open = true")
    upload, named = page.find_element("id", "own"), page.find_element("id", "own-name")
    upload.send_keys(str(Path(__file__)))
    wait(lambda: "test_page.py cannot be opened" in texts(page, "#alert")[0])
    wait(lambda: named.text == "")
    upload.send_keys(str(make_clip("room.mp4")))
    wait(own.is_enabled)
    wait(lambda: named.text == "Yours: room.mp4")
    choose(page, "destination", "video")
    wait(lambda: "--background=room.mp4" in texts(page, "#command")[0])


def test_it_is_readable_narrow_and_wide_light_and_dark(page, carphone, make_clip):
    pictures(page, "empty")
    drop(page, carphone)
    playable(page)
    shown(page)
    pictures(page, "open")
    page.execute_script("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    drag(page, (0.5, 0.3), (0.5, 0.6), (0.6, 0.6))
    shown(page)
    pictures(page, "all-open")
    page.execute_script("document.getElementById('help').showModal()")
    pictures(page, "keys")


def test_the_frame_stays_in_sight_on_a_narrow_screen(page, carphone):
    """While its sliders, which lie far below it, are moved."""
    drop(page, carphone)
    shown(page)
    look(page, (375, 812), dark=False)
    try:
        page.execute_script("document.getElementById('smooth').scrollIntoView({block: 'center'})")
        top, bottom = page.execute_script(
            "const b = document.getElementById('picture').getBoundingClientRect();"
            "return [b.top, b.bottom]"
        )
        assert 0 <= top < bottom < 812
    finally:
        usual(page)


def test_every_control_has_a_name_and_no_request_leaves(page, page_server, carphone):
    drop(page, carphone)
    shown(page)
    nameless = page.execute_script(
        """return [...document.querySelectorAll("button, input, select, a, summary, canvas, svg")]
          .filter((each) => !(each.ariaLabel || each.textContent.trim() || each.labels?.length
            || each.title)).map((each) => each.outerHTML)"""
    )
    assert nameless == []
    asked = page.execute_script(
        "return performance.getEntriesByType('resource').map((each) => each.name)"
    )
    assert asked
    assert all(each.startswith((page_server.url, f"blob:{page_server.url[:20]}")) for each in asked)
    said = [each for each in page.get_log("browser") if each["level"] == "SEVERE"]
    assert said == [], json.dumps(said)
