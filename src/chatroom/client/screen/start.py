"""What the full-screen client is started with: the command line and the settings, read and checked.

Made by `chatroom.cli.client`, taken by `chatroom.client.screen.app`. Read next: `app.py`.
"""

from dataclasses import dataclass

from chatroom.config.paths import ClientPaths
from chatroom.config.settings import ClientSettings
from chatroom.net.address import JoinAddress


@dataclass(frozen=True, slots=True)
class Start:
    """`join` is None where none is given or remembered; `handle` is empty where the user is to be asked.

    `accept_new`: an unknown server is trusted without a question. `password` and `invite` are for a server
    that wants them of a new account.
    """

    join: JoinAddress | None
    handle: str
    paths: ClientPaths
    settings: ClientSettings
    mouse: bool
    accept_new: bool = False
    password: str = ""
    invite: str = ""
