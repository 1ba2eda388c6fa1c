"""A parent that is a Wi-Fi station: mac80211's simulated radios, hostapd and wpa_supplicant."""

import os
import pathlib
import socket
import subprocess

from .frames import mac_bytes
from .genetlink import GenericNetlink, attribute, text, u32
from .parents import SHARED_MAC, Parent
from .process import Process
from .servers import program

# drivers/net/wireless/virtual/mac80211_hwsim.h
HWSIM_CMD_NEW_RADIO, HWSIM_ATTR_PERM_ADDR = 4, 22
# linux/nl80211.h
CMD_NEW_INTERFACE, CMD_SET_WIPHY_NETNS = 7, 49
ATTR_IFINDEX, ATTR_IFNAME, ATTR_IFTYPE, ATTR_NETNS_FD = 3, 4, 5, 219
IFTYPE_MONITOR = 6

AP_MAC = "02:00:00:00:00:a1"
NETWORK, PASSPHRASE, CHANNEL, FREQUENCY = "l3sync", "correct horse battery", 1, 2412


def why_not():
    """Why there is no Wi-Fi here, or None. A VM has it, or the test fails."""
    if os.environ.get("L3SYNC_IN_VM") or pathlib.Path("/sys/module/mac80211_hwsim").exists():
        return None
    known = subprocess.run(["modprobe", "--dry-run", "mac80211_hwsim"], capture_output=True, check=False).returncode == 0
    return None if known else "this machine's kernel has no mac80211_hwsim"


class WifiStation(Parent):
    """h0 is a station of the access point ap0, a port of r0: WPA2, one MAC.

    Radios are heard by those made in the same namespace, and vanish with theirs; so the
    access point's is made on the host, too.
    """

    def build(self):
        if not pathlib.Path("/sys/module/mac80211_hwsim").exists():
            # Otherwise it makes radios of its own, where the machine has its devices.
            subprocess.run(["modprobe", "mac80211_hwsim", "radios=0"], check=True)
        self._bridge()
        self._radio("ap0", AP_MAC)
        self._move_to_router("ap0")
        self._radio("h0", SHARED_MAC)
        self.access_point = None
        self.start_access_point()
        self._start_station()

    def _radio(self, name, mac):
        with GenericNetlink(self.host, "MAC80211_HWSIM") as hwsim:
            hwsim.request(HWSIM_CMD_NEW_RADIO, attribute(HWSIM_ATTR_PERM_ADDR, mac_bytes(mac)))
        # The kernel's name of the first one in a namespace.
        self.host.ip(f"link set wlan0 name {name}")

    def _index(self, link):
        with self.host.inside():
            return u32(ATTR_IFINDEX, socket.if_nametoindex(link))

    def _move_to_router(self, link):
        """rtnetlink can't: a radio goes with all that it has."""
        with GenericNetlink(self.host, "nl80211") as nl80211:
            nl80211.request(CMD_SET_WIPHY_NETNS, self._index(link), u32(ATTR_NETNS_FD, self.router.namespace.descriptor))

    def start_access_point(self):
        config = self.folder / "hostapd.conf"
        config.write_text(
            f"interface=ap0\nbridge=r0\ndriver=nl80211\nssid={NETWORK}\nhw_mode=g\nchannel={CHANNEL}\n"
            f"wpa=2\nwpa_key_mgmt=WPA-PSK\nrsn_pairwise=CCMP\nwpa_passphrase={PASSPHRASE}\n")
        self.access_point = self.router.start_process("hostapd", program("hostapd"), config)
        self.access_point.wait_line("AP-ENABLED", timeout=60)

    def stop_access_point(self):
        self.access_point.terminate()
        self.wait_carrier(False)

    def _start_station(self):
        config = self.folder / "wpa_supplicant.conf"
        config.write_text(f'network={{\n  ssid="{NETWORK}"\n  psk="{PASSPHRASE}"\n  scan_freq={FREQUENCY}\n}}\n')
        station = Process(self.host, "wpa_supplicant", program("wpa_supplicant"), "-D", "nl80211", "-i", "h0", "-c", config)
        self.processes.append(station)
        self.wait_joined(times=1)

    def wait_joined(self, times):
        """The station has joined the network so often."""
        (station,) = self.processes
        station.wait(lambda: sum("CTRL-EVENT-CONNECTED" in line for line in station.lines) >= times,
                     120, f"joined the network {times} times")
        self.wait_carrier(True)

    def listen_to_the_air(self):
        """Returns a device on the host that receives each frame that the station's radio hears."""
        with GenericNetlink(self.host, "nl80211") as nl80211:
            nl80211.request(CMD_NEW_INTERFACE, self._index("h0"), text(ATTR_IFNAME, "air0"), u32(ATTR_IFTYPE, IFTYPE_MONITOR))
        self.host.ip("link set air0 up")
        return "air0"


def repeated(frame, source):
    """True for a frame of a monitor device that an access point sends to all for `source`."""
    header = frame[int.from_bytes(frame[2:4], "little"):]  # behind radiotap
    if len(header) < 24 or header[0] & 0x0C != 0x08:  # data
        return False
    from_access_point = header[1] & 3 == 2
    return from_access_point and header[4:10] == b"\xff" * 6 and header[16:22] == mac_bytes(source)
