"""The part of the package that is built: two modules in C, each left out where it cannot be
(docs/decisions/0014 and 0015).

What else there is to say of the package stands in `pyproject.toml`.
"""

import tempfile

from setuptools import Extension, setup

# Built in a place of its own each time: in build/ of the checkout a module that was deleted would live on.
with tempfile.TemporaryDirectory() as place:
    setup(
        ext_modules=[
            Extension("chatroom.net._broadcast", ["src/chatroom/net/_broadcast.c"], optional=True),
            Extension(
                "chatroom.protocol._posts",
                ["src/chatroom/protocol/_posts.c"],
                depends=["src/chatroom/protocol/_posts_bytes.h"],
                optional=True,
            ),
        ],
        options={"build": {"build_base": place}},
    )
