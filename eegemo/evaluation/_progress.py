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
        pipelines : sequence of str
            Their fingerprints, which name the folders of the results that count.
        """
        self.before += self._count()
        self.folder, self.pipelines = folder, pipelines

    def _count(self):
        if self.folder is None:
            return 0
        return len(
            {
                (pipeline, path.stem.split("-", 2)[2])
                for pipeline in self.pipelines
                for path in (self.folder / pipeline).glob("*-*-*.json")
            }
        )

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
