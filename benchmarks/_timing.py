"""Interleaved times, the bounds of the machine, and peak memory."""

import ctypes
import math
import multiprocessing
import time
from collections import namedtuple

import numpy as np

# call() gives what our function gives, or its first ``part`` rows; tolerance is the
# largest difference over the largest number, None if the results are not comparable.
Peer = namedtuple("Peer", "name call tolerance part", defaults=(1e-10, None))
# flops: the least the algorithm takes, as we count it; numbers: float64 in and out.
Case = namedtuple("Case", "ours peers flops numbers", defaults=((), 0, 0))

_LEAST = 0.05  # seconds; shorter calls are repeated, and their mean taken
_SLOW = 5.0  # seconds; longer calls have _FEW rounds
_FEW = 3
_PATIENCE = 900  # seconds to wait for the memory of a call
_M_MMAP_THRESHOLD = -3  # of malloc.h


def measure(case, n_rounds, least=_LEAST, with_memory=True):
    """Check our result against each peer's, then time all of them in turn.

    Returns
    -------
    rows : list of dict
        One for each peer, or one if there are none. Times are in seconds, in one list
        for each; "status" is "" if the peer was timed.
    """
    result = case.ours()  # compiles
    rows, calls = [], {"ours": case.ours}
    for peer in case.peers or [Peer("", None)]:
        row = {"peer": peer.name, "status": "", "difference": None, "times": []}
        rows.append(row)
        if peer.call is None:
            continue
        try:
            row["difference"] = _difference(result, peer)
        except ImportError as error:
            row["status"] = f"not installed ({error.name or error})"
            continue
        except Exception as error:  # a peer that breaks should not cost the table
            row["status"] = f"FAILS: {error!r}"
            continue
        if row["difference"] is not None and not row["difference"] <= peer.tolerance:
            row["status"] = f"DIFFERS by {row['difference']:.0e}"
            continue
        calls[peer.name] = peer.call
        row["part"] = peer.part and peer.part / len(result)
    del result
    times = _interleave(calls, n_rounds, least)
    measured = calls if with_memory else {}
    memory = {name: peak_memory(call) for name, call in measured.items()}
    for row in rows:
        row["ours"] = times["ours"]
        row["our_memory"] = memory.get("ours")
        if row["peer"] in calls:
            row["times"] = [t / (row["part"] or 1) for t in times[row["peer"]]]
            # That of a part of the windows would not compare.
            row["memory"] = None if row["part"] else memory.get(row["peer"])
    return rows


def _difference(result, peer):
    """Largest difference over the largest number; None if not comparable."""
    theirs = peer.call()
    if peer.tolerance is None:
        return None
    ours = result[: peer.part]
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def _interleave(calls, n_rounds, least):
    once = {name: clock(call, 1) for name, call in calls.items()}
    n_rounds = min(n_rounds, _FEW) if max(once.values()) > _SLOW else n_rounds
    times = {name: [] for name in calls}
    for _ in range(n_rounds):
        for name, call in calls.items():
            times[name].append(clock(call, max(1, math.ceil(least / once[name]))))
    return times


def clock(call, n_calls):
    """Mean seconds of a call."""
    start = time.perf_counter()
    for _ in range(n_calls):
        call()
    return (time.perf_counter() - start) / n_calls


def bounds(n_numbers=2**25, n_rows=2000, n_runs=5):
    """Bytes per second that a copy reads and writes, and flops per second of dgemm."""
    a, b = np.ones(n_numbers), np.empty(n_numbers)
    A = np.random.default_rng(0).standard_normal((n_rows, n_rows))
    np.copyto(b, a)  # the pages exist from now on
    copy = min(clock(lambda: np.copyto(b, a), 1) for _ in range(n_runs))
    dgemm = min(clock(lambda: A @ A, 1) for _ in range(n_runs))
    return 16 * n_numbers / copy, 2 * n_rows**3 / dgemm


def bound_of(case, copy_rate, dgemm_rate):
    """Least seconds by memory or arithmetic, whichever is longer, and its name."""
    memory, arithmetic = 8 * case.numbers / copy_rate, case.flops / dgemm_rate
    return max((memory, "copy"), (arithmetic, "dgemm"))


def peak_memory(call):
    """Peak resident bytes of a call, its result included, beyond those before it.

    It runs in a forked process, whose peak the kernel starts from its size, and where
    malloc gives every buffer back that is freed. None where there is no /proc.
    """
    try:
        ctypes.CDLL(None).malloc_trim(0)
        _status("VmRSS")
    except (AttributeError, OSError):
        return None
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)
    process = fork.Process(target=_send_peak, args=(call, there), daemon=True)
    process.start()
    found = here.recv() if here.poll(_PATIENCE) else None
    process.kill()
    process.join()
    return found


def _send_peak(call, connection):
    ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 2**16)
    before = _status("VmRSS")
    result = call()
    connection.send(_status("VmHWM") - before)
    del result


def _status(key):
    with open("/proc/self/status") as file:
        found = [line.split()[1] for line in file if line.startswith(key)]
    return 1024 * int(found[0])
