"""Inputs of the matrix test: small files of many kinds, all written by the program ffmpeg.

Every frame has a bright left half (red) and a bright upper half (green), so that any turn or
flip of it shows, and blue that grows from frame to frame, so that each is told from its
neighbours. Audio is noise, in which a shift of a sample shows, at another loudness in each channel.
"""

from __future__ import annotations

import struct
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

FRAMES = 8

COLOURS: dict[str, tuple[str, str, str, str]] = {
    "": ("bt601", "", "", ""),
    "709": ("bt709", "bt709", "bt709", "bt709"),
    "525": ("bt601", "smpte170m", "smpte170m", "smpte170m"),
    "625": ("bt601", "bt470bg", "bt470bg", "bt709"),
    "240": ("smpte240m", "smpte240m", "smpte240m", "smpte240m"),
    "2020": ("bt2020", "bt2020nc", "bt2020", "bt2020-10"),
    "pq": ("bt2020", "bt2020nc", "bt2020", "smpte2084"),
    "hlg": ("bt2020", "bt2020nc", "bt2020", "arib-std-b67"),
    "srgb": ("bt709", "bt709", "bt709", "iec61966-2-1"),
}
"""The matrix to convert with, and the tags of matrix, primaries and transfer; "" says none."""

LAYOUTS = {
    "mono": "mono|c0=c0",
    "stereo": "stereo|c0=c0|c1=0.5*c0",
    "5.1": "5.1|c0=c0|c1=0.8*c0|c2=0.6*c0|c3=0.3*c0|c4=0.5*c0|c5=0.4*c0",
}

VARIABLE = "setpts='(N+gte(N,2)*2+gte(N,5)*3)/25/TB'"
"""Times of a camera that takes fewer frames in the dark."""


def late(seconds: float) -> str:
    """The filter that makes frames start later."""
    return f"setpts=PTS+{seconds}/TB"


@dataclass(frozen=True)
class Made:
    """One input, and what it is put through.

    Attributes:
        name: its file name, whose extension decides the container.
        video: the encoder's name and options.
        pixel: the pixel format.
        outputs: keys of `matrix.OUTPUTS`.
        audio: for each track a layout, an encoder and its options.
        rate: frames a second.
        size: width x height.
        colour: a key of `COLOURS`.
        full: whether luma takes all values, and whether that is said.
        filters: of frames, after they are made.
        sar: width of a pixel over its height.
        container: options of the muxer.
        remux: options "of the input|of the output" with which packets are copied once more.
        then: the rate of a second clip, of another time base, that is joined on by packet copy.
        mirror: a key of `MIRRORED`, put into the file's bytes, as older ffmpegs cannot be told.
    """

    name: str
    video: str
    pixel: str
    outputs: str
    audio: tuple[str, ...] = ()
    rate: str = "25"
    size: str = "64x48"
    colour: str = "709"
    full: bool = False
    filters: str = "null"
    sar: str = "1"
    container: str = ""
    remux: str = ""
    then: str = ""
    mirror: str = ""

    @property
    def arguments(self) -> list[str]:
        """Of ffmpeg, but for the file's name."""
        words = ["-f", "lavfi", "-i", self._picture]
        for track in self.audio:
            words += ["-f", "lavfi", "-i", _noise(track.split()[0])]
        maps = [word for index in range(len(self.audio) + 1) for word in ("-map", str(index))]
        words += [*maps, "-copyts", "-fps_mode", "passthrough"]
        words += ["-c:v", *self.video.split(), *self._tags]
        for index, track in enumerate(self.audio):
            codec, *options = track.split()[1:]
            words += [f"-c:a:{index}", codec, *options]
        return [*words, *self.container.split()]

    @property
    def _picture(self) -> str:
        matrix = COLOURS[self.colour][0]
        return (
            f"color=s={self.size}:r={self.rate},trim=end_frame={FRAMES},format=gbrp,"
            "geq=r='40+180*lt(X,W/2)':g='40+180*lt(Y,H/2)':b='40+20*N',"
            f"scale=out_color_matrix={matrix}:out_range={'pc' if self.full else 'tv'}"
            f":flags=accurate_rnd+full_chroma_int+bicubic,format={self.pixel},"
            f"{self.filters},setsar={self.sar}"
        )

    @property
    def _tags(self) -> list[str]:
        matrix, primaries, transfer = COLOURS[self.colour][1:]
        words = ["-color_range", "pc"] if self.full else []
        if matrix:
            words += ["-colorspace", matrix, "-color_primaries", primaries, "-color_trc", transfer]
            words += [] if self.full else ["-color_range", "tv"]
        return words

    def write(self, folder: Path) -> Path:
        """Write it into a folder."""
        path = folder / self.name
        if self.then:
            return self._joined(path)
        if not self.remux:
            _ffmpeg(*self.arguments, str(path))
            if self.mirror:
                _say_matrix(path, *MIRRORED[self.mirror])
            return path
        before = folder / f"before{path.suffix}"
        _ffmpeg(*self.arguments, str(before))
        seek, _, copied = self.remux.partition("|")
        take = [*seek.split(), "-i", str(before), "-map", "0", "-c", "copy", *copied.split()]
        _ffmpeg(*take, str(path))
        before.unlink()
        return path

    def _joined(self, path: Path) -> Path:
        rates = {f"one{path.suffix}": self.rate, f"two{path.suffix}": self.then}
        for name, rate in rates.items():
            replace(self, name=name, rate=rate, then="").write(path.parent)
        names = path.with_suffix(".txt")
        names.write_text("".join(f"file '{name}'\n" for name in rates))
        _ffmpeg("-f", "concat", "-i", str(names), "-map", "0", "-c", "copy", str(path))
        for name in (*rates, names.name):
            (path.parent / name).unlink()
        return path


