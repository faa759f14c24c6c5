"""The table of mutants: what is broken by which exact edit, and which tests have to notice.

Data only; `mutants.py` applies it. Read next: `docs/guarantees.md`.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Edit:
    """One exact replacement in one file below src/chatroom."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A property, how it is broken, and the tests which must all go red; `in_c`: where the module in C is."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
    in_c: bool = False


MACHINE: Final = "tests/e2e/test_delivery_machine.py"
MESSAGES: Final = "server/hub/requests/messages.py"
WRITER: Final = "server/store/writer.py"
DATABASE: Final = "server/store/database.py"

FUZZ: Final = "tests/e2e/test_torture.py::test_frames_of_all_kinds_raise_nothing_and_leave_nothing"

MUTANTS: Final = (
    Mutant(
        "acknowledge before commit",
        (
            Edit(WRITER, '        cursor.execute("COMMIT")\n', ""),
            Edit(WRITER, "and draft.is_one_statement:", "and not entries:"),
            Edit(
                WRITER,
                '            self._cursor.execute("BEGIN IMMEDIATE")\n',
                "            if self._cursor.connection.in_transaction:\n"
                '                self._cursor.execute("COMMIT")\n'
                '            self._cursor.execute("BEGIN IMMEDIATE")\n',
            ),
        ),
        (
            "tests/server/store/test_writer.py::test_every_entry_told_as_committed_is_visible_to_another_reader",
        ),
    ),
    Mutant(
        "synchronous=NORMAL",
        (
            Edit(DATABASE, "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"),
            Edit(DATABASE, "FULL: Final = 2", "FULL: Final = 1"),
        ),
        ("tests/e2e/test_torture.py::test_nothing_is_lost_doubled_or_reordered[power]",),
    ),
    Mutant(
        "synchronous=NORMAL, and what is read back is looked at",
        (Edit(DATABASE, "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"),),
        (
            "tests/server/store/test_database.py::test_the_connection_in_use_waits_for_the_disk_at_every_commit",
        ),
    ),
    Mutant(
        "no dedup of repeated posts",
        (
            Edit(
                "server/store/nonces.py",
                "        recent, leaving = self._recent, self._leaving.held\n",
                "        return None\n",
            ),
        ),
        ("tests/server/store/test_writer.py::test_a_message_sent_again_is_stored_once",),
    ),
    Mutant(
        "the greatest nonce of the index is taken for a new one",
        (Edit("server/store/nonce_keys.py", "if key <= highest:", "if key < highest:"),),
        (
            "tests/server/store/test_nonces.py::test_what_is_greater_than_all_in_the_index_is_new_and_the_greatest_is_not",
        ),
    ),
    Mutant(
        "the greatest nonce of an author is taken for a new one",
        (
            Edit(
                "server/store/nonces.py",
                "if nonce <= (self._greatest_before",
                "if nonce < (self._greatest_before",
            ),
        ),
        ("tests/server/store/test_writer.py::test_a_message_sent_again_is_stored_once",),
    ),
    Mutant(
        "nonces that were in memory are forgotten with a restart",
        (
            Edit(
                "server/store/nonces.py",
                "self._greatest[author] = max(self._greatest.get(author, before), nonce)",
                "pass",
            ),
        ),
        ("tests/server/store/test_nonces.py::test_nonces_are_found_after_a_restart_and_after_a_crash",),
    ),
    Mutant(
        "a nonce is kept of an entry that was not committed",
        (Edit(WRITER, "        self._nonces.forget(draft.keys)\n", ""),),
        (
            "tests/server/store/test_nonces.py::test_a_pass_that_fails_at_any_step_of_its_commit_is_stored_once_when_it_is_sent_again",
        ),
    ),
    Mutant(
        "a message is stored within what somebody else has begun",
        (
            Edit(
                WRITER,
                "        if self._cursor.connection.in_transaction:\n            self._roll_back()\n",
                "",
            ),
        ),
        ("tests/server/store/test_want_of_memory.py::test_what_a_slice_has_begun_takes_no_message_with_it",),
    ),
    Mutant(
        "cursor off by one",
        (
            Edit(
                "server/hub/delivery.py",
                "        peer.cursors[room] = cursor\n        if not",
                "        peer.cursors[room] = cursor + 1\n        if not",
            ),
        ),
        (
            "tests/server/hub/test_delivery.py::test_any_mix_of_posts_stalls_and_drops_gives_everybody_the_log",
        ),
    ),
    Mutant(
        "no login deadline",
        (
            Edit(
                "server/hub/hub.py",
                "elif context.now - peer.opened_at >= settings.login_s:",
                "elif context.now < 0:",
            ),
        ),
        ("tests/server/hub/test_login.py::test_who_does_not_log_in_is_closed_before_ten_seconds_are_over",),
    ),
    Mutant(
        "no sanitiser in the client",
        (Edit("client/session/intake.py", "text = clean_text(text)", "text = str(text)"),),
        ("tests/client/session/test_intake.py::test_whatever_is_shown_is_clean",),
    ),
    Mutant(
        "no sanitiser in the server",
        (
            Edit(
                "server/hub/requests/messages.py",
                "return None if wrong is None else",
                "return None if wrong != 0 else",
            ),
        ),
        ("tests/server/hub/test_messages.py::test_text_that_may_not_travel_is_refused",),
    ),
    Mutant(
        "a later post overtakes one that waits for the disk",
        (
            Edit(
                "server/hub/requests/messages.py",
                "and not _is_stored(context, peer, held):",
                "and False:",
            ),
        ),
        (
            "tests/server/hub/test_full_disk.py::test_a_later_message_does_not_overtake_one_that_waits_to_be_stored",
        ),
    ),
    Mutant(
        "outbox written after the send",
        (
            Edit("client/session/outbox.py", "        self._file.add(posts)\n", ""),
            Edit(
                "client/session/outbox.py",
                "                self._in_flight.add(post.nonce)\n",
                "                self._in_flight.add(post.nonce)\n                self._file.add([post])\n",
            ),
        ),
        ("tests/client/session/test_outbox.py::test_posts_are_on_disk_before_they_can_be_sent",),
    ),
    Mutant(
        "outbox forgets what was in flight",
        (
            Edit(
                "client/session/outbox.py",
                "        self._in_flight.clear()\n        self._flight_chars = 0\n"
                "        self._unsent = deque(self._posts)\n",
                "        self._flight_chars = 0\n",
            ),
        ),
        (MACHINE,),
    ),
    Mutant(
        "gap ignored by the client",
        (
            Edit(
                "client/session/feed.py",
                "if entry.seq > timeline.cursor + 1:",
                "if entry.seq < timeline.cursor:",
            ),
        ),
        (
            "tests/client/session/test_feed.py::test_a_live_entry_beyond_the_next_one_leaves_a_gap_that_is_fetched",
        ),
    ),
    Mutant(
        "entries shown twice by the client",
        (
            Edit(
                "client/session/feed.py", "or entry.seq <= timeline.cursor", "or entry.seq < timeline.cursor"
            ),
        ),
        ("tests/client/session/test_feed.py::test_entries_that_come_again_are_ignored",),
    ),
    Mutant(
        "rollback not noticed",
        (
            Edit(
                "client/session/feed.py",
                "if timeline.has_begun and view.head < timeline.cursor:",
                "if timeline.has_begun and view.head < 0:",
            ),
            Edit(
                "client/session/feed.py",
                "if timeline.has_begun and head < timeline.cursor:",
                "if timeline.has_begun and head < 0:",
            ),
        ),
        ("tests/client/session/test_feed.py::test_a_log_that_went_back_is_said_and_fetched_anew",),
    ),
    Mutant(
        "a restored log is taken for the old one",
        (
            Edit(
                "client/session/door.py",
                'self.is_other_log = self._known_log not in (b"", self.log_id)',
                "self.is_other_log = False",
            ),
        ),
        ("tests/client/session/test_door.py::test_a_restored_log_is_noticed_at_the_first_login_that_works",),
    ),
    Mutant(
        "a stopped reader is never closed",
        (
            Edit(
                "server/stalls.py",
                "if connection.waits and self._pass.now - connection.progress_at >= self._limit_s:",
                "if self._pass.now < 0:",
            ),
        ),
        (
            "tests/e2e/test_slow_readers.py::test_a_reader_that_stopped_is_let_go_in_time_although_the_kernel_still_takes_what_is_sent",
        ),
    ),
    Mutant(
        "times follow the clock back",
        (Edit(WRITER, "if at < head.at:", "if at < 0:"),),
        ("tests/server/store/test_writer.py::test_time_never_goes_back_within_a_room",),
    ),
    Mutant(
        "the hub keeps 1 KB of each packet",
        (
            Edit(
                "server/hub/hub.py",
                "        row = ROWS[type(packet)]\n",
                "        row = ROWS[type(packet)]\n"
                '        context.__dict__.setdefault("kept", []).append(bytes(1_000))\n',
            ),
        ),
        (FUZZ,),
    ),
    Mutant(
        "the session keeps 1 KB of each packet",
        (
            Edit(
                "client/session/session.py",
                "                self._take(packet)\n",
                "                self._take(packet)\n"
                '                self.__dict__.setdefault("kept", []).append(bytes(1_000))\n',
            ),
        ),
        (FUZZ,),
    ),
    Mutant(
        "no tick in the service",
        (
            Edit(
                "server/service.py",
                "        for look in (\n            self._hub.tick,\n",
                "        for look in () and (\n            self._hub.tick,\n",
            ),
        ),
        ("tests/e2e/test_deadlines.py::test_a_stranger_is_ended_by_the_deadline",),
    ),
    Mutant(
        "no deadline of a TLS handshake",
        (
            Edit(
                "server/connections.py",
                "if self._pass.now - connection.opened_at < self._settings.login_s:",
                "if self._pass.now >= 0:",
            ),
        ),
        ("tests/e2e/test_deadlines.py::test_a_handshake_that_is_not_finished_is_ended_by_the_deadline",),
    ),
    Mutant(
        "no cap on all connections",
        (
            Edit(
                "server/connections.py",
                "return len(self._all) < self._settings.connections_total or",
                "return len(self._all) >= 0 or",
            ),
        ),
        ("tests/server/test_connections.py::test_a_full_server_takes_no_more",),
    ),
    Mutant(
        "no cap on the connections of one address",
        (
            Edit(
                "server/connections.py",
                "if place is not None and place.count >= most:",
                "if place is not None and place.count < 0:",
            ),
        ),
        ("tests/server/test_connections.py::test_an_address_full_of_members_takes_no_more",),
    ),
    Mutant(
        "no cap on the connections of one account",
        (
            Edit(
                "server/hub/requests/entering.py",
                "if sum(other.stage is not Stage.CLOSING for other in account.peers) >= limit:",
                "if limit < 0:",
            ),
        ),
        (
            "tests/server/hub/test_connections.py::test_one_connection_more_than_the_limit_is_refused_in_one_line",
        ),
    ),
    Mutant(
        "strangers keep their places",
        (
            Edit(
                "server/connections.py",
                "        while strangers:\n",
                "        while strangers and len(self) < 0:\n",
            ),
        ),
        ("tests/server/test_connections.py::test_silent_connections_keep_no_class_out",),
    ),
    Mutant(
        "no end to the handshakes of a pass",
        (
            Edit(
                "server/reading.py",
                "HANDSHAKES_EFFORT: Final = PEER_EFFORT\n",
                "HANDSHAKES_EFFORT: Final = 1_000_000\n",
            ),
        ),
        ("tests/e2e/test_server.py::test_many_handshakes_at_once_delay_nobody",),
    ),
    Mutant(
        "an error in the service of one peer is let out",
        (
            Edit(
                "server/service.py",
                '            except Exception as error:\n                self._faults.tell(f"serving',
                '            except ZeroDivisionError as error:\n                self._faults.tell(f"serving',
            ),
        ),
        ("tests/server/test_service.py::test_an_error_in_the_service_of_one_peer_costs_that_peer_alone",),
    ),
    Mutant(
        "an error that is nobody's fault is let out",
        (
            Edit(
                "server/service.py",
                "        self._faults.tell(doing, error)\n        time.sleep(FAULT_REST_S)",
                "        raise error",
            ),
        ),
        ("tests/server/test_service.py::test_an_error_that_is_nobodys_fault_costs_nobody_the_connection",),
    ),
    Mutant(
        "a new connection has a full bucket",
        (
            Edit(
                "server/hub/requests/entering.py",
                "    peer.paused_until = context.now + account.bucket.take(0, context.now)\n",
                "",
            ),
        ),
        (
            "tests/server/hub/test_ratelimit.py::test_a_new_connection_of_a_flooder_waits_as_long_as_the_old_one",
        ),
    ),
    Mutant(
        "an account is stored before its rooms",
        (
            Edit(
                WRITER,
                "        number = outcome.number\n        draft.accounts.append(number)\n",
                "        number = outcome.number\n        draft.accounts.append(number)\n"
                '        self._cursor.execute("COMMIT")\n'
                '        self._cursor.execute("BEGIN IMMEDIATE")\n',
            ),
        ),
        (
            "tests/server/store/test_creation.py::test_of_an_account_whose_rooms_cannot_be_stored_nothing_is_there",
        ),
    ),
    Mutant(
        "a message is stored behind what ended its author's right to write it",
        (
            Edit(
                WRITER,
                "(change, draft) if draft.is_unsettled else None",
                "(change, draft) if False else None",
            ),
        ),
        (
            "tests/server/store/test_one_pass.py::test_nothing_of_the_same_pass_is_stored_behind_what_forbids_it",
        ),
    ),
    Mutant(
        "a restored log keeps its id",
        (Edit("server/store/copies.py", "            renew_log_id(log)\n", ""),),
        (MACHINE,),
    ),
    Mutant(
        "who left a room goes on reading it",
        (
            Edit(
                "server/hub/delivery.py",
                "self._caught_up(peer, room, farewell)",
                'self._caught_up(peer, room, b"")',
            ),
        ),
        (MACHINE,),
    ),
    Mutant(
        "a silent member stays for ever",
        (Edit("server/hub/silence.py", "if silent_s >= self._gone_s:", "if silent_s < 0:"),),
        ("tests/e2e/test_deadlines.py::test_a_member_that_falls_silent_is_pinged_and_ended",),
    ),
    Mutant(
        "a client waits for a silent server",
        (Edit("client/session/wire.py", "if now >= self._heard_at + DEAD_S:", "if now < 0:"),),
        ("tests/client/session/test_session.py::test_a_half_open_connection_is_noticed_within_45_seconds",),
    ),
    Mutant(
        "a mute holds for the account only",
        (
            Edit(
                "server/hub/state.py",
                "return max((until for until in mutes if until > now_ms), default=0)",
                "return 0",
            ),
        ),
        (
            "tests/server/hub/test_addresses.py::test_a_mute_is_not_evaded_by_a_new_account_of_the_same_address",
        ),
    ),
    Mutant(
        "what people write waits behind what others look up",
        (Edit("server/reading.py", "if is_late and type(packet) not in LIGHT:", "if is_late:"),),
        ("tests/server/test_reading.py::test_what_people_write_does_not_wait_behind_what_others_look_up",),
    ),
    Mutant(
        "who asks for much is served like who asks for little",
        (Edit("server/reading.py", "sorted(self._unfinished, key=self._debt_of)", "list(self._unfinished)"),),
        (
            "tests/server/test_reading.py::test_who_asked_for_little_is_served_before_those_who_asked_for_much",
        ),
    ),
    Mutant(
        "a pass takes all messages that there are",
        (
            Edit(
                "server/reading.py",
                "current.is_full = hub.posts >= PASS_POSTS",
                "current.is_full = False",
            ),
        ),
        (
            "tests/server/test_reading.py::test_a_pass_takes_so_many_messages_and_who_writes_one_is_heard_before_who_writes_many",
        ),
    ),
    Mutant(
        "who writes one message is heard behind who writes many",
        (Edit("server/reading.py", "if len(data) >= MUCH_BYTES:", "if len(data) < 0:"),),
        (
            "tests/server/test_reading.py::test_a_pass_takes_so_many_messages_and_who_writes_one_is_heard_before_who_writes_many",
        ),
    ),
    Mutant(
        "a lagging peer is fed all its rooms in one go",
        (Edit("server/hub/delivery.py", "if spent >= TURN_BYTES:", "if spent < 0:"),),
        ("tests/server/hub/test_delivery.py::test_who_lags_in_many_rooms_gives_others_their_turn",),
    ),
    Mutant(
        "a room that cannot be read keeps a peer from its other rooms",
        (
            Edit(
                "server/hub/delivery.py",
                "self._unreadable.setdefault(peer, set()).add(room)\n                    continue\n",
                "return spent\n",
            ),
        ),
        ("tests/server/hub/test_delivery.py::test_a_room_that_cannot_be_read_keeps_nobody_from_the_others",),
    ),
    Mutant(
        "entries of which the hub was not told are a hole for everybody",
        (Edit("server/hub/hub.py", "self._lose_track()\n        self._ignores", "self._ignores"),),
        (
            "tests/server/hub/test_untold.py::test_entries_reach_everybody_at_once_or_when_the_log_can_be_read",
        ),
    ),
    Mutant(
        "a message that is sent again and of which the hub was not told reaches nobody",
        (
            Edit(
                "server/hub/hub.py",
                "seq > room.head:\n                    self._lose_track()",
                "seq < 0:\n                    pass",
            ),
        ),
        (
            "tests/server/hub/test_untold.py::test_what_was_stored_though_it_seemed_not_is_found_by_a_repeat_or_what_follows",
        ),
    ),
    Mutant(
        "of whom it is not known what they were told stays as they were",
        (
            Edit(
                "server/hub/hub.py",
                "            self._half_applied.append(proposal.change)\n",
                "",
            ),
        ),
        ("tests/server/hub/test_untold.py::test_who_could_not_be_shown_out_reads_and_writes_nothing_more",),
    ),
    Mutant(
        "who is closed because it is not known what he may read is let in before it is",
        (Edit("server/hub/requests/entering.py", "    if account in context.misled:\n", "    if None:\n"),),
        ("tests/server/hub/test_untold.py::test_who_is_closed_is_let_in_when_it_is_known_what_he_may_read",),
    ),
    Mutant(
        "what is judged by a state that lacks something is stored",
        (Edit("server/hub/hub.py", "        if self.is_behind:\n            self._set_aside()\n", ""),),
        ("tests/server/hub/test_untold.py::test_nothing_is_stored_before_the_state_is_as_the_log_has_it",),
    ),
    Mutant(
        "who joined in the pass of a kick is not shown out",
        (Edit("server/hub/fold.py", "            room.parted = room.members.get(target.number)\n", ""),),
        ("tests/server/hub/test_one_pass.py::test_who_joins_and_is_kicked_in_one_pass_is_shown_out",),
    ),
    Mutant(
        "a change that adds no entry and stands is told as failed",
        (Edit("server/store/people.py", "return former or (revoked,", "return former; (revoked,"),),
        ("tests/server/store/test_people.py::test_what_adds_no_entry_is_told_as_it_stands",),
    ),
    Mutant(
        "what stands though its commit failed is tried again",
        (Edit(WRITER, "if left is None or not self._take_back(left):", "if True:"),),
        (
            "tests/server/store/test_want_of_memory.py::test_what_stands_though_nobody_could_find_out_is_stored_once",
        ),
    ),
    Mutant(
        "a removed write-ahead log is left though another program keeps it from the database",
        (Edit("server/store/sqlite.py", "        return bool(is_busy)\n", "        return False\n"),),
        (
            "tests/server/store/test_sqlite.py::test_a_file_removed_while_another_program_reads_costs_nothing_that_was_stored",
        ),
    ),
    Mutant(
        "posts that come together are stored without their nonces",
        (
            Edit(
                "server/store/nonces.py",
                "            keys.add_run(author, nonces, entries)\n",
                "            pass\n",
            ),
        ),
        ("tests/server/store/test_changes.py::test_repeats_among_them_are_told_where_they_stand",),
    ),
    Mutant(
        "a nonce among several that does not rise is taken for a new one",
        (Edit("server/store/nonces.py", "if is_ordered and posts.rise_above(greatest):", "if is_ordered:"),),
        (
            "tests/server/store/test_changes.py::test_of_any_mix_of_nonces_each_is_stored_once",
            "tests/server/store/test_changes.py::test_repeats_among_them_are_told_where_they_stand",
        ),
    ),
    Mutant(
        "a post whose nonce stands in a run on disk is not found",
        (
            Edit(
                "server/store/nonces.py",
                "if nonce > greatest:\n            return None",
                "if nonce:\n            return None",
            ),
        ),
        (
            "tests/server/store/test_nonces.py::test_what_comes_again_and_stands_in_a_run_on_disk_is_told_where",
        ),
    ),
    Mutant(
        "nonces that do not rise are a run as they are",
        (Edit("server/store/nonces.py", "in_order = sorted(came)", "in_order = list(came)"),),
        (
            "tests/server/store/test_nonces.py::test_each_post_is_stored_once_whoever_makes_its_nonce_and_whatever_happens",
        ),
    ),
    Mutant(
        "late nonces among several are taken for new ones",
        (Edit("server/store/nonces.py", "if late and self._may_hold(", "if () and self._may_hold("),),
        ("tests/server/store/test_changes.py::test_repeats_among_them_are_told_where_they_stand",),
    ),
    Mutant(
        "late nonces among several are not looked for in the index",
        (
            Edit(
                "server/store/nonces.py",
                "            keys.note_late(author, late, self.highest)\n",
                "            pass\n",
            ),
        ),
        (
            "tests/server/store/test_nonces.py::test_each_post_is_stored_once_whoever_makes_its_nonce_and_whatever_happens",
        ),
    ),
    Mutant(
        "after a restart a nonce is new that is no greater than those in runs",
        (
            Edit(
                "server/store/nonces.py",
                'self._greatest.update(self._cursor.execute("SELECT author, greatest FROM nonce_authors"))',
                "pass",
            ),
        ),
        (
            "tests/server/store/test_nonces.py::test_what_comes_again_and_stands_in_a_run_on_disk_is_told_where",
        ),
    ),
    Mutant(
        "who is muted may post several at once",
        (Edit(MESSAGES, "peer.held_nonce or account.muted_until or", "peer.held_nonce or"),),
        ("tests/server/hub/test_posts_together.py::test_each_that_may_not_be_is_refused",),
    ),
    Mutant(
        "several at once overtake one that waits for the disk",
        (Edit(MESSAGES, "peer.held_nonce or account.muted_until or", "account.muted_until or"),),
        (
            "tests/server/hub/test_posts_together.py::test_after_one_that_was_not_stored_none_is_taken_before_it_comes_again",
        ),
    ),
    Mutant(
        "several at once are stored behind what ended their author's right to write them",
        (Edit("server/store/posting.py", "if draft.is_unsettled:", "if None:"),),
        (
            "tests/server/hub/test_posts_together.py::test_nothing_of_them_is_stored_behind_what_forbids_it_in_the_same_pass",
        ),
    ),
    Mutant(
        "all that several write in a pass is sent as one buffer",
        (Edit("server/store/posting.py", "if outcomes and text_bytes > MOST_BYTES:", "if None:"),),
        ("tests/server/store/test_changes.py::test_no_more_is_told_together_than_a_stalled_peer_may_cost",),
    ),
    Mutant(
        "a head stays where it moved for what was not stored",
        (
            Edit("server/store/posting.py", "                draft.rooms.setdefault(room, share.at)\n", ""),
            Edit(
                "server/store/posting.py",
                "                _end(share, room, outcomes)\n",
                "                _end(share, room, outcomes)\n"
                "                draft.rooms.setdefault(room, share.at)\n",
            ),
        ),
        ("tests/server/store/test_changes.py::test_a_head_that_moved_for_what_was_not_stored_moves_back",),
    ),
    Mutant(
        "several at once cost as much as one",
        (Edit(MESSAGES, "if len(posts) > 1:", "if len(posts) > 16:"),),
        ("tests/server/hub/test_posts_together.py::test_the_bucket_of_the_account_pays_for_each",),
    ),
    Mutant(
        "several at once count as one entry for those who lag",
        (Edit("server/hub/delivery.py", "fresh, frames, 1, count)", "fresh, frames, 1, 1)"),),
        (
            "tests/server/hub/test_delivery.py::test_any_mix_of_posts_stalls_and_drops_gives_everybody_the_log",
        ),
    ),
    Mutant(
        "a push outlives its connection",
        (Edit("net/stream.py", "        close_push(self.push)\n", ""),),
        ("tests/net/test_broadcast.py::test_a_push_that_was_closed_writes_to_nobody_who_got_its_descriptor",),
        in_c=True,
    ),
    Mutant(
        "who took only a part of a broadcast counts as sent to",
        (Edit("net/broadcast.py", "if sent != len(data)]", "if sent < 0]"),),
        ("tests/e2e/test_broadcast.py::test_everybody_gets_all_in_order_while_readers_stall_leave_and_come",),
        in_c=True,
    ),
    Mutant(
        "after a broadcast that failed it goes on",
        (
            Edit(
                "server/hub/delivery.py",
                "for peer in room.live:\n                    peer.link.give_up()",
                "for _ in ():\n                    pass",
            ),
        ),
        (
            "tests/server/hub/test_delivery.py::test_after_a_broadcast_of_which_nobody_knows_what_went_out_all_live_peers_are_given_up",
            "tests/server/test_service.py::test_who_may_have_been_sent_a_part_is_ended_and_has_everything_once_when_it_comes_back",
        ),
    ),
    Mutant(
        "who is given up is not ended",
        (
            Edit(
                "server/connection.py",
                '        self.failure = self.failure or "sending failed"\n        self.on_stall(self)\n',
                '        self.failure = self.failure or "sending failed"\n',
            ),
        ),
        (
            "tests/server/test_service.py::test_who_may_have_been_sent_a_part_is_ended_and_has_everything_once_when_it_comes_back",
        ),
    ),
    Mutant(
        "what had arrived before a send failed is not heard",
        (
            Edit(
                "client/connection/connection.py",
                "self._session.receive(stream.read(LAST_READ_BYTES), self._loop.now(), now_ms())",
                "pass",
            ),
        ),
        (
            "tests/client/connection/test_connection.py::test_what_was_acknowledged_before_a_send_failed_is_heard",
            "tests/client/connection/test_connection.py::test_why_a_server_ends_the_connection_is_heard_also_where_a_send_fails_first",
        ),
    ),
    Mutant(
        "what nobody asked for is called at a hang-up",
        (Edit("net/loop.py", "(watch, events & watch.events)", "(watch, events)"),),
        ("tests/net/test_loop.py::test_a_hang_up_is_told_to_what_is_wanted_and_to_nothing_else",),
    ),
    Mutant(
        "the server sleeps in each pass",
        (
            Edit(
                "server/service.py",
                "            self._hub.write()\n",
                "            time.sleep(0.15)\n            self._hub.write()\n",
            ),
        ),
        (
            "tests/e2e/test_flood.py::test_while_one_floods_the_others_wait_less_than_a_tenth_of_a_second",
            "tests/e2e/test_slow_readers.py::test_stopped_readers_and_a_slow_one_delay_nobody_and_only_the_stopped_are_let_go",
            "tests/e2e/test_torture.py::test_nothing_is_lost_doubled_or_reordered[descriptors]",
            "tests/e2e/test_torture.py::test_nothing_is_lost_doubled_or_reordered[flood]",
        ),
    ),
)
