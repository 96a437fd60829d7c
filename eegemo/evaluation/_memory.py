"""How much memory a piece of work takes."""

from threading import Event, Thread

from psutil import Process

_SECONDS = 0.01


class MemoryWatch:
    """Sample the resident memory of this process while a block runs.

    Attributes
    ----------
    growth : int
        Bytes by which the highest sample exceeds the one at the start. Memory that the
        process had already and used again does not count, and what other threads take
        does.
    """

    def __enter__(self):
        self._resident = Process().memory_info
        self._start = self._highest = self._resident().rss
        self._done = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def _sample(self):
        self._highest = max(self._highest, self._resident().rss)

    def _run(self):
        while not self._done.wait(_SECONDS):
            self._sample()

    def __exit__(self, *error):
        self._done.set()
        self._thread.join()
        self._sample()
        self.growth = self._highest - self._start
