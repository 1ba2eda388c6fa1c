"""What passes an interface, seen from beside it."""

import socket

from .tap import FrameLog

ETH_P_ALL = 0x0003
PACKET_OUTGOING = 4


class Sniffer(FrameLog):
    """Frames that the interface receives; those it sends are left out."""

    def __init__(self, namespace, link):
        with namespace.inside():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.htons(ETH_P_ALL))
            self._socket.bind((link, ETH_P_ALL))
        self._socket.setblocking(False)
        super().__init__(f"sniffer on {link}", self._socket.detach())

    def receive(self):
        opened = socket.socket(fileno=self._descriptor)
        try:
            while True:
                frame, source = opened.recvfrom(65536)
                if source[2] != PACKET_OUTGOING:
                    return frame
        finally:
            opened.detach()
