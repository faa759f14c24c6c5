"""`python -m chatroom` is the command `chatroom`: see `chatroom.cli.client`."""

import sys

from chatroom.cli.client import main

if __name__ == "__main__":
    sys.exit(main())
