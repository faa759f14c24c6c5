"""The part of the package that is built: two modules in C (docs/decisions/0014 and 0015), and the modules on
the path of a message, compiled from their Python (docs/decisions/0017). What cannot be built is left out:
each module in C alone, those compiled from Python all together.

What else there is to say of the package stands in `pyproject.toml`.
"""

import os
import sys
import sysconfig
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

try:
    from mypyc.build import mypycify
except ImportError:
    mypycify = None

IN_C = [
    Extension("chatroom.net._broadcast", ["src/chatroom/net/_broadcast.c"], optional=True),
    Extension(
        "chatroom.protocol._posts",
        ["src/chatroom/protocol/_posts.c"],
        depends=["src/chatroom/protocol/_posts_bytes.h"],
        optional=True,
    ),
]

ONLY_ASKING = {"egg_info", "dist_info", "sdist"}
"""Words on the command line, put there by pip, with which it asks about the package and builds nothing."""

BEGAN_AT = time.time()
"""What was compiled is given this time: a source that is saved meanwhile is newer."""


def compiled_modules(place: str) -> list[Extension]:
    """Return the modules of `tools/compiled.txt` as extensions: none without mypyc, or where it cannot, and
    none on Windows, where nobody has tried them.
    """
    is_usual_python = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
    if mypycify is None or not is_usual_python or sys.platform == "win32" or ONLY_ASKING & set(sys.argv):
        return []
    modules = Path("tools/compiled.txt").read_text(encoding="utf-8").split()
    try:
        extensions = mypycify(
            ["--config-file=", "--ignore-missing-imports", f"--cache-dir={place}/mypy", *modules],
            opt_level="2",
            debug_level="0",
            multi_file=True,
            group_name="chatroom_compiled",
            target_dir=place,
        )
    except (SystemExit, Exception) as error:  # whatever ails a compiler, there is the source
        print(f"the modules on the path of a message stay in Python: {error!r}", file=sys.stderr)
        return []
    for extension in extensions:
        extension.optional = True
        # A warning of a compiler to come is no reason to do without.
        extension.extra_compile_args = [*extension.extra_compile_args, "-Wno-error"]
    return extensions


class Build(build_ext):
    """Compiles several files at once, and what was compiled from Python all or not at all."""

    def build_extension(self, ext: Extension) -> None:
        one_by_one = self.compiler.compile

        def compile_all(sources: list[str], *arguments: object, **named: object) -> list[str]:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                each = pool.map(lambda source: one_by_one([source], *arguments, **named), sources)
                return [made for some in each for made in some]

        self.compiler.compile = compile_all
        try:
            super().build_extension(ext)
        finally:
            self.compiler.compile = one_by_one

    def build_extensions(self) -> None:
        super().build_extensions()
        built = [
            Path(self.get_ext_fullpath(extension.name))
            for extension in self.extensions
            if extension not in IN_C
        ]
        is_whole = all(path.exists() for path in built)
        for path in built:
            if is_whole:
                os.utime(path, (BEGAN_AT, BEGAN_AT))
            else:
                path.unlink(missing_ok=True)


# What was built beside the sources must not stay where it cannot be built again.
if "editable_wheel" in sys.argv:
    for former in Path("src").rglob("*.so"):
        former.unlink()

# Built in a place of its own each time: in build/ of the checkout a module that was deleted would live on.
with tempfile.TemporaryDirectory() as place:
    setup(
        ext_modules=[*IN_C, *compiled_modules(place)],
        cmdclass={"build_ext": Build},
        options={"build": {"build_base": place}},
    )
