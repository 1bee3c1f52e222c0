"""The values that go over HTTP, as JSON schemas."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args

from sinet_video.option import options_of
from sinet_video.pipeline.destinations import OFFERED
from sinet_video.pipeline.settings import Settings
from sinet_video.serve.edits import ALLOWED
from sinet_video.serve.job import State
from sinet_video.serve.limits import Limits
from sinet_video.serve.painting.strokes import MOST_MOVES, MOST_POINTS, MOST_STROKES, Kind, Shape
from sinet_video.serve.routes import JOBS
from sinet_video.serve.workplace import MATTES

Schema = dict[str, Any]


def reference(name: str) -> Schema:
    """Return a reference to one of the schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def _edit(key: str) -> Schema:
    how = next(how for name, how, _ in options_of(Settings) if name == key)
    kinds: dict[type, str] = {bool: "boolean", float: "number"}
    kind = kinds.get(how.kind, "string")
    choices = {"enum": list(how.choices)} if how.choices else {}
    return {"type": kind, "description": how.help, **choices}


def _stroke() -> Schema:
    number = {"type": "number", "minimum": -1, "maximum": 2}
    point = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    move = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
    return {
        "type": "object",
        "required": ["kind", "shape", "points"],
        "additionalProperties": False,
        "properties": {
            "kind": {"enum": list(get_args(Kind))},
            "shape": {"enum": list(get_args(Shape))},
            "points": {
                "type": "array",
                "items": point,
                "minItems": 1,
                "maxItems": MOST_POINTS,
                "description": "x and y of each, from 0 (left, top) to 1. A brush goes through "
                "them, a rectangle has two opposite corners, a polygon its corners.",
            },
            "radius": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
                "description": "Half the width of a brush, as a share of the frame's longer side.",
            },
            "start": {
                "type": "number",
                "minimum": 0,
                "description": "From when it counts, in seconds after the first frame.",
            },
            "end": _or_null("number", "Until when; null is the end of the clip."),
            "at": {
                "type": "number",
                "minimum": 0,
                "exclusiveMaximum": 1e7,
                "description": "The time of the frame that it was painted on.",
            },
            "follows": {
                "type": "boolean",
                "description": "Whether it moves with what is below it, from `at` on, both ways.",
            },
            "moves": {
                "type": "array",
                "items": move,
                "maxItems": MOST_MOVES,
                "description": "Times at which it was moved by hand, each with x and y by which.",
            },
        },
    }


def _answer(**fields: Schema) -> Schema:
    """Return the schema of an object that has these fields, each of them always."""
    return {
        "type": "object",
        "required": list(fields),
        "additionalProperties": False,
        "properties": fields,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(kind: str, about: str, **more: Any) -> Schema:
    return {"type": [kind, "null"], "description": about, **more}


def _about(schema: Schema, about: str) -> Schema:
    return {**schema, "description": about}


TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}


def _clip() -> Schema:
    return _answer(
        id=TEXT,
        name=_about(TEXT, "What it was called by whoever uploaded it."),
        size=_about(COUNT, "In bytes."),
        width=_about(COUNT, "Of its frames as shown, in pixels."),
        height=COUNT,
        aspect=_about(NUMBER, "Width over height, as shown."),
        duration=_or_null("number", "In seconds; null where the file does not say."),
        frames=_or_null("integer", "Their number; null where the file does not say."),
        rate=_or_null("number", "Frames per second."),
        codec=TEXT,
        alpha=_or_null("string", "Null without an alpha channel."),
        hdr=_or_null("string", "PQ or HLG; null for SDR."),
        audio=_about(COUNT, "The number of audio tracks."),
        edits=reference("Edits"),
        strokes=_about(_list({"type": "object"}), "As they were sent, with where they were found."),
        drawn=_about(_list({"enum": list(MATTES)}), "The painted mattes that there are."),
        background=_or_null("string", "The name of what was uploaded to be put behind it."),
    )


def _job() -> Schema:
    check = _answer(
        name=TEXT, holds=_or_null("boolean", "Null where it does not apply."), detail=TEXT
    )
    verification = _answer(holds={"type": "boolean"}, checks=_list(check))
    return _answer(
        id=TEXT,
        clip=_about(TEXT, "The clip's id."),
        what={"enum": [*JOBS]},
        command=_about(TEXT, "What does the same in a shell; empty for an analysis."),
        state={"enum": list(get_args(State))},
        frame=_about(COUNT, "How many frames are done."),
        frames=_or_null("integer", "How many there will be, if that is known."),
        seconds_left=_or_null("number", "About, while it runs."),
        seconds=_or_null("number", "How long it took, when it is done."),
        error=_or_null("string", "Why it failed."),
        notes=_about(_list(TEXT), "What the command remarked."),
        verification={
            "anyOf": [verification, {"type": "null"}],
            "description": "What `sinet-video verify` says of the result.",
        },
        size=_or_null("integer", "Of the result, in bytes; null where there is none."),
        suffix=_or_null("string", "The ending of the result's name."),
    )


def _state() -> Schema:
    destination = _answer(
        title=TEXT, kind=TEXT, about=TEXT,
        file=_about(TEXT, "The ending of the result's name, or what else it is."),
        bits=_about(NUMBER, "Bits that a pixel of the person takes in a frame of 1920x1080."),
        rest=_about(NUMBER, "The same for each pixel of the frame, on top of it."),
        effort=_about(NUMBER, "The time it takes, in multiples of the analysis."),
        background=_about({"type": "boolean"}, "Whether the clip's background is put into it."),
    )  # fmt: skip
    return _answer(
        version=TEXT,
        limits=_about(
            _answer(**{each.name: NUMBER for each in fields(Limits)}),
            "As the options of the command say: megabytes, seconds, numbers, hours.",
        ),
        destinations=_answer(**dict.fromkeys(OFFERED, destination)),
        clips=_list(reference("Clip")),
        jobs=_list(reference("Job")),
    )


def _figures() -> Schema:
    worst = _answer(kind={"enum": ["flicker", "uncertainty"]}, time=NUMBER, value=NUMBER)
    each = _list(NUMBER)
    return _answer(
        times=_about(each, "Of all frames, in seconds after the first."),
        coverage=_about(each, "The mean of each frame's alpha."),
        flicker=_about(each, "The mean change of alpha since the frame before."),
        uncertainty=_about(each, "The share of each frame of which the network was unsure."),
        cuts=_about(each, "When shots begin, in seconds; the first is left out."),
        worst=_list(worst),
    )


def schemas() -> dict[str, Schema]:
    """Return the schemas of all values, by name."""
    edits = {key: _edit(key) for key in ALLOWED}
    background = _about(
        TEXT,
        "A colour such as green or #30a040, blur or blur:PERCENT, transparent, own (what was "
        "uploaded for the clip), or nothing for the destination's own.",
    )
    return {
        "Error": _answer(error=TEXT),
        "State": _state(),
        "Clip": _clip(),
        "Job": _job(),
        "Figures": _figures(),
        "Commands": _answer(**dict.fromkeys(OFFERED, TEXT)),
        "Edits": {
            "type": "object",
            "additionalProperties": False,
            "properties": {**edits, "background": background},
        },
        "Strokes": {"type": "array", "items": reference("Stroke"), "maxItems": MOST_STROKES},
        "Stroke": _stroke(),
        "NewJob": {
            "type": "object",
            "required": ["what"],
            "additionalProperties": False,
            "properties": {"what": {"enum": [*JOBS]}},
        },
    }
