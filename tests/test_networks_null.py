"""Networks in the benchmark: at chance where there is nothing, and only there."""

import pytest
from numba import config

from eegemo.datasets import SimulatedEmotion
from eegemo.evaluation import run_benchmark, summarize
from eegemo.paradigm import EmotionParadigm
from eegemo.pipelines import list_pipelines, make_named_pipeline

pytestmark = pytest.mark.skipif(config.DISABLE_JIT, reason="it would take an hour")

NETWORKS = [
    "shallow-conv-net",
    "eegnet",
    "interpretable-cnn",
    "histn",
    "ssvepnet",
    "de-mlp",
    "de-dgcnn",
    "de-rbtransformer",
    "cov-spdnet",
    "acm-spdnet",
]
CHANNELS = ["F3", "F4", "T7", "T8", "P3", "P4"]
SFREQ, WINDOW = 128, 1.0


def benchmark(names, n_epochs, **options):
    """Scores across subjects, whose clips were not seen either."""
    data = SimulatedEmotion(
        n_subjects=3,
        n_sessions=1,
        n_trials=24,
        trial_seconds=4.0,
        channels=CHANNELS,
        seed=1,
        **options,
    )
    networks = {
        name: make_named_pipeline(name, SFREQ, CHANNELS).set_params(
            network__max_epochs=n_epochs
        )
        for name in names
    }
    scores = run_benchmark(
        data,
        networks,
        paradigm=EmotionParadigm(window=WINDOW, sfreq=SFREQ),
        protocols=["cross-subject-stimulus"],
        n_splits=3,
    )
    return summarize(scores).set_index("pipeline")


def test_all_networks_are_named():
    assert set(NETWORKS) < set(list_pipelines())


def test_null_is_at_chance():
    """The bound is 3.3 standard errors, 0.1 %, of the share of right trials."""
    table = benchmark(NETWORKS, 5, effect=0.0)
    for name in NETWORKS:
        chance, n_trials = table.loc[name, ["chance", "n_trials"]]
        bound = 3.3 * (chance * (1 - chance) / n_trials) ** 0.5
        assert abs(table.loc[name, "balanced_accuracy"] - chance) < bound, name


def test_effect_is_found():
    """Else the test above could not fail. Some networks need more epochs than these."""
    names = ["shallow-conv-net", "de-mlp", "de-dgcnn", "cov-spdnet"]
    found = benchmark(names, 30, effect=3.0)["balanced_accuracy"]
    assert found[names].min() > 0.45
