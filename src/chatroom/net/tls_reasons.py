"""What failed in TLS, in words for a person. Next: `tls.py`."""

import ssl
from typing import Final

# What OpenSSL says when the other end speaks something else; the spelling differs between its versions.
_NOT_TLS: Final = frozenset(
    {"HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}
)
_OLD_TLS: Final = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION"})


def tls_reason_of(error: ssl.SSLError | MemoryError) -> str:
    """One line that tells a person what failed."""
    if isinstance(error, MemoryError):  # what was encrypted is lost, and records have an order
        return "no memory is left"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is refused: {error.verify_message}"
    if error.reason in _NOT_TLS:
        return "the other end does not speak TLS"
    if error.reason in _OLD_TLS:
        return "the other end does not speak TLS 1.3"
    return f"TLS failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
