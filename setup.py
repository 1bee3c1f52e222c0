"""Builds the kernels of sinet_video.native where there is a C++ compiler, and reads the README.

The rest is in pyproject.toml. The kernels are plain functions that ctypes calls, so one file
serves every version of Python. Where they cannot be built the installation succeeds without them,
and numpy does their work.
"""

import platform
import re
import sys
import tomllib
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

FOLDER = Path("sinet_video", "native")
X86 = {"x86_64", "amd64", "i386", "i686"}
WIDE = ["-mavx2", "-mbmi", "-mbmi2", "-mlzcnt", "-mf16c"]
"""Instructions that most processors since 2013 have; kernels.avx2 asks whether this one does."""


def kernels(name: str) -> Extension:
    """Return the library of this name, of all kernels."""
    return Extension(
        f"sinet_video.native.{name}",
        sources=sorted(map(str, FOLDER.glob("*.cpp"))),
        depends=sorted(map(str, FOLDER.glob("*.h"))),
        language="c++",
        optional=True,
    )


def libraries() -> list[Extension]:
    """Return what is built: a library for every processor, and one for those with AVX2."""
    has_wide = platform.machine().lower() in X86 and sys.platform != "win32"
    return [kernels("kernels"), *([kernels("kernels_avx2")] if has_wide else [])]


class BuildKernels(build_ext):
    """Builds libraries without a Python module's name or entry point."""

    def build_extensions(self) -> None:
        """Choose what this compiler calls its options."""
        if self.compiler.compiler_type == "msvc":
            options = ["/std:c++17", "/O2", "/fp:precise"]
        else:
            # Products and sums are not contracted: results are the same on every processor. That
            # nothing is trapped lets choices between two numbers be made on vectors of them.
            options = ["-std=c++17", "-O3", "-g0", "-fvisibility=hidden"]
            options += ["-ffp-contract=off", "-fno-trapping-math", "-fno-math-errno"]
            if platform.machine().lower() in X86:
                options += ["-mssse3", "-msse4.2"]  # what numpy needs as well
        for extension in self.extensions:
            wide = WIDE if extension.name.endswith("_avx2") else []
            extension.extra_compile_args = [*options, *wide]
        super().build_extensions()

    def build_extension(self, ext: Extension) -> None:
        """Keep the objects of the two libraries apart: their sources are the same."""
        temporary, self.build_temp = self.build_temp, str(Path(self.build_temp, ext.name))
        try:
            super().build_extension(ext)
        finally:
            self.build_temp = temporary

    def get_ext_filename(self, fullname: str) -> str:
        """Return the path without the version of Python."""
        path = Path(super().get_ext_filename(fullname))
        return str(path.with_name(path.name.partition(".")[0] + path.suffix))

    def get_export_symbols(self, ext: Extension) -> list[str]:
        """Return none: the sources say what is exported."""
        return ext.export_symbols


class Wheel(bdist_wheel):
    """A wheel for every Python 3 of a platform."""

    def get_tag(self) -> tuple[str, str, str]:
        """Return Python's version, its ABI and the platform."""
        return "py3", "none", super().get_tag()[2]


def readme() -> str:
    """Return the README for a page that has none of the files beside it: its links are absolute."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    source = project["urls"]["Source"]
    text = Path("README.md").read_text(encoding="utf-8")
    text = re.sub(r"!\[([^]]*)\]\((?!https?:)", rf"![\1]({source}/raw/main/", text)
    return re.sub(r"\]\((?!https?:|#)", f"]({source}/blob/main/", text)


setup(
    long_description=readme(),
    long_description_content_type="text/markdown",
    ext_modules=libraries(),
    cmdclass={"build_ext": BuildKernels, "bdist_wheel": Wheel},
)
