"""A chat server and a full-screen terminal client: see docs/architecture.md."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        """Return `__version__`, read when somebody asks: it would be a tenth of the time a start takes."""
        if name != "__version__":
            raise AttributeError(f"module 'chatroom' has no attribute {name!r}")
        from importlib.metadata import version  # noqa: PLC0415 - see above

        return version("chatroom")
