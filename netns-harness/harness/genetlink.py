"""Generic netlink, as far as the kernel's Wi-Fi needs it; `iw` would be one package more, and makes no radios."""

import os
import socket
import struct

NETLINK_GENERIC = 16
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 0x10, 3, 1, 2
NLMSG_ERROR, NLM_F_REQUEST, NLM_F_ACK = 2, 0x1, 0x4


def attribute(kind, value):
    return (struct.pack("=HH", 4 + len(value), kind) + value).ljust((7 + len(value)) & ~3, b"\0")


def u32(kind, value):
    return attribute(kind, struct.pack("=I", value))


def text(kind, value):
    return attribute(kind, value.encode() + b"\0")


class GenericNetlink:
    """Requests to one family of one namespace."""

    def __init__(self, namespace, family):
        with namespace.inside():
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_GENERIC)
        self._family = GENL_ID_CTRL
        (answer,) = self._ask(CTRL_CMD_GETFAMILY, text(CTRL_ATTR_FAMILY_NAME, family))
        # Behind the headers of netlink and generic netlink.
        self._family = next(struct.unpack("=H", value)[0] for kind, value in _attributes(answer[20:])
                            if kind == CTRL_ATTR_FAMILY_ID)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def request(self, command, *attributes):
        """Raises OSError when the kernel refuses."""
        self._ask(command, *attributes)

    def _ask(self, command, *attributes):
        """Returns what came before the acknowledgement."""
        body = struct.pack("=BBxx", command, 1) + b"".join(attributes)
        self._socket.send(struct.pack("=IHHII", 16 + len(body), self._family, NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body)
        answers = []
        while True:
            message = self._socket.recv(1 << 16)
            if struct.unpack_from("=H", message, 4)[0] != NLMSG_ERROR:
                answers.append(message)
                continue
            (number,) = struct.unpack_from("=i", message, 16)
            if number < 0:
                raise OSError(-number, os.strerror(-number))
            return answers


def _attributes(data):
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            return
        yield kind, data[4:length]
        data = data[(length + 3) & ~3 :]
