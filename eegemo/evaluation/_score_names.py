"""What scores are called where people read them."""

from ._scores import main_score

_MAIN = {  # short, long, and the axis of a plot with its limits
    "balanced_accuracy": ("bal.acc", "balanced accuracy", "share, from 0 to 1", 0.0),
    "ccc": ("ccc", "concordance (CCC)", "from -1 to 1", -1.0),
}
_OTHERS = {
    "trial_balanced_accuracy": ("trial", "trial"),
    "accuracy": ("acc", "accuracy"),
    "f1_macro": ("F1", "F1"),
    "roc_auc": ("AUC", "AUC"),
    "trial_ccc": ("trial", "trial"),
    "r2": ("R2", "R²"),
    "mae": ("MAE", "mean absolute error"),
    "pearson": ("r", "Pearson's r"),
}


def short_names(table):
    """Headings of a terminal for the scores of a table, the main one first."""
    return _names(table, 0)


def long_names(table):
    """Names of the scores of a table, the main one first."""
    return _names(table, 1)


def _names(table, which):
    main = main_score(table)
    others = {name: titles[which] for name, titles in _OTHERS.items() if name in table}
    return {main: _MAIN[main][which]} | others


def axis_of(table):
    """Name of the main score, its unit and its lowest value."""
    _, *axis = _MAIN[main_score(table)]
    return axis
