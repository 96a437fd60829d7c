"""Scores of predicted ratings, from sums that add up over folds."""

import numpy as np

RATING_SCORES = ("ccc", "r2", "mae", "pearson", "trial_ccc")
_SUMS = ("n", "y", "p", "yy", "pp", "yp", "absolute")
_ROUNDING = 1e-12  # what it may leave of a variance that is zero, of the mean square


def predicted_ratings(predicted, X):
    """Check what a regressor predicted.

    Parameters
    ----------
    predicted : array-like of shape (n_windows,) or (n_windows, 1)
    X : array of shape (n_windows, ...)

    Returns
    -------
    predicted : array of float, shape (n_windows,)
    """
    predicted = np.asarray(predicted, float)
    if predicted.shape not in ((len(X),), (len(X), 1)):
        raise ValueError(
            f"predict gave ratings of shape {predicted.shape} for {len(X)} windows."
        )
    if not np.isfinite(predicted).all():
        raise ValueError("predict gave ratings that are NaN or infinite.")
    return predicted.reshape(len(X))


def rating_scores(y, trial, predicted):
    """All scores of a test set.

    Parameters
    ----------
    y : array of float, shape (n_windows,)
    trial : sequence of int, shape (n_windows,)
    predicted : array of float, shape (n_windows,), or None
        None if the pipeline failed.

    Returns
    -------
    scores : dict
        The scores, None where one is undefined; ``chance`` of the concordance; the sums
        they follow from, of windows and of the means of trials; ratings and predictions
        of the windows.
    """
    out = dict.fromkeys(RATING_SCORES) | {"chance": 0.0}
    out |= {"sums": None, "trial_sums": None, "y_true": y.tolist(), "y_pred": None}
    if predicted is None:
        return out
    windows = rating_sums(y, predicted)
    trials = rating_sums(*(_trial_means(values, trial) for values in (y, predicted)))
    out |= scores_of_sums(windows, trials)
    return out | {"sums": windows, "trial_sums": trials, "y_pred": predicted.tolist()}


def _trial_means(values, trial):
    _, number = np.unique(trial, return_inverse=True)
    return np.bincount(number, values) / np.bincount(number)


def rating_sums(y, predicted):
    """Sum up ratings and predictions, so that folds can be added.

    Returns
    -------
    sums : list of float
        Their number, ratings, predictions, squares of each, products, and absolute
        differences.
    """
    products = y, predicted, y * y, predicted**2, y * predicted, np.abs(y - predicted)
    return [float(len(y)), *(float(part.sum()) for part in products)]


def scores_of_sums(windows, trials):
    """Scores of ratings, from their sums.

    Parameters
    ----------
    windows, trials : array-like of shape (7,)
        From :func:`rating_sums`, added over folds.

    Returns
    -------
    scores : dict of float
        None where one is undefined: all but the mean absolute error where all ratings
        are alike, and Pearson's correlation where all predictions are.
    """
    ccc, r2, mae, pearson = _scores(windows)
    return dict(
        zip(RATING_SCORES, (ccc, r2, mae, pearson, _scores(trials)[0]), strict=True)
    )


def _scores(sums):
    sums = dict(zip(_SUMS, np.asarray(sums, float), strict=True))
    n = sums["n"]
    y, p = sums["y"] / n, sums["p"] / n
    var_y, var_p = sums["yy"] / n - y * y, sums["pp"] / n - p * p
    covariance = sums["yp"] / n - y * p
    mae = sums["absolute"] / n
    if var_y <= _ROUNDING * sums["yy"] / n:
        return None, None, mae, None
    error = (sums["yy"] - 2 * sums["yp"] + sums["pp"]) / n
    r2 = float(1 - error / var_y)
    if var_p <= _ROUNDING * sums["pp"] / n:
        return 0.0, r2, float(mae), None
    ccc = 2 * covariance / (var_y + var_p + (y - p) ** 2)
    return float(ccc), r2, float(mae), float(covariance / np.sqrt(var_y * var_p))
