"""Limits of `server.toml` as clients of a running server meet them."""

import time
from pathlib import Path

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Post, Stored
from support.raw_client import raw_client
from support.server_process import running_server


def test_an_account_has_as_many_connections_as_the_settings_say(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, {"limits": {"connections_per_account": 2}}) as server,
        raw_client(server.port) as ana,
    ):
        ana.enter("ana", follow=False)
        with raw_client(server.port, ana.key) as second, raw_client(server.port, ana.key) as third:
            second.enter("ana", follow=False)
            assert third.turned_away("ana").code == ErrorCode.TOO_MANY


def test_a_flooder_is_not_faster_on_new_connections(tmp_path: Path) -> None:
    settings = {"limits": {"posts_per_s": 2.0, "post_burst": 5}}
    with running_server(tmp_path, settings) as server, raw_client(server.port) as ana:
        lobby = ana.enter("ana", follow=False)
        began = time.monotonic()
        for number in range(6):
            ana.post(lobby, f"burst {number}")
            ana.wait_for(Stored)
        for number in range(4):
            with raw_client(server.port, ana.key) as again:
                again.enter("ana", follow=False)
                again.send(Post(7, lobby, (1_000 + number).to_bytes(16, "big"), "evade"))
                again.wait_for(Stored)
        assert time.monotonic() - began > 2.0, "five beyond the burst at two a second, on whatever connection"
