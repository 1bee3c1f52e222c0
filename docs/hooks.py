"""Pages that the site makes of the program itself: its commands, its HTTP interface, llms.txt."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

from commands import Described, described

from sinet_video.serve.openapi.description import description


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages to those that are in the folder."""
    added = {
        "reference/commands.md": "\n".join(command_page()),
        "reference/http.md": "\n".join(http_page(description())),
        "llms.txt": "\n".join(llms(config)),
    }
    for path, content in added.items():
        files.append(File.generated(config, path, content=content + "\n"))
    return files


def on_post_page(output: str, **_: Any) -> str:
    """Give the theme's search a name, which screen readers say."""
    return output.replace(
        'data-md-component="search" role="dialog"',
        'data-md-component="search" role="dialog" aria-label="Search"',
    )


def command_page() -> Iterator[str]:
    """Yield the lines of the page on the commands."""
    yield "# Commands"
    yield ""
    yield "Every command with every option, as `--help-all` shows them."
    for command in described():
        yield from command_section(command)


def command_section(command: Described) -> Iterator[str]:
    """Yield the lines on one command."""
    yield from ("", f"## {command.name}", "", f"    {command.usage}", "")
    for paragraph in command.about:
        yield from (cell(paragraph), "")
    for heading, rows in command.options.items():
        yield from (f"**{heading}**", "", "| option | |", "|---|---|")
        yield from (
            f"| `{option.replace('|', chr(92) + '|')}` | {cell(text)} |" for option, text in rows
        )
        yield ""


def cell(text: str) -> str:
    """Return text that means nothing else in Markdown."""
    return re.sub(r"([\\`*_<>#])", r"\\\1", " ".join(text.split())).replace("|", "&#124;")


def http_page(api: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the page on the HTTP interface."""
    yield from ("# HTTP", "", api["info"]["description"], "")
    yield "`sinet-video serve` serves this description as OpenAPI at `/TOKEN/api/openapi.json`."
    said = {c: r["description"] for _, _, o in operations(api) for c, r in o["responses"].items()}
    yield from ("", "| status | means |", "|---|---|")
    yield from (f"| {code} | {said[code]} |" for code in sorted(said) if code >= "400")
    for method, path, operation in operations(api):
        yield from operation_section(method, path, operation)
    yield from ("", "## Schemas", "")
    for name, schema in api["components"]["schemas"].items():
        yield from schema_section(name, schema)


def operations(api: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the method, the path and the description of each request."""
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def operation_section(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    """Yield the lines on one request."""
    yield from ("", f"## {method.upper()} {path}", "", operation["summary"], "")
    if "description" in operation:
        yield from (" ".join(operation["description"].split()), "")
    for each in operation["parameters"]:
        place = "in the path" if each["in"] == "path" else "after `?`"
        yield f"- `{each['name']}`, {place}: {told(each['schema'])}"
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"- the body, `{media}`: {kind_of(content['schema'])}"
    done = next(code for code in operation["responses"] if code < "400")
    answer = operation["responses"][done].get("content", {})
    kinds = [f"`{media}`: {kind_of(each['schema'])}" for media, each in answer.items()]
    yield f"- answers `{done}`{', ' if kinds else ''}{', '.join(kinds)}"


def schema_section(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """Yield the lines on one kind of value."""
    yield from (f"### {name}", "")
    for key, each in schema.get("properties", {}).items():
        yield f"- `{key}`: {told(each)}"
    if "items" in schema:
        yield f"A {kind_of(schema)}."
    yield ""


def told(schema: dict[str, Any]) -> str:
    """Return what a value may be, and what it is."""
    about = cell(schema.get("description", ""))
    return f"{kind_of(schema)}{f'. {about}' if about else ''}"


def kind_of(schema: dict[str, Any]) -> str:
    """Return what a value may be, in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("format") == "binary":
        return "the file"
    if "anyOf" in schema:
        return " or ".join(map(kind_of, schema["anyOf"]))
    if "items" in schema:
        return f"list of {kind_of(schema['items'])}"
    kinds = schema.get("type", "any value")
    return " or ".join(kinds) if isinstance(kinds, list) else kinds


def llms(config: MkDocsConfig) -> Iterator[str]:
    """Yield the lines of llms.txt: what the project is, and where each page is."""
    yield from (f"# {config.site_name}", "", f"> {config.site_description}", "")
    yield from Path(config.docs_dir, "llms.md").read_text(encoding="utf-8").splitlines()
    for title, path in pages(config.nav or []):
        at = path.removesuffix("index.md").removesuffix(".md")
        yield f"- [{title}]({config.site_url}{at}{'/' if at and not at.endswith('/') else ''})"


def pages(nav: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield the title and path of each page of the navigation."""
    for entry in nav:
        for title, target in entry.items():
            if isinstance(target, str):
                yield title, target
            else:
                yield from pages(target)
