"""TLS streams: the shape of `stream.Stream` over TLS 1.3, and the two contexts.

An `SSLObject` between two memory BIOs does the cryptography, a `PlainStream` moves the bytes: no rule of
OpenSSL about repeated writes reaches the sockets, and a delivery is encrypt, take, one plain send. Whether
a certificate is to be trusted is decided above, by its pin. Next: `keys.py`, where keys and certificates
come from.
"""

import contextlib
import socket
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from chatroom.net.hello import HELLO_BYTES, HelloGuard
from chatroom.net.keys import spki_hash
from chatroom.net.pins import pin_of
from chatroom.net.stream import PENDING_LIMIT_BYTES, READ_BUDGET_BYTES, PlainStream, StreamClosed
from chatroom.net.tls_reasons import tls_reason_of

ALPN = "chatroom/1"

# The most that one TLS record carries (RFC 8446 §5.1).
RECORD_BYTES = 16 * 1024

# What passes through the incoming BIO of a connection at a time: a BIO never gives back what it once grew to.
PIECE_BYTES = 8 * 1024

# What is encrypted at once, into cipher text that is private to this connection. The rest of a backlog stays
# plain text, shared with all other slow peers.
AHEAD_BYTES = 64 * 1024


def server_context(cert_path: Path, key_path: Path) -> ssl.SSLContext:
    """TLS 1.3 with this certificate, no session tickets, no client certificates.

    Check the files with `keys.load_server_key` first: here a bad one raises OpenSSL's own SSLError or
    OSError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _set_common(context)
    context.num_tickets = 0  # a ticket would make idle clients readable with nothing to read
    context.load_cert_chain(cert_path, key_path, password="")  # "": never ask on the terminal
    return context


def client_context(*, verify_ca: bool = False) -> ssl.SSLContext:
    """TLS 1.3 for a client. Without `verify_ca` every certificate passes: the caller compares `peer_pin`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _set_common(context)
    if verify_ca:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _set_common(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols([ALPN])
    if sys.version_info >= (3, 15):  # earlier versions cannot order the ciphers of TLS 1.3
        context.set_ciphersuites("TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256")


KEPT: Final = -1


class TlsStream:
    """A stream over a connected socket, which it owns.

    Call `handshake` whenever it is readable until that gives True, within a deadline of the caller's; then
    it behaves as every stream does. A read gives all that has arrived, so nothing stays hidden in the TLS
    layer when it returns. An end without TLS's close_notify is an end like any other: only the frames
    inside tell whether something is missing.

    `outgoing` may be one BIO for all streams of a thread: it is empty whenever no call is under way. A BIO
    never gives back what it once grew to: with one for all, an idle connection that was once sent 20 kB costs
    16 KiB, with its own 38 KiB. And what all use stays in the caches: 42 kB to each of 100 connections cost
    29 µs more than without TLS, with 8 KiB at a time through BIOs of their own 41 µs.
    """

    __slots__ = (
        "_direct_bytes",
        "_end_wanted",
        "_ended",
        "_guard",
        "_incoming",
        "_is_ready",
        "_limit_bytes",
        "_outgoing",
        "_raw",
        "_raw_push",
        "_read",
        "_refusal",
        "_take_records",
        "_tls",
        "_waiting",
        "_waiting_bytes",
        "_write",
        "look",
        "more_to_read",
    )

    def __init__(
        self,
        sock: socket.socket,
        context: ssl.SSLContext,
        *,
        server_side: bool,
        server_name: str | None = None,
        outgoing: ssl.MemoryBIO | None = None,
        pending_limit_bytes: int = PENDING_LIMIT_BYTES,
    ) -> None:
        self._raw = PlainStream(sock, pending_limit_bytes)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = outgoing or ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side, server_name)
        self._limit_bytes = pending_limit_bytes
        self._waiting: list[memoryview] = []  # plain text; never without cipher text pending before it
        self._waiting_bytes = 0
        self._direct_bytes = 0  # what is encrypted at once; 0 before the handshake and after the end
        # Past SSLObject's functions in Python, which only call these: 5 to 10 % of `chat TLS`, 1 for `read`.
        direct = getattr(self._tls, "_sslobj", self._tls)
        self._read: Callable[[int], bytes] = direct.read
        self._write: Callable[[bytes | memoryview], int] = direct.write
        self._take_records = self._outgoing.read
        self._raw_push = self._raw.push
        self.look = self._raw.look
        self._is_ready = False
        self._guard = HelloGuard() if server_side else None
        self._ended: StreamClosed | None = None  # how reading ended
        self._refusal: StreamClosed | None = None  # why nothing may be sent any more
        self._end_wanted = False
        self.more_to_read = False

    @property
    def pending_bytes(self) -> int:
        """See `Stream.pending_bytes`: plain text that waits, and cipher text the kernel has not taken."""
        return self._waiting_bytes + self._raw.pending_bytes

    @property
    def peer_address(self) -> str:
        """See `Stream.peer_address`."""
        return self._raw.peer_address

    def handshake(self) -> bool:
        """Go on with the handshake; True once it is done. Call it when readable; `flush` what is pending.

        StreamClosed when it fails; the alert that tells the other end why has then been sent. A caller that
        gets True looks at `more_to_read`: the other end may have sent more along with its last message.
        """
        if self._is_ready:
            return True
        try:
            data = self._raw.read(RECORD_BYTES)
        except StreamClosed as closed:
            raise StreamClosed(f"{closed.reason} during the TLS handshake", clean=closed.clean) from closed
        if self._guard is not None and not self._guard.is_fair(data):
            self._ended = self._refuse(f"TLS failed: a ClientHello above {HELLO_BYTES} bytes, or in crumbs")
            raise StreamClosed(self._ended.reason)
        self._incoming.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._send_outgoing()
            return False
        except (ssl.SSLError, MemoryError) as error:
            raise self._fail(error) from error
        self._is_ready = True
        self._guard = None
        self._direct_bytes = AHEAD_BYTES
        self.more_to_read = self._incoming.pending > 0
        self._send_outgoing()
        return True

    def read(self, budget_bytes: int = READ_BUDGET_BYTES) -> bytes:
        """See `Stream.read`. One call of the kernel, then every record that is whole."""
        ended = self._ended
        if ended is not None:
            raise StreamClosed(ended.reason, clean=ended.clean)
        raw = self._raw.read(budget_bytes)
        pieces: list[bytes] = []
        if len(raw) <= PIECE_BYTES:
            self._incoming.write(raw)
            self._decrypt_into(pieces)
        else:
            view = memoryview(raw)
            for start in range(0, len(raw), PIECE_BYTES):
                self._incoming.write(view[start : start + PIECE_BYTES])
                self._decrypt_into(pieces)
        self.more_to_read = self._raw.more_to_read or self._ended is not None
        if self._outgoing.pending:  # an answer to a key update; if that fails, what was read is still good
            with contextlib.suppress(StreamClosed):
                self._send_outgoing()
        if len(pieces) == 1:
            return pieces[0]
        ended = self._ended
        if not pieces and ended is not None:
            raise StreamClosed(ended.reason, clean=ended.clean)
        return b"".join(pieces)

    def send(self, data: bytes | memoryview) -> bool:
        """See `Stream.send`. Only after the handshake."""
        if self._raw.pending_bytes or not 0 < len(data) <= self._direct_bytes:
            return self._send_later(data)
        return self._raw.send(self._encrypt(data))

    def push(self, data: bytes) -> int:
        """See `Stream.push`. `KEPT` when some of it is pending here, encrypted already, or has failed.

        What is encrypted at once goes the short way: no call in between but OpenSSL and the kernel. (Called
        as `self._write(…)` and so on, the three take 0.6 us more: Python then looks each of them up anew.)
        """
        if not 0 < len(data) <= self._direct_bytes:
            return self._push_long(data)
        write, take_records, raw_push = self._write, self._take_records, self._raw_push
        try:
            write(data)
            records = take_records()
        except (ssl.SSLError, MemoryError) as error:
            self._fail(error)
            return KEPT
        try:
            sent = raw_push(records)
        except OSError:
            sent = 0
        if sent == len(records):
            return len(data)
        self._raw.keep(records, sent)
        return KEPT

    def _push_long(self, data: bytes) -> int:
        try:
            return len(data) if self.send(data) else KEPT
        except StreamClosed:
            return KEPT

    def keep(self, data: bytes, sent: int) -> None:
        """See `Stream.keep`. `push` has kept it."""

    def flush(self) -> bool:
        """See `Stream.flush`."""
        try:
            if not self._raw.flush():
                return False
            while self._waiting:
                if not self._raw.send(self._encrypt(self._take_waiting())):
                    return False
        except StreamClosed:
            self._forget_waiting()
            raise
        if self._end_wanted:
            self._end_wanted = False
            self._send_end()
        return not self._raw.pending_bytes

    def shutdown_write(self) -> None:
        """See `Stream.shutdown_write`: TLS's close_notify, then the end of the socket's own stream."""
        if self._refusal is None:
            self._refusal = StreamClosed("nothing may be sent after the end was signalled", clean=True)
            self._direct_bytes = 0
            self._end_wanted = True
            if not self.pending_bytes:
                self.flush()

    def close(self) -> None:
        """See `Stream.close`. Says nothing to the other end: `shutdown_write` does."""
        self._refusal = StreamClosed("closed at this end", clean=True)
        self._forget_waiting()
        self._raw.close()

    def fileno(self) -> int:
        """See `Stream.fileno`."""
        return self._raw.fileno()

    def peer_certificate(self) -> bytes:
        """The certificate that the other end has shown, as DER. StreamClosed when it has shown none."""
        certificate = self._tls.getpeercert(binary_form=True) if self._is_ready else None
        if certificate is None:
            raise StreamClosed("the other end has shown no certificate")
        return certificate

    def _decrypt_into(self, pieces: list[bytes]) -> None:
        """Take every whole record out of the incoming BIO. A failure is kept until what came before is read.

        A record never holds more than one read takes, and OpenSSL without read-ahead takes no byte of the
        next one, so an empty BIO means that nothing is left and the costly WantRead exception need not be
        provoked.
        """
        while self._incoming.pending and self._ended is None:
            try:
                piece = self._read(RECORD_BYTES)
            except ssl.SSLWantReadError:
                return
            except ssl.SSLZeroReturnError:
                piece = b""
            except (ssl.SSLError, MemoryError) as error:
                self._fail(error)
                return
            if piece:
                pieces.append(piece)
            else:
                self._ended = StreamClosed("closed by the other end", clean=True)

    def _send_later(self, data: bytes | memoryview) -> bool:
        """Queue; and start at once when nothing is before it (more than goes directly)."""
        if self._refusal is not None:
            raise StreamClosed(self._refusal.reason, clean=self._refusal.clean)
        assert self._is_ready, "nothing can be sent before the TLS handshake is done"
        if not data:
            return not self.pending_bytes
        pending_bytes = self.pending_bytes
        if pending_bytes and pending_bytes + len(data) > self._limit_bytes:
            raise self._refuse(f"more than {self._limit_bytes} bytes wait to be sent")
        self._waiting.append(memoryview(data))
        self._waiting_bytes += len(data)
        return False if pending_bytes else self.flush()

    def _encrypt(self, plain: bytes | memoryview) -> bytes:
        """The records that carry these bytes."""
        try:
            self._write(plain)
            return self._take_records()
        except (ssl.SSLError, MemoryError) as error:
            raise self._fail(error) from error

    def _take_waiting(self) -> bytes | memoryview:
        """Up to `AHEAD_BYTES` of plain text off the head of the queue; short buffers are joined."""
        waiting = self._waiting
        plain: bytes | memoryview
        if len(waiting) == 1 or len(waiting[0]) >= AHEAD_BYTES:
            plain, rest = waiting[0][:AHEAD_BYTES], waiting[0][AHEAD_BYTES:]
            waiting[:1] = [rest] if rest else []
        else:
            count = size = 0
            while count < len(waiting) and size + len(waiting[count]) <= AHEAD_BYTES:
                size += len(waiting[count])
                count += 1
            plain = b"".join(waiting[:count])
            del waiting[:count]
        self._waiting_bytes -= len(plain)
        return plain

    def _send_outgoing(self) -> None:
        """Send what TLS itself has to say; behind all cipher text that is pending, for its order is fixed.

        Whatever fails, nothing of it is left, to get into another stream.
        """
        try:
            if self._outgoing.pending:
                self._raw.send(self._outgoing.read())
        finally:
            while self._outgoing.pending:
                self._outgoing.read(256)

    def _send_end(self) -> None:
        if self._is_ready:
            # WantRead means that close_notify is written and the other end's has not come: it is not awaited.
            # StreamClosed: nobody is left to be told.
            with contextlib.suppress(ssl.SSLError, MemoryError):
                self._tls.unwrap()
            with contextlib.suppress(StreamClosed, MemoryError):
                self._send_outgoing()
        self._raw.shutdown_write()

    def _fail(self, error: ssl.SSLError | MemoryError) -> StreamClosed:
        """End both directions. The alert that OpenSSL has made is sent if the socket still takes it."""
        self._ended = self._refuse(tls_reason_of(error))
        with contextlib.suppress(StreamClosed, MemoryError):
            self._send_outgoing()
        return StreamClosed(self._ended.reason)

    def _refuse(self, reason: str) -> StreamClosed:
        """Send nothing from now on."""
        self._refusal = StreamClosed(reason)
        self._direct_bytes = 0
        self._end_wanted = False
        self._forget_waiting()
        return StreamClosed(reason)

    def _forget_waiting(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0


def peer_spki_hash(stream: TlsStream) -> bytes:
    """SHA-256 (32 bytes) over the SubjectPublicKeyInfo of the key that the other end has proved to hold."""
    try:
        return spki_hash(stream.peer_certificate())
    except ValueError as error:
        raise StreamClosed(f"the other end's certificate cannot be read: {error}") from error


def peer_pin(stream: TlsStream) -> str:
    """The pin of that key, as `pins.pin_of` writes it."""
    return pin_of(peer_spki_hash(stream))
