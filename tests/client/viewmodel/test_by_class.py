from typing import get_args

import pytest

from chatroom.client.commands.slash import Command
from chatroom.client.session.events import Event
from chatroom.client.viewmodel.boxes.answers import Answer
from chatroom.client.viewmodel.by_class import row
from support.screen_world import Seat


def test_a_row_takes_only_values_of_its_class() -> None:
    kind, take = row(str, len)
    assert kind is str
    assert take("four") == 4
    with pytest.raises(AssertionError):
        take(4)


def test_every_event_command_and_answer_has_a_row() -> None:
    model = Seat(online=False).model
    tables = (
        (model._hearing._take, Event),
        (model._acting.commanding._do, Command),
        (model._acting._answers, Answer),
    )
    for table, kinds in tables:
        assert set(table) == set(get_args(kinds))
