"""Sockets of members while they get in: plain, or TLS by the system's OpenSSL, or TLS by Python's module.

The pump in C needs the connection's `SSL *`, which Python's ssl module does not give away; so libssl is
called through ctypes where it is found. Certificates are not checked: the server is ours, on loopback. Read
next: `entrance.py`.
"""

import ctypes
import ctypes.util
import socket
import ssl
from typing import Final, Protocol

from chatroom.net.keys import spki_hash

READ_BYTES: Final = 1 << 18
_WANTS: Final = (2, 3)  # SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE
_VERIFY_NONE: Final = 0


class Channel(Protocol):
    """One member's connection; nothing blocks."""

    @property
    def sock(self) -> socket.socket:
        """What to wait for."""
        ...

    @property
    def tls_pointer(self) -> int:
        """The `SSL *` for the pump in C; 0 for plain."""
        ...

    def handshake(self) -> bool:
        """Go on with the handshake; True once it is done."""
        ...

    def read(self) -> bytes | None:
        """What is there, None when nothing is, empty at the end."""
        ...

    def write(self, data: bytes) -> int:
        """Send; return how many bytes were taken."""
        ...


class PlainChannel:
    """Bytes as they are."""

    tls_pointer = 0

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def handshake(self) -> bool:
        return True

    def read(self) -> bytes | None:
        try:
            return self.sock.recv(READ_BYTES)
        except BlockingIOError:
            return None

    def write(self, data: bytes) -> int:
        try:
            return self.sock.send(data)
        except BlockingIOError:
            return 0


class PythonTlsChannel:
    """TLS by Python's module: for the pump in Python."""

    tls_pointer = 0

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._tls: ssl.SSLSocket | None = None

    def handshake(self) -> bool:
        try:
            self._wrapped().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        return True

    def read(self) -> bytes | None:
        try:
            return self._wrapped().recv(READ_BYTES)
        except ssl.SSLWantReadError:
            return None

    def write(self, data: bytes) -> int:
        try:
            return self._wrapped().send(data)
        except ssl.SSLWantWriteError:
            return 0

    def _wrapped(self) -> ssl.SSLSocket:
        """The socket with TLS over it, which can only be put there once it is connected."""
        if self._tls is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.sock = self._tls = context.wrap_socket(self.sock, do_handshake_on_connect=False)
        return self._tls


class OpenSsl:
    """The system's libssl: one client context. Raises OSError where there is none."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("ssl")
        if name is None:
            raise OSError("no libssl")
        self.lib = ctypes.CDLL(name)
        for function in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
            getattr(self.lib, function).restype = ctypes.c_void_p
        self._context = self.lib.SSL_CTX_new(ctypes.c_void_p(self.lib.TLS_client_method()))
        self.lib.SSL_CTX_set_verify(ctypes.c_void_p(self._context), _VERIFY_NONE, None)
        self._buffer = ctypes.create_string_buffer(READ_BYTES)

    def channel(self, sock: socket.socket) -> "OpenSslChannel":
        """TLS over a connected socket."""
        pointer = self.lib.SSL_new(ctypes.c_void_p(self._context))
        self.lib.SSL_set_fd(ctypes.c_void_p(pointer), sock.fileno())
        return OpenSslChannel(sock, pointer, self.lib, self._buffer)

    def entry(self, name: str) -> int:
        """The address of one of its functions, for C."""
        return ctypes.cast(getattr(self.lib, name), ctypes.c_void_p).value or 0


class OpenSslChannel:
    """TLS by libssl itself."""

    def __init__(
        self, sock: socket.socket, pointer: int, lib: ctypes.CDLL, buffer: "ctypes.Array[ctypes.c_char]"
    ) -> None:
        self.sock = sock
        self.tls_pointer = pointer
        self._ssl = ctypes.c_void_p(pointer)
        self._lib = lib
        self._buffer = buffer

    def handshake(self) -> bool:
        done: int = self._lib.SSL_connect(self._ssl)
        if done == 1:
            return True
        if self._lib.SSL_get_error(self._ssl, done) not in _WANTS:
            raise ConnectionError("the TLS handshake failed")
        return False

    def read(self) -> bytes | None:
        size: int = self._lib.SSL_read(self._ssl, self._buffer, READ_BYTES)
        if size > 0:
            return self._buffer.raw[:size] if size > 4096 else ctypes.string_at(self._buffer, size)
        return None if self._lib.SSL_get_error(self._ssl, size) in _WANTS else b""

    def write(self, data: bytes) -> int:
        return max(0, int(self._lib.SSL_write(self._ssl, data, len(data))))


def server_key_hash(port: int) -> bytes:
    """The hash of the public key that a server of ours shows."""
    pem = ssl.get_server_certificate(("127.0.0.1", port))
    return spki_hash(ssl.PEM_cert_to_DER_cert(pem))
