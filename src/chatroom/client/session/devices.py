"""The devices of the account: the list of its keys, and the code for one more.

Read next: `listings.py`, which does the same for longer lists.
"""

from chatroom.client.session.events import Devices, KnownDevice, LinkMade, RequestRefused
from chatroom.client.session.intake import shown_line
from chatroom.client.session.news import News
from chatroom.client.session.wire import Wire
from chatroom.protocol.codes import GROUP_CHARS, normalise_code
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import WORD_CHARS
from chatroom.protocol.packets import CreateLink, DeviceList, LinkCode, ListDevices


class DeviceNews:
    """Makes events of what the server says of devices."""

    def __init__(self, wire: Wire, news: News) -> None:
        self._wire = wire
        self._news = news

    def take_link(self, packet: LinkCode) -> None:
        """Take a fresh code; one that is none is not shown."""
        if not isinstance(self._wire.answered(packet.id), CreateLink):
            return
        try:
            code = _as_shown(packet.code)
        except ValueError:
            text = "the server answered with what is no code"
            self._news.add(RequestRefused("link", ErrorCode.INTERNAL, text))
        else:
            self._news.add(LinkMade(code, packet.seconds))

    def take_list(self, packet: DeviceList) -> None:
        """Take the list of devices."""
        if isinstance(self._wire.answered(packet.id), ListDevices):
            devices = (
                KnownDevice(
                    device.public_key, shown_line(device.name, WORD_CHARS), device.added_at, device.is_this
                )
                for device in packet.devices
            )
            self._news.add(Devices(tuple(devices)))


def _as_shown(code: str) -> str:
    """Return a code in its groups. Raises ValueError when it is none."""
    chars = normalise_code(code)
    return "-".join(chars[start : start + GROUP_CHARS] for start in range(0, len(chars), GROUP_CHARS))