def _say_matrix(path: Path, a: int, b: int, c: int, d: int) -> None:
    """Put another matrix into the header of a file's first track (ISO/IEC 14496-12, 8.3.2)."""
    data, upright = bytearray(path.read_bytes()), _matrix(1, 0, 0, 1)
    at = data.index(upright, data.index(b"tkhd"))
    data[at : at + len(upright)] = _matrix(a, b, c, d)
    path.write_bytes(data)


def _matrix(a: int, b: int, c: int, d: int) -> bytes:
    return struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)


def _noise(layout: str) -> str:
    return f"anoisesrc=c=pink:seed=3:a=0.5:r=48000:d=0.45,pan={LAYOUTS[layout]}"


def _ffmpeg(*arguments: str) -> None:
    command = ["ffmpeg", "-v", "error", "-y", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"


H264 = "libx264 -preset ultrafast -bf 0"
H264_B = "libx264 -preset veryfast -bf 3"
HEVC = "libx265 -preset ultrafast -x265-params log-level=none"
AV1 = "libaom-av1 -cpu-used 8 -crf 20 -b:v 0"
VP8 = "libvpx -deadline realtime -cpu-used 8 -b:v 2M"
VP9 = "libvpx-vp9 -deadline realtime -cpu-used 8 -crf 15 -b:v 0"
MPEG4, MPEG2 = "mpeg4 -q:v 2", "mpeg2video -q:v 2"
TURN = "|-metadata:s:v:0 rotate="

MIRRORED: dict[str, tuple[int, int, int, int]] = {
    "mirrored": (-1, 0, 0, 1),
    "over": (1, 0, 0, -1),
    "left": (0, 1, 1, 0),
    "right": (0, -1, -1, 0),
}
"""Display matrices of MP4: mirrored and not turned, turned upside down, to the left, the right."""

EARLY = "-avoid_negative_ts disabled -muxdelay 0 -muxpreload 0"
EARLIER = "-af asetpts=PTS-0.2/TB"

INPUTS: tuple[Made, ...] = (
    # H.264: rates, starts, edit lists, turns, ranges
    Made("cfr.mp4", H264, "yuv420p", "mp4 webm png", ("stereo aac",)),
    Made("2997.mp4", H264, "yuv420p", "mkv mov", ("mono aac",), "30000/1001", colour="525"),
    Made("23976.mov", H264, "yuv420p", "mp4 prores", ("stereo pcm_s16le",), "24000/1001"),
    Made("60.mkv", H264, "yuv420p", "mp4 webm", ("stereo flac",), "60", colour="625"),
    Made("5994.ts", H264_B, "yuv420p", "mp4 mkv", ("stereo aac",), "60000/1001"),
    Made("vfr.mp4", H264, "yuv420p", "mp4 mkv webm", ("stereo aac",), filters=VARIABLE),
    Made("vfr.mkv", H264_B, "yuv420p", "mov png", ("mono libopus",), filters=VARIABLE, colour=""),
    Made("late.mp4", H264, "yuv420p", "mp4 mkv", ("stereo aac",), filters=late(1.5)),
    Made("late.mkv", H264, "yuv420p", "mov webm", ("stereo ac3",), filters=late(0.2)),
    Made("reordered.mp4", H264_B, "yuv420p", "mp4 webm", ("stereo aac",)),
    Made("reordered.mov", H264_B, "yuv420p", "mkv prores", ("5.1 aac",), colour="525"),
    Made("reordered.ts", H264_B, "yuv420p", "mp4 webm", ("stereo mp2",), colour=""),
    Made("edited.mp4", "libx264 -bf 2 -g 4 -preset veryfast", "yuv420p", "mp4 mkv png",
         ("stereo aac",), remux="-ss 0.2|"),
    Made("offset.ts", H264, "yuv420p", "mov webm", ("stereo aac",),
         container="-output_ts_offset 30"),
    Made("offset.mkv", H264_B, "yuv420p", "mp4 mkv", ("mono libmp3lame",),
         container="-output_ts_offset 12.5"),
    Made("right.mp4", H264, "yuv420p", "mp4 png mov", ("stereo aac",), remux=f"{TURN}90"),
    Made("over.mov", H264, "yuv420p", "mov png", ("mono aac",), remux=f"{TURN}180"),
    Made("left.mp4", H264_B, "yuv420p", "mp4 prores png", ("mono aac",), remux=f"{TURN}270"),
    Made("turned_vfr.mov", HEVC, "yuv420p", "mp4 png", ("stereo aac",), filters=VARIABLE,
         remux=f"{TURN}90"),
    Made("mirrored.mp4", H264, "yuv420p", "mp4 mov png", ("mono aac",), mirror="mirrored"),
    Made("mirrored_over.mov", H264_B, "yuv420p", "mov png", ("mono aac",), mirror="over"),
    Made("mirrored_left.mp4", H264_B, "yuv420p", "mp4 prores png", (), sar="4/3", mirror="left"),
    Made("mirrored_right.mov", HEVC, "yuv420p", "mp4 png", ("stereo aac",), colour="525",
         filters=VARIABLE, mirror="right"),
    Made("early.ts", MPEG2, "yuv420p", "mp4 mkv webm", (f"stereo mp2 {EARLIER}",),
         filters=late(-0.2), container=EARLY),
    Made("early.webm", VP9, "yuv420p", "webm mp4", (f"mono libopus {EARLIER}",),
         filters=late(-0.2), container=EARLY),
    Made("early.mkv", "ffv1", "yuv420p", "ffv1 mov png", (f"stereo flac {EARLIER}",),
         filters=late(-0.08), container=EARLY),
    Made("early_audio.mkv", "ffv1", "yuv420p", "mp4 mov webm", (f"mono flac {EARLIER}",),
         container=EARLY),
    Made("early.mp4", H264_B, "yuv420p", "mp4 mkv png", (f"stereo aac {EARLIER}",),
         filters=late(-0.12), container=EARLY),
    Made("joined.mp4", H264, "yuv420p", "mp4 mkv png", (), then="30000/1001"),
    Made("joined.mov", H264, "yuv420p", "mov webm", ("mono pcm_s16le",), "30000/1001",
         then="24"),
    Made("joined.ts", MPEG2, "yuv420p", "mp4 mkv", ("stereo mp2",), then="50"),
    Made("edited_twice.mov", "libx264 -bf 2 -g 4 -preset veryfast", "yuv420p", "mov mkv",
         ("stereo aac",), "30000/1001", filters=late(0.5), remux="-ss 0.2|"),
    Made("full.mp4", H264, "yuvj420p", "mp4 webm", ("stereo aac",), full=True),
    Made("full.mov", H264, "yuv422p", "mkv prores", ("stereo pcm_s24le",), full=True,
         colour="525"),
    Made("full_444.mkv", H264, "yuvj444p", "mp4 png", ("mono libvorbis",), full=True, colour=""),
    Made("422.mkv", H264, "yuv422p", "mp4 mov", ("5.1 flac",), colour="625"),
    Made("444.mp4", H264, "yuv444p", "mkv webm", ("5.1 aac",)),
    Made("10.mp4", H264, "yuv420p10le", "mp4 png", ("stereo aac",), colour="hlg"),
    Made("10_422.mkv", H264, "yuv422p10le", "mkv prores", ("stereo libopus",), colour="2020"),
    Made("untagged.mp4", H264, "yuv420p", "mp4 webm mov", ("stereo aac",), colour=""),
    Made("srgb.mp4", H264, "yuv420p", "mp4 mkv", ("stereo aac",), colour="srgb"),
    Made("wide.mp4", H264, "yuv420p", "mp4 webm png", ("stereo aac",), sar="4/3"),
    Made("wide.mkv", H264, "yuv420p", "mov ffv1", ("stereo ac3",), sar="16/11", colour="625"),
    Made("wide_right.mp4", H264, "yuv420p", "mp4 png", (), sar="16/15", remux=f"{TURN}90"),
    Made("tall.mov", H264, "yuv420p", "mkv webm prores", ("mono aac",), sar="3/4"),
    Made("tracks.mkv", H264, "yuv420p", "mp4 webm", ("stereo aac", "mono ac3")),
    Made("tracks.mp4", H264, "yuv420p", "mkv mov", ("mono aac", "5.1 aac", "stereo aac")),
    Made("h264.flv", H264_B, "yuv420p", "mp4 webm", ("stereo aac -ar 44100",), colour=""),
    Made("h264.avi", H264, "yuv420p", "mp4 mkv", ("stereo libmp3lame",), colour=""),
    Made("opus.mp4", H264, "yuv420p", "mp4 webm mov", ("stereo libopus",)),
    Made("flac.mp4", H264, "yuv420p", "mp4 mov", ("mono flac -strict -2",)),
    # HEVC
    Made("hevc.mp4", f"{HEVC} -tag:v hvc1", "yuv420p", "mp4 mkv", ("stereo aac",)),
    Made("hevc_hdr.mov", HEVC, "yuv420p10le", "hevc ffv1", ("stereo aac",), colour="pq"),
    Made("hevc_hdr.mkv", HEVC, "yuv420p10le", "hevc png", ("5.1 eac3",), colour="hlg"),
    Made("hevc_422.mkv", HEVC, "yuv422p10le", "hevc prores", ("stereo libopus",), "30000/1001"),
    Made("hevc_444.mkv", HEVC, "yuv444p", "mp4 webm", (), colour=""),
    Made("hevc_12.mkv", HEVC, "yuv420p12le", "hevc mkv", ("mono aac",), colour="2020"),
    Made("hevc.ts", HEVC, "yuv420p", "mp4 mov", ("5.1 ac3",), colour="525"),
    Made("hevc_full.mp4", HEVC, "yuvj420p", "hevc webm", ("stereo aac",), full=True),
    # VP8, VP9, AV1
    Made("vp8.webm", VP8, "yuv420p", "mp4 webm", ("stereo libvorbis",), colour=""),
    Made("vp8_odd.webm", VP8, "yuv420p", "webm png", (), size="63x47", colour=""),
    Made("vp9.webm", VP9, "yuv420p", "webm mp4", ("stereo libopus",)),
    Made("vp9_444.webm", VP9, "yuv444p", "mkv webm", ("mono libopus",), colour="525"),
    Made("vp9_hdr.webm", VP9, "yuv420p10le", "mp4 png", ("5.1 libopus",), colour="hlg"),
    Made("vp9_full.webm", VP9, "yuv420p", "webm mov", ("mono libvorbis",), full=True),
    Made("vp9.mp4", VP9, "yuv420p", "mp4 webm", ("stereo aac",), "30000/1001", colour="2020"),
    Made("av1.mp4", AV1, "yuv420p", "mp4 webm", ("stereo aac",)),
    Made("av1_hdr.webm", AV1, "yuv420p10le", "hevc ffv1", ("stereo libopus",), colour="pq"),
    Made("av1_vfr.mkv", AV1, "yuv420p", "mp4 mkv", ("mono flac",), filters=VARIABLE, colour="625"),
    # MPEG and older
    Made("mpeg4.avi", MPEG4, "yuv420p", "mp4 webm", ("stereo libmp3lame",), colour=""),
    Made("mpeg4.mp4", f"{MPEG4} -bf 2", "yuv420p", "mp4 mov", ("mono aac",), "24", colour=""),
    Made("xvid.mkv", "libxvid -q:v 2", "yuv420p", "mkv webm", ("stereo libmp3lame",), colour=""),
    Made("mpeg2.mpg", MPEG2, "yuv420p", "mp4 webm", ("stereo mp2",), colour=""),
    Made("mpeg2.ts", f"{MPEG2} -bf 2", "yuv420p", "mp4 mkv", ("5.1 ac3",), "30000/1001",
         colour="525"),
    Made("mpeg2_422.ts", MPEG2, "yuv422p", "mov png", ("stereo mp2",)),
    Made("mpeg2_pal.mpg", f"{MPEG2} -aspect 4:3", "yuv420p", "mkv webm", ("stereo mp2",),
         size="72x64", colour="625"),
    Made("mpeg1.mpg", "mpeg1video -q:v 2", "yuv420p", "mp4 mov", ("mono mp2",), colour=""),
    Made("theora.ogv", "libtheora -q:v 9", "yuv420p", "mp4 webm", ("stereo libvorbis",),
         colour=""),
    Made("sorenson.flv", "flv1 -q:v 2", "yuv420p", "mp4 mkv",
         ("mono libmp3lame -ar 44100",), colour=""),
    Made("wmv2.wmv", "wmv2 -q:v 2", "yuv420p", "mp4 mkv", ("stereo wmav2",), colour=""),
    # Intermediates and lossless
    Made("prores.mov", "prores_ks -profile:v hq", "yuv422p10le", "prores mp4",
         ("stereo pcm_s24le",), "24000/1001"),
    Made("prores_444.mov", "prores_ks -profile:v 4444", "yuv444p10le", "mkv prores",
         ("mono pcm_s16le",), colour="2020"),
    Made("prores_vfr.mov", "prores_ks -profile:v lt", "yuv422p10le", "mp4 webm", (),
         filters=VARIABLE),
    Made("ffv1.mkv", "ffv1 -level 3", "yuv420p", "ffv1 mp4", ("mono flac",)),
    Made("ffv1_12.mkv", "ffv1 -level 3", "yuv422p12le", "mkv hevc png", (), colour="2020"),
    Made("ffv1_rgb.mkv", "ffv1 -level 3", "bgr0", "png mp4", ("stereo pcm_s16le",), colour=""),
    Made("ffv1_gray.mkv", "ffv1 -level 3", "gray", "mp4 webm", (), full=True, colour=""),
    Made("ffv1_411.mkv", "ffv1 -level 3", "yuv411p", "mkv mp4", (), colour="525"),
    Made("ffv1_odd.mkv", "ffv1 -level 3", "yuv444p", "ffv1 mp4 png", ("mono flac",),
         size="63x47"),
    Made("mjpeg.avi", "mjpeg -q:v 2", "yuvj420p", "mp4 webm", ("stereo pcm_s16le",), full=True,
         colour=""),
    Made("mjpeg_422.mov", "mjpeg -q:v 2", "yuvj422p", "mov mkv", ("mono pcm_s16be",), full=True,
         colour=""),
    Made("mjpeg_444.mkv", "mjpeg -q:v 2", "yuvj444p", "mkv png", (), full=True, colour=""),
    Made("huffyuv.avi", "huffyuv", "yuv422p", "mp4 prores", ("stereo pcm_s16le",), colour=""),
    Made("utvideo.mkv", "utvideo", "gbrp", "png mkv", ("5.1 pcm_s24le",), colour=""),
    Made("raw.avi", "rawvideo", "uyvy422", "mp4 mov", ("stereo pcm_s16le",), colour=""),
    Made("raw.nut", "rawvideo", "yuv420p", "ffv1 webm", ("stereo pcm_s16le",), "30000/1001",
         colour=""),
    Made("v210.mov", "v210", "yuv422p10le", "prores mkv", ("stereo pcm_s24le",), colour="525",
         rate="30000/1001", size="96x64"),
    Made("qtrle.mov", "qtrle", "rgb24", "mov png", ("mono pcm_s16be",), colour=""),
    Made("png.mov", "png", "rgb24", "mp4 png", (), colour=""),
    Made("j2k.mov", "jpeg2000 -q:v 1", "yuv444p", "mp4 mov", (), colour=""),
    Made("small.gif", "gif", "rgb8", "mp4 webm", (), colour=""),
)  # fmt: skip
