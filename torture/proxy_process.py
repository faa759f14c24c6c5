"""A fault proxy in a process of its own, steered from here.

A proxy that carries single bytes changes threads twice a byte. In the process of the seats each of those
threads would wait for their loop, half a millisecond a byte. Read next: `proxy.py`, `lanes.py`.
"""

import multiprocessing
from multiprocessing.connection import Connection
from typing import Final, Literal

from torture.proxy import Fault, Proxy

Order = Fault | Literal["forget planned", "tally", "close"]
Tally = tuple[int, tuple[int, int]]
"""How many cuts there were; bytes up and down of the connection that carried something last."""

CLOSE_S: Final = 5.0


class ProxyProcess:
    """As `Proxy`; every order was carried out when its call returns."""

    def __init__(self, target_port: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other_end = context.Pipe()
        self._process = context.Process(target=_obey, args=(other_end, target_port), daemon=True)
        self._process.start()
        other_end.close()
        self.port = int(self._pipe.recv())
        self._last: Tally | None = None

    def plan(self, fault: Fault) -> None:
        """See `Proxy.plan`."""
        self._order(fault)

    def forget_planned(self) -> None:
        """See `Proxy.forget_planned`."""
        self._order("forget planned")

    @property
    def cuts(self) -> int:
        """See `Proxy.cuts`; also after the end."""
        return self._tally()[0]

    @property
    def carried(self) -> tuple[int, int]:
        """See `Proxy.carried`."""
        return self._tally()[1]

    def close(self) -> None:
        """See `Proxy.close`; the process ends."""
        self._last = self._order("close")
        self._process.join(CLOSE_S)
        self._process.kill()
        self._pipe.close()

    def _tally(self) -> Tally:
        return self._last or self._order("tally")

    def _order(self, order: Order) -> Tally:
        self._pipe.send(order)
        tally: Tally = self._pipe.recv()
        return tally


def _obey(pipe: "Connection[Tally | int, Order]", target_port: int) -> None:
    proxy = Proxy(target_port)
    pipe.send(proxy.port)
    while True:
        try:
            order = pipe.recv()
        except EOFError:  # who steered it is gone
            return
        match order:
            case "forget planned":
                proxy.forget_planned()
            case "tally":
                pass
            case "close":
                proxy.close()
                pipe.send((proxy.cuts, proxy.carried))
                return
            case _:
                proxy.plan(order)
        pipe.send((proxy.cuts, proxy.carried))
