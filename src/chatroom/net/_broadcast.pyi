# The types of `_broadcast.c`; what each name gives is said there.
from collections.abc import Callable
from socket import socket
from typing import TypeVar, final

_Key = TypeVar("_Key")

@final
class Push:
    def __new__(cls, socket: socket, /) -> Push: ...
    def __call__(self, data: bytes, /) -> int: ...
    def close(self) -> None: ...

def broadcast(pushes: dict[_Key, Callable[[bytes], int]], data: bytes, /) -> bytes | None: ...
