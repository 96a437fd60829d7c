"""The pipelines of a benchmark: by name, with their searches, as head and tail."""

import re
from collections.abc import Mapping
from functools import partial

from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, ParameterGrid

from ..metrics import concordance_scorer
from ..pipelines import list_pipelines, make_named_pipeline
from ._fingerprint import digest, digest_estimator
from ._hoist import split_head

DEFAULT_PIPELINES = ("trivial", "de-svm", "cov-mdm", "cov-ts-lr", "acm-ts-svm")
RATING_PIPELINES = ("trivial-mean", "de-ridge", "de-svr", "cov-ts-ridge")


def resolve_pipelines(pipelines, paradigm, dataset):
    """Return the pipelines by name, the trivial baseline first."""
    sfreq = paradigm.sfreq_of(dataset)
    of_ratings = not paradigm.classes_of(dataset)
    trivial = "trivial-mean" if of_ratings else "trivial"
    if pipelines is None:
        pipelines = RATING_PIPELINES if of_ratings else DEFAULT_PIPELINES
    if isinstance(pipelines, str):
        pipelines = [pipelines]
    if not isinstance(pipelines, dict):
        unknown = [name for name in pipelines if name not in list_pipelines()]
        if unknown:
            raise ValueError(
                f"Unknown pipelines {', '.join(map(str, unknown))}: choose from "
                f"{', '.join(list_pipelines())}, or pass a dict of name to estimator."
            )
        channels = paradigm.channels_of(dataset)
        make = partial(make_named_pipeline, sfreq=sfreq, channels=channels)
        others = [name for name in pipelines if name not in ("trivial", trivial)]
        pipelines = {name: make(name) for name in others}
    elif "trivial" in pipelines:
        raise ValueError(
            "The name 'trivial' is that of the baseline: give yours another name."
        )
    strings = [name for name, value in pipelines.items() if isinstance(value, str)]
    if strings:
        raise ValueError(
            f"{', '.join(strings)} should be an estimator, got a string: build "
            "ready-made pipelines by make_named_pipeline(name, sfreq)."
        )
    pipelines = {"trivial": make_named_pipeline(trivial, sfreq)} | pipelines
    is_wrong, kind = (
        (is_classifier, "classes") if of_ratings else (is_regressor, "ratings")
    )
    wrong = [name for name, pipeline in pipelines.items() if is_wrong(pipeline)]
    if wrong:
        raise ValueError(
            f"{', '.join(wrong)} predict {kind}, but the target of the paradigm is "
            f"{'ratings' if of_ratings else 'classes'}: choose other pipelines, or "
            "another target."
        )
    return pipelines


def with_searches(pipelines, param_grid, of_ratings):
    """Replace the pipelines that have a grid by searches of it."""
    scoring = concordance_scorer if of_ratings else "balanced_accuracy"
    unknown = [name for name in param_grid if name not in pipelines]
    if unknown:
        raise ValueError(
            f"param_grid names {', '.join(unknown)}, which are not run: the pipelines "
            f"are {', '.join(pipelines)}."
        )
    searches = {}
    for name, grid in param_grid.items():
        known = pipelines[name].get_params(deep=True)
        try:
            ParameterGrid(grid)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"The grid of {name} should map parameters to lists of values, such as "
                f'{{"svm__C": [0.1, 1]}}, got {grid!r}: {error}'
            ) from error
        if "cv" in known:
            raise ValueError(
                f"{name} is a search itself: give it the grid, and none in param_grid."
            )
        for part in [grid] if isinstance(grid, Mapping) else grid:
            wrong = [key for key in part if key not in known]
            if wrong:
                raise ValueError(
                    f"{name} has no parameter {', '.join(wrong)}: choose from "
                    f"{', '.join(sorted(known))}."
                )
        searches[name] = GridSearchCV(pipelines[name], grid, scoring=scoring)
    return pipelines | searches


def plan(pipelines, hoist):
    """Split the pipelines; equal heads are shared.

    Returns
    -------
    heads : dict of str to transformer or None
    tails : dict of str to (tail, key of its head, fingerprint of the whole)
    """
    heads, tails = {}, {}
    for name, pipeline in pipelines.items():
        head, tail = split_head(pipeline) if hoist else (None, pipeline)
        key = "windows" if head is None else digest([step for _, step in head.steps])
        heads[key] = head
        tails[name] = tail, key, digest([name, digest_estimator(pipeline)])
    return heads, tails


def describe(estimator):
    """Return the whole representation of an estimator, the same in each process."""
    whole = isinstance(estimator, BaseEstimator)
    text = estimator.__repr__(N_CHAR_MAX=10**9) if whole else repr(estimator)
    return re.sub(" at 0x[0-9a-f]+", "", text)
