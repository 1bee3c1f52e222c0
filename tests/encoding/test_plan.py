"""Which codec, pixel format and options a name and a content lead to, and what does not go."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from sinet_video import Encoding, SettingError
from sinet_video.containers.codecs import CODECS, X26_PRESETS
from sinet_video.containers.formats import CONTAINERS, STREAMS, container_of
from sinet_video.encoding.plan import plan, plan_in

# Each extension with what it gets for opaque frames, frames with alpha, and gray mattes.
TABLE = {
    ".mp4": ("mp4", "h264 libx264 yuv420p", None, "h264 libx264 yuv420p"),
    ".m4v": ("mp4", "h264 libx264 yuv420p", None, "h264 libx264 yuv420p"),
    ".mov": (
        "mov", "h264 libx264 yuv420p", "prores prores_ks yuva444p10le", "h264 libx264 yuv420p",
    ),
    ".mkv": ("matroska", "h264 libx264 yuv420p", "ffv1 ffv1 yuva420p", "ffv1 ffv1 gray"),
    ".webm": (
        "webm", "vp9 libvpx-vp9 yuv420p", "vp9 libvpx-vp9 yuva420p", "vp9 libvpx-vp9 yuv420p",
    ),
    ".png": ("image2", "png png rgb24", "png png rgba", "png png gray"),
    ".tif": ("image2", "tiff tiff rgb24", "tiff tiff rgba", "tiff tiff gray"),
    ".tiff": ("image2", "tiff tiff rgb24", "tiff tiff rgba", "tiff tiff gray"),
    ".exr": ("image2", "exr exr gbrpf32le", "exr exr gbrapf32le", "exr exr grayf32le"),
    ".gif": ("gif", "gif gif pal8", "gif gif pal8", "gif gif pal8"),
    ".apng": ("apng", "apng apng rgb24", "apng apng rgba", "apng apng gray"),
    ".webp": (
        "webp", "webp libwebp_anim bgra", "webp libwebp_anim bgra", "webp libwebp_anim bgra",
    ),
    ".jpg": ("image2", "mjpeg mjpeg yuvj420p", "", "mjpeg mjpeg yuvj420p"),
    ".jpeg": ("image2", "mjpeg mjpeg yuvj420p", "", "mjpeg mjpeg yuvj420p"),
}  # fmt: skip


def described(suffix: str, content: str, working: str = "yuv420p", **encoding) -> str:
    """A plan in three words: codec, encoder and pixel format."""
    made = plan(Path("out" + suffix), content, working, Encoding(**encoding))
    return f"{made.codec} {made.encoder} {made.pixel_format}"


def refusal(suffix: str, content: str = "rgb", working: str = "yuv420p", **encoding) -> str:
    """What is said of a plan that cannot be."""
    with pytest.raises(SettingError) as caught:
        plan(Path("out" + suffix), content, working, Encoding(**encoding))
    assert str(caught.value).endswith(".")
    return str(caught.value)


def test_the_table_knows_every_extension():
    """Nobody adds a container without saying here what it gets."""
    assert set(TABLE) == set(CONTAINERS)


@pytest.mark.parametrize("suffix", TABLE)
def test_each_extension_gets_its_codecs(suffix):
    """The defaults of each container, for each content that it can hold."""
    muxer, rgb, rgba, alpha = TABLE[suffix]
    assert container_of(Path("out" + suffix)).muxer == muxer
    assert described(suffix, "rgb") == rgb
    assert described(suffix, "alpha") == alpha
    if rgba:
        assert described(suffix, "rgba") == rgba
    else:
        refusal(suffix, "rgba")


def test_a_name_without_an_extension_is_a_folder_of_pngs():
    """And the case of an extension does not matter."""
    assert described("", "rgba") == "png png rgba"
    assert described(".MP4", "rgb") == "h264 libx264 yuv420p"


def test_an_unknown_extension_is_refused_with_those_that_go():
    """The message names every one that is taken."""
    message = refusal(".xyz")
    assert all(suffix in message for suffix in TABLE)
    assert ".xyz" in message


@pytest.mark.parametrize("suffix", [".mp4", ".m4v"])
def test_alpha_in_mp4_is_refused_with_what_can_hold_it(suffix):
    """The message says what to do instead."""
    message = refusal(suffix, "rgba")
    assert all(word in message for word in (suffix, ".webm", ".mov", "PNG", "background"))


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_a_codec_without_alpha_is_refused_with_those_that_have(codec):
    """Asked for outright, it is an error and not another codec."""
    message = refusal(".mkv", "rgba", codec=codec)
    assert all(word in message for word in (codec, "vp9", "prores", "ffv1"))


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_hevc_with_alpha_is_refused_with_three_alternatives(suffix):
    """x265 can be built with alpha, and here it is not: the encoder itself refuses it."""
    message = refusal(suffix, "rgba", codec="hevc")
    assert all(word in message for word in (".webm", ".mov (ProRes 4444)", "folder of PNGs"))
    encoder = av.CodecContext.create("libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 64, "yuva420p"
    encoder.time_base = Fraction(1, 25)
    with pytest.raises(av.FFmpegError):
        encoder.open()


@pytest.mark.parametrize("form", ["png", "tiff", "exr"])
def test_a_folder_s_frames_are_chosen_by_format(form):
    """And a format is only for what does not say its own."""
    assert described("", "rgba", format=form).split()[0] == form
    assert "folder" in refusal(".mov", format=form)
    assert "standard output" in refusal("", format="nut")


def test_alpha_is_straight_but_in_exr():
    """Unless it is asked for; in PNG it cannot be otherwise."""
    for suffix in (".mov", ".webm", ".png", ".tif"):
        assert plan(Path("a" + suffix), "rgba", "yuv420p").alpha == "straight"
    assert plan(Path("a.exr"), "rgba", "yuv420p").alpha == "premultiplied"
    assert (
        plan(Path("a.exr"), "rgba", "yuv420p", Encoding(alpha_mode="straight")).alpha == "straight"
    )
    assert "PNG is straight" in refusal(".png", "rgba", alpha_mode="premultiplied")


@pytest.mark.parametrize("suffix", TABLE)
@pytest.mark.parametrize("codec", CODECS)
def test_a_codec_goes_into_the_containers_that_take_it(suffix, codec):
    """And into no other; the message then names what the container takes."""
    able = CONTAINERS[suffix].codecs
    if codec in able:
        assert described(suffix, "rgb", codec=codec).startswith(f"{codec} ")
    else:
        message = refusal(suffix, codec=codec)
        assert codec in message
        assert all(name in message for name in able)


def test_an_unknown_codec_is_refused():
    """A name that is none of ours."""
    assert "'mpeg1'" in refusal(".mkv", codec="mpeg1")


@pytest.mark.parametrize(
    ("codec", "suffix", "working", "expected"),
    [
        ("h264", ".mp4", "yuv422p", "yuv422p"),
        ("h264", ".mp4", "yuv444p10le", "yuv444p10le"),
        ("h264", ".mp4", "yuvj420p", "yuvj420p"),
        ("hevc", ".mp4", "yuv422p10le", "yuv422p10le"),
        ("hevc", ".mp4", "yuvj420p", "yuv420p"),
        ("av1", ".mp4", "yuv444p", "yuv420p"),
        ("av1", ".mp4", "yuv422p10le", "yuv420p10le"),
        ("vp9", ".webm", "yuvj444p", "yuv444p"),
        ("prores", ".mov", "yuv420p", "yuv422p10le"),
        ("ffv1", ".mkv", "yuv444p10le", "yuv444p10le"),
        ("ffv1", ".mkv", "yuvj422p", "yuv422p"),
        ("h264", ".mp4", "yuv422p12le", "yuv422p10le"),
        ("hevc", ".mp4", "yuv444p12le", "yuv444p12le"),
        ("av1", ".mp4", "yuv420p12le", "yuv420p10le"),
        ("vp9", ".webm", "yuv420p12le", "yuv420p"),
        ("ffv1", ".mkv", "yuv420p12le", "yuv420p12le"),
        ("png", ".png", "yuv420p", "rgb24"),
        ("png", ".png", "yuv420p10le", "rgb48be"),
        ("png", ".png", "gbrp16le", "rgb48be"),
        ("h264", ".mp4", "gbrp", "yuv420p"),
        ("h264", ".mp4", "yuv411p", "yuv422p"),
        ("h264", ".mp4", "yuv410p", "yuv420p"),
        ("h264", ".mp4", "yuv440p12le", "yuv444p10le"),
        ("hevc", ".mp4", "gbrp9le", "yuv420p10le"),
        ("hevc", ".mp4", "yuv422p16le", "yuv422p12le"),
        ("vp9", ".webm", "gbrp16le", "yuv420p"),
        ("ffv1", ".mkv", "gbrp", "bgr0"),
        ("ffv1", ".mkv", "gbrp12le", "gbrp12le"),
        ("ffv1", ".mkv", "yuv411p", "yuv411p"),
    ],
)
def test_opaque_frames_keep_their_format_where_the_codec_can(codec, suffix, working, expected):
    """Depth and chroma stay what they are unless the encoder has nothing like them.

    RGB becomes 4:2:0 in codecs for players, most of which show nothing else.
    """
    assert described(suffix, "rgb", working, codec=codec).split()[2] == expected


@pytest.mark.parametrize(
    ("codec", "suffix", "working", "chroma", "expected"),
    [
        ("h264", ".mp4", "gbrp", "444", "yuv444p"),
        ("h264", ".mp4", "yuvj444p", "420", "yuvj420p"),
        ("hevc", ".mp4", "yuv420p12le", "422", "yuv422p12le"),
        ("vp9", ".webm", "gbrp10le", "444", "yuv444p"),
        ("ffv1", ".mkv", "gbrp16le", "420", "yuv420p16le"),
        ("av1", ".mp4", "gbrp", "420", "yuv420p"),
        ("mjpeg", ".jpg", "gbrp", "420", "yuvj420p"),
        ("prores", ".mov", "yuv444p", "422", "yuv422p10le"),
    ],
)
def test_chroma_that_is_asked_for(codec, suffix, working, chroma, expected):
    """Depth stays as it is."""
    assert described(suffix, "rgb", working, codec=codec, chroma=chroma).split()[2] == expected


@pytest.mark.parametrize(
    ("codec", "suffix", "content", "chroma", "made"),
    [
        ("av1", ".mp4", "rgb", "444", "yuv420p"),
        ("png", ".png", "rgb", "420", "rgb24"),
        ("vp9", ".webm", "rgba", "444", "yuva420p"),
        ("h264", ".mp4", "alpha", "444", "yuv420p"),
    ],
)
def test_chroma_that_a_codec_does_not_have(codec, suffix, content, chroma, made):
    """It says what it would be."""
    assert f"{made} here" in refusal(suffix, content, codec=codec, chroma=chroma)


def test_streams_are_for_all_players():
    """So they are 4:2:0, and nothing else can be asked for."""
    for scheme in ("rtmp", "udp", "https", "rtsp"):
        assert plan_in(STREAMS[scheme], "a", "rgb", "gbrp", Encoding()).pixel_format == "yuv420p"
        with pytest.raises(SettingError, match="not 4:4:4"):
            plan_in(STREAMS[scheme], "a", "rgb", "yuv444p", Encoding(chroma="444"))


@pytest.mark.parametrize(
    ("codec", "suffix", "working", "expected"),
    [
        ("ffv1", ".mkv", "yuv422p10le", "yuva422p10le"),
        ("ffv1", ".mkv", "yuvj444p", "yuva444p"),
        ("prores", ".mkv", "yuv420p", "yuva444p10le"),
        ("vp9", ".mkv", "yuv422p10le", "yuva420p"),
        ("ffv1", ".mkv", "yuv420p12le", "yuva422p12le"),
        ("ffv1", ".mkv", "yuv444p12le", "yuva444p12le"),
        ("ffv1", ".mkv", "yuv422p14le", "yuva422p16le"),
        ("ffv1", ".mkv", "yuv411p", "yuva422p"),
        ("ffv1", ".mkv", "gbrp", "bgra"),
        ("ffv1", ".mkv", "gbrp9le", "gbrap10le"),
        ("png", "", "yuv420p", "rgba"),
        ("png", "", "yuv420p10le", "rgba64be"),
    ],
)
def test_frames_with_alpha_get_a_format_with_alpha(codec, suffix, working, expected):
    """In the source's own format if the codec can, else in the codec's one."""
    assert described(suffix, "rgba", working, codec=codec).split()[2] == expected


@pytest.mark.parametrize(
    ("form", "working", "expected"),
    [
        ("nut", "yuv440p10le", "yuv444p10le"),
        ("nut", "yuv440p", "yuv440p"),
        ("nut", "gbrp", "gbrp"),
        ("y4m", "yuv411p", "yuv411p"),
        ("y4m", "gbrp12le", "yuv444p12le"),
        ("y4m", "yuv440p", "yuv444p"),
        ("y4m", "yuv410p", "yuv420p"),
    ],
)
def test_a_pipe_gets_what_its_other_end_can_tell(form, working, expected):
    """The nearest format that the stream has a name for."""
    chosen = plan(Path("-"), "rgb", working, Encoding(codec="rawvideo", format=form))
    assert chosen.pixel_format == expected


def test_alpha_has_options_of_its_own():
    """VP9 loses its alpha to alternate reference frames; ProRes needs the 4444 profile."""
    assert plan(Path("a.webm"), "rgba", "yuv420p").options["auto-alt-ref"] == "0"
    assert "auto-alt-ref" not in plan(Path("a.webm"), "rgb", "yuv420p").options
    assert plan(Path("a.mov"), "rgba", "yuv420p").options["profile"] == "4444"


@pytest.mark.parametrize("codec", [name for name, c in CODECS.items() if c.crf is not None])
def test_crf_has_a_range(codec):
    """Both ends are in it, what lies past them is not, and neither is no number."""
    suffix = ".webm" if codec == "vp9" else ".mp4"
    most = CODECS[codec].most_crf
    for crf in (0, 17.5, most):
        made = plan(Path("a" + suffix), "rgb", "yuv420p", Encoding(codec, crf=crf))
        assert made.options["crf"] == f"{crf:g}"
    for crf in (-1, most + 0.5):
        assert f"0 to {most:g}" in refusal(suffix, codec=codec, crf=crf)
    assert "must be a number" in refusal(suffix, codec=codec, crf=float("nan"))


@pytest.mark.parametrize(
    ("codec", "suffix", "option", "good", "bad"),
    [
        ("h264", ".mp4", "preset", "slow", "warp"),
        ("hevc", ".mp4", "preset", "ultrafast", "10"),
        ("av1", ".mkv", "preset", "13", "14"),
        ("vp9", ".webm", "cpu-used", "8", "9"),
    ],
)
def test_presets_are_the_encoder_s_own(codec, suffix, option, good, bad):
    """One that it has is handed on; one that it has not is refused with those that it has."""
    made = plan(Path("a" + suffix), "rgb", "yuv420p", Encoding(codec, preset=good))
    assert made.options[option] == good
    message = refusal(suffix, codec=codec, preset=bad)
    assert repr(bad) in message
    assert all(name in message for name in CODECS[codec].presets)


@pytest.mark.parametrize(("codec", "suffix"), [("prores", ".mov"), ("ffv1", ".mkv"), ("png", "")])
def test_crf_and_preset_are_refused_where_there_are_none(codec, suffix):
    """A setting that would do nothing is an error, not ignored."""
    assert "no crf" in refusal(suffix, codec=codec, crf=20)
    assert "no presets" in refusal(suffix, codec=codec, preset="fast")


def test_x264_s_presets_are_all_there():
    """From the fastest to the slowest that anybody uses."""
    assert X26_PRESETS[0] == "ultrafast"
    assert X26_PRESETS[-1] == "veryslow"
    assert len(X26_PRESETS) == 9
