"""Protocols that do not leak, a runner on MOABB's evaluations, and leakage audits."""

from ._audit import audit_leakage
from ._merge import merge_results
from ._protocols import list_protocols
from ._runner import run_benchmark
from ._split_audit import audit_split
from ._summary import summarize

__all__ = [
    "audit_leakage",
    "audit_split",
    "list_protocols",
    "merge_results",
    "run_benchmark",
    "summarize",
]
