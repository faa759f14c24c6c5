"""The first `client.toml` of a person: made once, with every setting explained in it.

Never changes a file that is there: what the program wants to remember goes to `state.py`. Read next:
`sample.py`.
"""

from pathlib import Path

from chatroom.config.private_files import create_private_file, make_private_directory
from chatroom.config.sample import sample
from chatroom.config.settings import ClientSettings


def create_client_settings(path: Path, handle: str) -> bool:
    """Make the settings file of a new user; return False, and touch nothing, where there is one already.

    Raises OSError where it cannot be written.
    """
    make_private_directory(path.parent)
    text = sample(ClientSettings, {("client", "handle"): handle})
    try:
        create_private_file(path, text.encode())
    except FileExistsError:
        return False
    return True
