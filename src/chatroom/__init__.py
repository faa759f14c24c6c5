"""A chat server and a full-screen terminal client: see docs/architecture.md."""

from importlib.metadata import version

__version__ = version("chatroom")
