"""Fingerprints: what a stored result depends on, in a few letters."""

import inspect
import sys
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

import joblib


def digest(thing):
    """Fingerprint of anything that can be pickled: options, arrays, estimators.

    Parameters
    ----------
    thing : object

    Returns
    -------
    digest : str
        Sixteen hexadecimal digits.
    """
    try:
        return _short(joblib.hash(thing).encode())
    except Exception as error:
        raise ValueError(
            "A pipeline or parameter cannot be pickled, so its results cannot be told "
            f"from others: {error}. Use named functions instead of lambdas."
        ) from error


def digest_estimator(estimator):
    """Fingerprint of an estimator: its options, and the code that it runs.

    Pickles name classes and functions without their code. So the source of the package
    or file that defines each of them counts, and for installed packages the version.
    What was typed into a notebook or prompt has no such file: it is never the same.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    digest : str
    """
    parts = [estimator, *estimator.get_params(deep=True).values()]
    code = {_code_of(inspect.getmodule(_definition(part))) for part in parts}
    return digest([estimator, sorted(code)])


def digest_rows(X, y):
    """Fingerprint of the content, identity and label of rows, in order.

    Parameters
    ----------
    X : HoistedWindows
    y : array of str, or of float, shape (n_windows,)

    Returns
    -------
    digest : str
    """
    labels = "\x1f".join(y).encode() if y.dtype.kind == "U" else y.tobytes()
    return _short(X.digests.tobytes() + labels)


def digest_text(text):
    """Fingerprint of a text."""
    return _short(text.encode())


def _short(data):
    return blake2b(data, digest_size=8).hexdigest()


def _definition(part):
    """Return the class or function of which the code counts."""
    return part if inspect.isroutine(part) or inspect.isclass(part) else type(part)


def _code_of(module):
    """Return what stands for the code of a module: its name, if that is Python's."""
    if module is None:
        return ""
    if module.__name__.partition(".")[0] in sys.stdlib_module_names:
        return module.__name__
    file = getattr(module, "__file__", None)
    if file is None or not Path(file).is_file():
        return uuid4().hex
    return _code_of_file(module)


@lru_cache
def _code_of_file(module):
    """Return a module's package with its version, or a fingerprint of its source."""
    top = sys.modules.get(module.__name__.partition(".")[0], module)
    if {"site-packages", "dist-packages"} & set(Path(module.__file__).parts):
        return f"{top.__name__} {getattr(top, '__version__', '')}"
    package = getattr(top, "__path__", None)
    files = [Path(module.__file__)]
    if package:
        files = sorted(Path(next(iter(package))).rglob("*.py"))
    return f"{top.__name__} {_short(b''.join(path.read_bytes() for path in files))}"
