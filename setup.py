"""The part of the package that is built: one module in C, left out where it cannot be (docs/decisions/0014).

What else there is to say of the package stands in `pyproject.toml`.
"""

import tempfile

from setuptools import Extension, setup

# Built in a place of its own each time: in build/ of the checkout a module that was deleted would live on.
with tempfile.TemporaryDirectory() as place:
    setup(
        ext_modules=[
            Extension("chatroom.net._broadcast", ["src/chatroom/net/_broadcast.c"], optional=True),
        ],
        options={"build": {"build_base": place}},
    )
