"""What a benchmark scores under permuted labels, and what that says of the truth."""

import numpy as np

from ._pooling import RUN, pool_folds, subject_means
from ._scores import main_score


def subject_scores(scores):
    """Return the main score of each subject whose sessions could be scored.

    Parameters
    ----------
    scores : pandas.DataFrame
        The rows of one run.

    Returns
    -------
    scores : dict of dict of float
        By pipeline, then subject.
    """
    means = {name: {} for name in scores["pipeline"].unique()}
    of_subjects = subject_means(pool_folds(scores))
    for (name, subject), score in of_subjects[main_score(scores)].items():
        means[name][str(subject)] = float(score)
    return means


def permuted_scores(attrs, run):
    """Return what the protocol of a benchmark holds of permuted labels.

    Parameters
    ----------
    attrs : dict
        Of the table of scores.
    run : tuple of str
        Data set, protocol and task.

    Returns
    -------
    permuted : dict of list
        By pipeline, what :func:`subject_scores` found in each permutation.
    """
    for known in attrs.get("runs", ()):
        if tuple(known[key] for key in RUN) == run:
            return known.get("permuted", {})
    return {}


def permutation_means(permuted):
    """Mean over subjects of each permutation, of one pipeline.

    Parameters
    ----------
    permuted : list of dict
        From :func:`subject_scores`, of each permutation.

    Returns
    -------
    means : list of float
        Without those in which no subject could be scored.
    """
    return [float(np.mean(list(scores.values()))) for scores in permuted if scores]


def p_permutation(score, permuted):
    """Share of permutations, and the truth, that score at least as high.

    Parameters
    ----------
    score : float
    permuted : list of dict

    Returns
    -------
    p_value : float
        NaN without a score or permutations.
    """
    means = permutation_means(permuted)
    if np.isnan(score) or not means:
        return np.nan
    n_as_high = sum(other >= score - 1e-12 for other in means)  # equal but rounded
    return (1 + n_as_high) / (1 + len(means))
