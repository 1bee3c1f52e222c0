"""The page for people who use a keyboard or a screen reader, or who need contrast."""

from __future__ import annotations

from typing import Any

import pytest
from barriers import barriers
from browsing import (
    NARROW,
    WIDE,
    alpha_at,
    clock,
    drag,
    drop,
    look,
    playable,
    shown,
    texts,
    usual,
    wait,
)

from sinet_video import verify

TAB, ENTER, SPACE, ESCAPE = "\ue004", "\ue007", " ", "\ue00c"
LEFT, UP, RIGHT, DOWN = "\ue012", "\ue013", "\ue014", "\ue015"
SHIFT, CONTROL = "\ue008", "\ue009"


def barriers_everywhere(page: Any) -> None:
    """None wide and light, nor narrow and dark."""
    for size, dark in ((WIDE, False), (NARROW, True)):
        look(page, size, dark=dark)
        assert barriers(page) == [], (size, dark)
    usual(page)


def test_axe_finds_no_barrier_in_any_state(page, make_clip, carphone, tmp_path):
    barriers_everywhere(page)
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video" * 100)
    drop(page, make_clip("long.mp4", frames=400, audio=True), bad, carphone)
    wait(lambda: len(texts(page, "#cards img")) == 2 and texts(page, "#cards .bad"))
    shown(page)
    page.execute_script("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    drag(page, (0.5, 0.3), (0.5, 0.6))
    page.find_element("id", "export").click()
    wait(lambda: texts(page, "#jobs button"))
    barriers_everywhere(page)
    wait(lambda: texts(page, "#jobs a"))
    page.execute_script("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    page.execute_script("document.getElementById('view-split').click()")
    barriers_everywhere(page)
    page.execute_script("document.querySelector('.chosen [aria-label^=Delete]').click()")
    assert page.find_element("id", "sure").get_property("open")
    barriers_everywhere(page)
    page.find_element("id", "sure-no").click()
    page.execute_script("document.getElementById('help').showModal()")
    barriers_everywhere(page)


def test_axe_finds_a_barrier_where_there_is_one(page):
    """The failing twin: gray on gray, and a button without a name."""
    page.execute_script(
        """document.querySelector("header").insertAdjacentHTML("beforeend",
          "<button type=button id=worse></button><p id=gray>gray on gray</p>");
        document.getElementById("gray").style.color = "#bbb";"""
    )
    found = {each.partition(":")[0] for each in barriers(page)}
    assert {"button-name", "color-contrast"} <= found


class Keys:
    """A person who has no pointer."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self.page).send_keys(*keys).perform()

    def hold(self, held: str, *keys: str) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self.page).key_down(held).send_keys(*keys).key_up(held).perform()

    def tab_to(self, selector: str) -> None:
        """Go on with the tab key until an element has the focus, which is always to be seen."""
        for _ in range(150):
            self.press(TAB)
            there, outline = self.page.execute_script(
                """const here = document.activeElement, style = getComputedStyle(here);
                const body = here === document.body || here.id === "files";
                return [here.matches(arguments[0]), body || style.outlineStyle !== "none"]""",
                selector,
            )
            assert outline, self.page.switch_to.active_element.get_attribute("outerHTML")
            if there:
                return
        raise AssertionError(f"no tab leads to {selector}")


@pytest.fixture
def keys(page: Any) -> Keys:
    return Keys(page)


def test_a_whole_journey_without_a_pointer(page, keys, page_server, carphone, tmp_path):
    """Look, move an edge, paint, limit the stroke, undo, export and download."""
    keys.tab_to("#files")
    drop(page, carphone)  # the dialogue for files is the system's
    playable(page)
    shown(page)
    keys.press("1")
    wait(lambda: alpha_at(page, 0.02, 0.02) == 255)
    keys.press("3", "n")
    worst = {float(text.split()[0].split(":")[1]) for text in texts(page, "#worst button")}
    wait(lambda: 0 < clock(page) == pytest.approx(min(worst - {0.0}), abs=0.05))
    shown(page)
    keys.tab_to("#choke")
    keys.press(RIGHT, RIGHT)
    wait(lambda: "--choke=0.5" in texts(page, "#command")[0])
    shown(page)
    keys.press("b")
    assert page.switch_to.active_element.get_attribute("id") == "overlay"
    keys.press(SPACE, *[DOWN] * 10, SPACE)
    wait(lambda: texts(page, "#strokes li"))
    shown(page)
    assert alpha_at(page, 0.5, 0.55) < 16
    keys.press("]")
    wait(lambda: "whole clip" not in texts(page, "#strokes li")[0])
    keys.hold(CONTROL, "z")
    wait(lambda: "whole clip" in texts(page, "#strokes li")[0])
    keys.hold(CONTROL, "z")
    wait(lambda: not texts(page, "#strokes li"))
    keys.press("?")
    assert page.find_element("id", "help").get_property("open")
    keys.press(ESCAPE)
    assert not page.find_element("id", "help").get_property("open")
    keys.tab_to("input[name=destination]")
    keys.press(*[DOWN] * 8)
    wait(lambda: "--show=alpha" in texts(page, "#command")[0])
    keys.tab_to("#export")
    keys.press(ENTER)
    wait(lambda: texts(page, "#jobs a"))
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    keys.tab_to("#jobs a")
    keys.press(ENTER)
    wait((tmp_path / "carphone_pristine-lumamatte.mp4").exists)
    made = tmp_path / "carphone_pristine-lumamatte.mp4"
    assert verify(made, carphone, skip=("colour",)).timing.frames == 120


def test_painting_by_keys_has_rectangles_polygons_and_moves(page, keys, page_server, carphone):
    """Arrows move the cursor, with Shift farther; each tool works as it does with a pointer."""
    drop(page, carphone)
    shown(page)

    def strokes() -> list[dict[str, Any]]:
        (clip,) = page_server.ask("GET", "").json["clips"]
        return clip["strokes"]

    def tool(name: str) -> None:
        keys.tab_to("input[name=shape]:checked")
        order = ["brush", "rectangle", "polygon", "move"]
        now = page.execute_script("return document.querySelector('[name=shape]:checked').value")
        steps = order.index(name) - order.index(now)
        keys.press(*[RIGHT if steps > 0 else LEFT] * abs(steps))
        keys.press("b", "b")  # closed, and open again: the focus is on the frame

    keys.press("b")
    tool("rectangle")
    keys.press(SPACE)
    keys.hold(SHIFT, RIGHT, RIGHT, DOWN, DOWN)
    keys.press(SPACE)
    wait(lambda: len(strokes()) == 1)
    (first, second) = strokes()[0]["points"]
    assert first == pytest.approx([0.5, 0.5])
    assert second == pytest.approx([0.6, 0.6])
    tool("polygon")
    for step in (RIGHT, DOWN, LEFT):
        keys.press(SPACE)
        keys.hold(SHIFT, step)
    keys.press(ENTER)
    wait(lambda: len(strokes()) == 2)
    assert len(strokes()[1]["points"]) == 3
    tool("move")
    keys.press(SPACE)
    keys.hold(SHIFT, UP)
    keys.press(SPACE)
    wait(lambda: any(stroke["moves"] for stroke in strokes()))
