"""EEG emotion recognition with scikit-learn estimators, and honest benchmarks of it."""

__version__ = "0.1.dev0"
