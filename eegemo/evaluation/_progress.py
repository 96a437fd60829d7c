"""A progress bar that follows the result files, whichever process writes them."""

from threading import Event, Thread

from tqdm import tqdm

_SECONDS = 0.5


class Progress:
    """Count the pairs of pipeline and subject that have results.

    Parameters
    ----------
    total : int
        How many there will be.
    label : str
    show : bool
        If false, nothing is shown and no thread is started.
    """

    def __init__(self, total, label, *, show):
        self.bar = tqdm(
            total=total, desc=label, unit="run", mininterval=0, disable=not show
        )
        self.folder = None
        self.before = 0
        self.done = Event()
        self.thread = Thread(target=self._run, daemon=True) if show else None

    def watch(self, folder, pipelines):
        """Follow another folder; what the last one held stays counted.

        Parameters
        ----------
        folder : path
        pipelines : set of str
            Fingerprints with which the names of the files that count begin.
        """
        self.before += self._count()
        self.folder, self.pipelines = folder, pipelines

    def _count(self):
        if self.folder is None:
            return 0
        names = [path.stem.split("-", 3) for path in self.folder.glob("*-*-*-*.json")]
        return len({(p, subject) for p, _, _, subject in names if p in self.pipelines})

    def _update(self):
        self.bar.update(self.before + self._count() - self.bar.n)

    def _run(self):
        while not self.done.wait(_SECONDS):
            self._update()

    def __enter__(self):
        if self.thread is not None:
            self.thread.start()
        return self

    def __exit__(self, *error):
        self.done.set()
        if self.thread is not None:
            self.thread.join()
            self._update()
        self.bar.close()
