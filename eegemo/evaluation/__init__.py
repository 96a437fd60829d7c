"""Protocols that do not leak, their runner on MOABB, leakage audits and a report."""

from ._audit import audit_leakage
from ._merge import merge_results
from ._pooling import subject_scores
from ._protocols import list_protocols
from ._report import make_report
from ._runner import run_benchmark
from ._split_audit import audit_split
from ._summary import summarize

__all__ = [
    "audit_leakage",
    "audit_split",
    "list_protocols",
    "make_report",
    "merge_results",
    "run_benchmark",
    "subject_scores",
    "summarize",
]
