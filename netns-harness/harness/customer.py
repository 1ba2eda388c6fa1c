"""A guest that binds, renews and releases on and on, and knows what it has: the truth that the kernel's table is held against."""

import random
import threading

from .rtnetlink import ADDRESS_GROUPS, until_answered


class Customer:
    def __init__(self, world, link, seed):
        self.world, self.link = world, link
        self.client = world.raw_guest(link).client(f"raw-{link}")
        self.is_bound = False
        self.done, self.failure = 0, None
        self._random = random.Random(f"{seed} {link}")
        self._may_run, self._turn = threading.Event(), threading.Lock()
        self._is_paused, self._is_stopped = False, False
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"customer on {link}")
        self._thread.start()

    def _run(self):
        while True:
            self._may_run.wait()
            with self._turn:
                if self._is_stopped:
                    return
                try:
                    self._step()
                except BaseException as failure:  # shown by settle()
                    self.failure = failure
                    return
            self.done += 1

    def _step(self):
        if not self.is_bound:
            until_answered(self.client.discover, self.client.wait_offer, seconds=1)
            until_answered(self.client.request, self.client.wait_ack, seconds=1)
            self.is_bound = True
        elif self._random.random() < 0.7:
            self._renew()
        else:
            self.client.release()
            self.is_bound = False

    def _renew(self):
        until_answered(self.client.renew, self.client.wait_ack, seconds=1)

    def resume(self):
        self._may_run.set()
        if self._is_paused:
            self._is_paused = False
            self._turn.release()

    def pause(self):
        """Afterwards it is between two steps."""
        self._may_run.clear()
        self._turn.acquire()
        self._is_paused = True

    def settle(self):
        """While it pauses. Afterwards the kernel has what it has: what it released while nobody listened it releases again."""
        assert not self.failure, self.failure
        kernel, address = self.world.kernel, self.client.address
        if self.is_bound:
            kernel.wait_address(self.link, address)
            self._renew()
        elif address:
            until_answered(self.client.release, lambda timeout: kernel.wait_gone(self.link, address, timeout) or True, seconds=1)
        wanted = [address] if self.is_bound else []
        kernel.wait(lambda: kernel.learned(self.link) == wanted, 30, f"{self.link} has {wanted} and no more", ADDRESS_GROUPS)

    def close(self):
        self._is_stopped = True
        self.resume()
        self._thread.join(60)
