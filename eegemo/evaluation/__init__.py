"""Protocols that do not leak, a runner on MOABB's evaluations, and leakage audits."""

from ._audit import audit_leakage
from ._protocols import list_protocols
from ._runner import run_benchmark
from ._split_audit import audit_split
from ._summary import summarize

__all__ = [
    "audit_leakage",
    "audit_split",
    "list_protocols",
    "run_benchmark",
    "summarize",
]
