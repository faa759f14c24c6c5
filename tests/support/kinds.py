"""The kinds of entries, for tests that make them from their bodies."""

from typing import Final

from chatroom.protocol.entries import BODY_TYPES, Moderated

KIND_OF: Final = {body_type: kind for kind, body_type in BODY_TYPES.items() if body_type is not Moderated}
"""The kind of a body; `Moderated` serves several kinds and is not here."""
