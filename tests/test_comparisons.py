"""Paired tests of pipelines against their definitions."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm, wilcoxon

from eegemo.evaluation._comparisons import (
    beats_trivial,
    combine_pairs,
    compare_pairs,
    holm,
    name_test,
)


def sessions(n_subjects, pipelines=("trivial", "a", "b"), seed=0):
    """One session a subject; the scores of the trivial one are constant."""
    rng = np.random.default_rng(seed)
    scores = {name: rng.uniform(0.4, 0.9, n_subjects) for name in pipelines}
    if "trivial" in scores:
        scores["trivial"][:] = 0.5
    return pd.DataFrame(
        [
            {
                "pipeline": name,
                "subject": str(i),
                "session": "0",
                "balanced_accuracy": x,
            }
            for name, own in scores.items()
            for i, x in enumerate(own)
        ]
    )


def difference(table, first, second):
    scores = table.pivot(index="subject", columns="pipeline")["balanced_accuracy"]
    return (scores[first] - scores[second]).to_numpy()


def exact(d):
    """Share of the signs under which the mean is at least the one observed."""
    signs = np.array(list(product([1, -1], repeat=len(d))))
    return (signs @ d >= d.sum() - 1e-12).mean()


def test_few_subjects_get_the_exact_permutation_test():
    table = sessions(7)
    pairs = compare_pairs(table)
    names = list(zip(pairs["pipeline_1"], pairs["pipeline_2"], strict=True))
    assert names == [("trivial", "a"), ("trivial", "b"), ("a", "b")]
    for row in pairs.itertuples():
        d = difference(table, row.pipeline_1, row.pipeline_2)
        assert row.difference == pytest.approx(d.mean())
        assert row.smd == pytest.approx(d.mean() / d.std(ddof=1))
        assert (row.p_greater, row.p_less) == (exact(d), exact(-d))
        assert row.p == min(1, 2 * min(exact(d), exact(-d)))
    assert_array_equal(pairs["p_holm"], holm(pairs["p"]))
    assert "exact permutation" in name_test(7)
    one_sided = beats_trivial(table)
    assert one_sided == {"a": pairs["p_less"][0], "b": pairs["p_less"][1]}


def test_more_subjects_get_drawn_signs_always_the_same():
    """MOABB draws 10 000; four standard errors of a share at a half are 0.02."""
    table = sessions(14)
    first = compare_pairs(table)
    np.random.default_rng().random()
    pd.testing.assert_frame_equal(first, compare_pairs(table))
    for row in first.itertuples():
        d = difference(table, row.pipeline_1, row.pipeline_2)
        assert row.p_greater == pytest.approx(exact(d), abs=0.02)
    assert "random signs" in name_test(14)


def test_many_subjects_get_wilcoxon():
    table = sessions(25)
    for row in compare_pairs(table).itertuples():
        d = difference(table, row.pipeline_1, row.pipeline_2)
        assert row.p == pytest.approx(wilcoxon(d).pvalue)
    assert "Wilcoxon" in name_test(20)


@pytest.mark.parametrize("n_subjects, pipelines", [(2, "ab"), (5, "a")])
def test_nothing_to_compare(n_subjects, pipelines):
    pairs = compare_pairs(sessions(n_subjects, pipelines))
    assert pairs.empty and {"p", "p_holm"} < set(pairs)
    assert beats_trivial(sessions(n_subjects, pipelines)) == {}


def test_without_the_trivial_baseline():
    assert beats_trivial(sessions(5, "ab")) == {}
    assert len(compare_pairs(sessions(5, "ab"))) == 1


def test_equal_pipelines_do_not_differ():
    table = sessions(5)
    table.loc[table["pipeline"] == "a", "balanced_accuracy"] = 0.5
    row = compare_pairs(table).iloc[0]
    assert row["difference"] == row["smd"] == 0 and row["p"] == 1


def test_pipeline_without_a_subject_is_left_out():
    table = sessions(5)
    table.loc[table.query("pipeline == 'a'").index[0], "balanced_accuracy"] = np.nan
    pairs = compare_pairs(table)
    assert pairs[["pipeline_1", "pipeline_2"]].values.tolist() == [["trivial", "b"]]
    assert pairs["n_subjects"].tolist() == [5]


def test_order_of_pipelines_is_that_of_the_rows():
    pairs = compare_pairs(sessions(4, ("z", "trivial", "a")))
    assert pairs["pipeline_1"].tolist() == ["z", "z", "trivial"]


def test_data_sets_are_combined_by_stouffer():
    parts = [
        compare_pairs(sessions(6)),
        compare_pairs(sessions(9, seed=1)),
        compare_pairs(sessions(4, ("trivial", "b"))),
    ]
    combined = combine_pairs(parts)
    assert combined["n_datasets"].tolist() == [2, 3, 2]
    assert combined["n_subjects"].tolist() == [15, 19, 15]
    p = np.array([part["p_greater"][0] for part in parts[:2]])
    weights = np.sqrt([6, 9])
    z = weights @ norm.isf(p) / np.sqrt(weights @ weights)
    assert combined["p_greater"][0] == pytest.approx(norm.sf(z))
    smd = [part["smd"][0] for part in parts[:2]]
    assert combined["smd"][0] == pytest.approx(weights @ smd / weights.sum())
    assert combine_pairs(parts[:1]).empty


def test_order_of_pipelines_may_differ_between_data_sets():
    first, second = sessions(6, "ab"), sessions(9, "ab", seed=1)
    turned = second.iloc[::-1]
    assert compare_pairs(turned)["pipeline_1"].tolist() == ["b"]
    pd.testing.assert_frame_equal(
        combine_pairs([compare_pairs(first), compare_pairs(turned)]),
        combine_pairs([compare_pairs(first), compare_pairs(second)]),
    )


def test_holm_by_its_steps():
    """The least p times all, the next times one less, and so on."""
    assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert_array_equal(holm([0.4, np.nan, 0.5]), [0.8, np.nan, 0.8])
    assert_array_equal(holm([0.9, 0.8]), [1.0, 1.0])
    assert len(holm([])) == 0


def test_holm_keeps_the_rate_of_any_error():
    """Under the null, some p below 5 % in 5 % of families; four standard errors."""
    p = np.random.default_rng(0).uniform(size=(2000, 6))
    share = np.mean([(holm(family) < 0.05).any() for family in p])
    assert abs(share - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 2000)
