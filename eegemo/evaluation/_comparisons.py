"""Paired tests of pipelines over subjects, by MOABB's statistics.

Predicting the mean rating of the training windows scores below 0 where folds are
pooled, since it is lower where the test ratings are higher. A constant scores 0 without
looking at the EEG, so the trivial pipeline counts as 0 where it scores less.
"""

import warnings
from itertools import combinations

import numpy as np
import pandas as pd
from moabb.analysis.meta_analysis import (
    combine_effects,
    combine_pvalues,
    compute_effect,
    compute_pvals_perm,
    compute_pvals_wilcoxon,
)

from ._rating_scores import RATING_SCORES
from ._scores import main_score

MIN_SUBJECTS = 3
MIN_WILCOXON = 20  # subjects, as in MOABB
_MIN_SAMPLED = 14  # from here on MOABB draws signs at random
_PAIR = ["pipeline_1", "pipeline_2"]


def beats_trivial(sessions):
    """P-values of each pipeline against the trivial one, one-sided.

    Of ratings, against the better of the trivial one and of a constant, which scores 0.

    Parameters
    ----------
    sessions : pandas.DataFrame
        From :func:`pool_folds`.

    Returns
    -------
    p_values : dict of str to float
        Empty without the trivial pipeline, or below three subjects.
    """
    subjects = _subjects(sessions)
    if "trivial" not in subjects or not _enough(subjects):
        return {}
    p_values = _one_sided(subjects)["trivial"].drop("trivial")
    return p_values.to_dict()


def compare_pairs(sessions):
    """Compare all pairs of pipelines on the subjects whom all of them scored.

    Parameters
    ----------
    sessions : pandas.DataFrame
        From :func:`pool_folds`.

    Returns
    -------
    pairs : pandas.DataFrame
        One row per pair: ``difference``, the mean over subjects of the first one's
        main score minus the second one's; ``smd``, the same over the deviation
        of the differences; ``p_greater`` and ``p_less``, one-sided; ``p``, two-sided;
        ``p_holm``, corrected for the number of pairs; ``n_subjects``. Empty below three
        subjects or two pipelines. A pipeline without a score of some subject is left
        out. The trivial one of ratings counts as 0 where it scores less.
    """
    subjects = _subjects(sessions)
    columns = [*_PAIR, "difference", "smd", "p_greater", "p_less", "n_subjects"]
    if not _enough(subjects):
        return _two_sided(pd.DataFrame(columns=columns))
    p_values = _one_sided(subjects)
    names = list(subjects)
    effects = compute_effect(subjects, names)
    rows = [
        (
            names[i],
            names[j],
            (subjects[names[i]] - subjects[names[j]]).mean(),
            effects[i, j],
            p_values.iloc[i, j],
            p_values.iloc[j, i],
            len(subjects),
        )
        for i, j in combinations(range(len(names)), 2)
    ]
    return _two_sided(pd.DataFrame(rows, columns=columns))


def combine_pairs(of_datasets):
    """Combine the comparisons of several data sets under one protocol.

    Parameters
    ----------
    of_datasets : list of pandas.DataFrame
        From :func:`compare_pairs`, one per data set.

    Returns
    -------
    pairs : pandas.DataFrame
        As from :func:`compare_pairs`, of the pairs that two data sets or more have:
        p-values by Stouffer's method and effects as means, both weighted by the root
        of the number of subjects; ``n_datasets``; no ``difference``.
    """
    rows = []
    together = _turn_alike(pd.concat(of_datasets, ignore_index=True))
    for pair, part in together.groupby(_PAIR, sort=False):
        if len(part) > 1:
            n_subjects = part["n_subjects"].to_numpy(float)
            rows.append(
                dict(zip(_PAIR, pair, strict=True))
                | {
                    "smd": combine_effects(part["smd"].to_numpy(float), n_subjects),
                    "p_greater": combine_pvalues(part["p_greater"], n_subjects),
                    "p_less": combine_pvalues(part["p_less"], n_subjects),
                    "n_subjects": int(n_subjects.sum()),
                    "n_datasets": len(part),
                }
            )
    columns = [*_PAIR, "smd", "p_greater", "p_less", "n_subjects", "n_datasets"]
    return _two_sided(pd.DataFrame(rows, columns=columns))


def _turn_alike(pairs):
    """Turn pairs round whose pipelines came first the other way."""
    pairs = pairs.copy()
    seen = set()
    for row in pairs.itertuples():
        names = row.pipeline_1, row.pipeline_2
        if names[::-1] in seen:
            turned = {
                "pipeline_1": row.pipeline_2,
                "pipeline_2": row.pipeline_1,
                "smd": -row.smd,
                "p_greater": row.p_less,
                "p_less": row.p_greater,
            }
            pairs.loc[row.Index, list(turned)] = list(turned.values())
        else:
            seen.add(names)
    return pairs


def holm(p_values):
    """Correct p-values for their number by Holm's step-down method.

    Parameters
    ----------
    p_values : array of shape (n_tests,)
        NaN means no test.

    Returns
    -------
    corrected : array of shape (n_tests,)
    """
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values)[: np.isfinite(p_values).sum()]
    corrected = np.full(len(p_values), np.nan)
    steps = p_values[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def name_test(n_subjects):
    """Say which test so many subjects get."""
    if n_subjects >= MIN_WILCOXON:
        return "Wilcoxon's signed-rank test"
    if n_subjects >= _MIN_SAMPLED:
        return "a permutation test on 10 000 random signs of the differences"
    return "the exact permutation test on the signs of the differences"


def _subjects(sessions):
    """Tabulate main scores by subject and pipeline, as far as all subjects have it."""
    main = main_score(sessions)
    subjects = sessions.pivot_table(main, "subject", "pipeline", sort=False)
    if main == RATING_SCORES[0] and "trivial" in subjects:
        subjects["trivial"] = subjects["trivial"].clip(lower=0)
    return subjects.dropna(axis="columns")


def _enough(subjects):
    return len(subjects) >= MIN_SUBJECTS and subjects.shape[1] > 1


def _one_sided(subjects):
    """P-values that the pipeline of a row is better than that of a column.

    MOABB's own ``compute_dataset_statistics`` chooses among the same tests, but draws
    without a seed, so that 14 to 19 subjects would get other values each time.
    """
    names = list(subjects)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # equal scores give 0 / 0
        if len(subjects) < MIN_WILCOXON:
            p_values = compute_pvals_perm(subjects, names, seed=0)
        else:
            p_values = compute_pvals_wilcoxon(subjects, names)
    return pd.DataFrame(p_values, index=names, columns=names)


def _two_sided(pairs):
    least = pairs[["p_greater", "p_less"]].astype(float).min(axis=1)
    p_values = np.minimum(2 * least, 1.0)
    return pairs.assign(p=p_values, p_holm=holm(p_values))
