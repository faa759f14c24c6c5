import json
import time
from dataclasses import replace

import pytest

from chatroom.client.headless.tailing import NoOutbox, as_json, as_text, restored_as_json, rfc3339
from chatroom.client.session.ports import OutboxError
from chatroom.client.session.timeline import Line
from chatroom.protocol.entries import (
    Body,
    Created,
    Declined,
    EntryKind,
    Invited,
    Joined,
    Left,
    Manner,
    Moderated,
    Posted,
    TopicSet,
    Unknown,
)
from chatroom.protocol.limits import TIME_MAX

LOG = b"\xab" * 16
FIELDS = ["room", "seq", "at", "author", "kind", "text", "nonce", "log"]
AT = 1_758_473_043_007  # 2025-09-21T16:44:03.007Z


def line(body: Body, kind: int, nonce: bytes = b"") -> Line:
    return Line(1, 7, AT, "alice", kind, body, nonce, False, False)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (AT, "2025-09-21T16:44:03.007Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_rfc_3339_in_utc_with_milliseconds(at: int, text: str) -> None:
    assert rfc3339(at) == text


def test_a_message_is_one_line_of_json() -> None:
    text = as_json(line(Posted('two\nlines "quoted" ü'), EntryKind.POSTED, b"\x01\xff" * 8), "lobby", LOG)
    assert "\n" not in text
    assert json.loads(text) == {
        "room": "lobby",
        "seq": 7,
        "at": "2025-09-21T16:44:03.007Z",
        "author": "alice",
        "kind": "message",
        "text": 'two\nlines "quoted" ü',
        "nonce": "01ff" * 8,
        "log": "ab" * 16,
    }
    assert list(json.loads(text)) == FIELDS


def test_a_restored_history_is_a_line_of_the_same_fields_before_the_first_entry() -> None:
    fields = json.loads(restored_as_json("it was restored", "lobby", LOG))
    assert list(fields) == FIELDS
    assert (fields["kind"], fields["seq"], fields["log"]) == ("restored", 0, LOG.hex())
    assert (fields["room"], fields["text"]) == ("lobby", "it was restored")


@pytest.mark.parametrize(
    ("body", "kind", "name", "words"),
    [
        (Created("dev", 0), EntryKind.CREATED, "created", "dev"),
        (Joined(), EntryKind.JOINED, "joined", ""),
        (Left(), EntryKind.LEFT, "left", ""),
        (Invited("bob"), EntryKind.INVITED, "invited", "bob"),
        (Declined(), EntryKind.DECLINED, "declined", ""),
        (TopicSet("tea"), EntryKind.TOPIC_SET, "topic_set", "tea"),
        (Unknown(), 77, "unknown-77", ""),
    ],
)
def test_other_entries_have_the_name_of_their_kind(body: Body, kind: int, name: str, words: str) -> None:
    fields = json.loads(as_json(line(body, kind), "lobby", LOG))
    assert (fields["kind"], fields["text"], fields["nonce"]) == (name, words, "")
    shown = as_text(line(body, kind))
    assert shown.split(" -- ")[1] == f"alice {name.replace('_', ' ')}{': ' * bool(words)}{words}"


@pytest.mark.parametrize(
    ("kind", "body", "words", "shown"),
    [
        (EntryKind.KICKED, Moderated("bob"), "bob", "alice kicked bob"),
        (
            EntryKind.BANNED,
            Moderated("bob", 1_758_473_043_007, "spam"),
            "bob until 2025-09-21T16:44:03.007Z: spam",
            "alice banned bob until 2025-09-21T16:44:03.007Z: spam",
        ),
        (EntryKind.UNBANNED, Moderated("bob"), "bob", "alice unbanned bob"),
        (EntryKind.MUTED, Moderated("bob", 0, "noise"), "bob: noise", "alice muted bob: noise"),
        (EntryKind.UNMUTED, Moderated("bob"), "bob", "alice unmuted bob"),
        (EntryKind.ROLE_SET, Moderated("bob", role=3), "bob owner", "alice made bob owner"),
    ],
)
def test_moderation_says_to_whom_until_when_and_why(
    kind: EntryKind, body: Moderated, words: str, shown: str
) -> None:
    fields = json.loads(as_json(line(body, kind), "lobby", LOG))
    assert (fields["kind"], fields["text"]) == (kind.name.lower(), words)
    assert as_text(line(body, kind)).split(" -- ")[1] == shown


def test_messages_for_people_say_who_and_what() -> None:
    assert as_text(line(Posted("hi"), EntryKind.POSTED)).endswith(" <alice> hi")
    assert as_text(line(Posted("waves", Manner.ACTION), EntryKind.POSTED)).endswith(" * alice waves")
    assert as_text(line(Posted("a\nb"), EntryKind.POSTED)).endswith(" <alice> a\n    b")


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process cannot be set there")
@pytest.mark.parametrize("zone", ["UTC0", "Europe/Berlin", "Pacific/Auckland", "NZST-12", "AKST9"])
@pytest.mark.parametrize(("at", "years"), [(0, {"1969", "1970"}), (TIME_MAX, {"9999"})])
def test_every_time_that_may_travel_is_shown_in_every_zone(
    at: int, years: set[str], zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        text = as_text(replace(line(Posted("hi"), EntryKind.POSTED), at=at))
    time.tzset()
    assert text[:4] in years
    assert text.endswith(" <alice> hi")


def test_a_session_that_only_reads_keeps_nothing() -> None:
    outbox = NoOutbox()
    assert outbox.load() == []
    outbox.remove([b"x"])
    with pytest.raises(OutboxError):
        outbox.add([])
