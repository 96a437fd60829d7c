"""Networks train alike, compiled and interpreted, but for rounding in float32."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import config
from numpy.testing import assert_allclose
from sklearn.base import clone
from test_networks import NETWORKS, data

SCRIPT = """
import sys
import numpy as np
from sklearn.base import clone
from test_networks import NETWORKS, data
found = {}
for estimator in NETWORKS:
    X, y = data(estimator, 6, 24)
    short = clone(estimator).set_params(max_epochs=2).fit(X, y)
    found[type(estimator).__name__] = short.predict_proba(X)
    found[type(estimator).__name__ + " losses"] = short.loss_curve_
np.savez(sys.argv[1], **found)
"""


@pytest.mark.skipif(config.DISABLE_JIT, reason="this is the compiled side")
def test_interpreted_networks_predict_alike(tmp_path):
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    env = {**os.environ, "PYTHONPATH": path, "NUMBA_DISABLE_JIT": "1"}
    file = str(tmp_path / "found.npz")
    subprocess.run([sys.executable, "-c", SCRIPT, file], env=env, check=True)
    interpreted = np.load(file)
    for estimator in NETWORKS:
        X, y = data(estimator, 6, 24)
        compiled = clone(estimator).set_params(max_epochs=2).fit(X, y)
        name = type(estimator).__name__
        # The first loss is of the same weights. A step of Adam is of one size, however
        # small the gradient: where it is zero but for rounding, before batch
        # normalisation, its sign differs, and the weight by twice the learning rate.
        losses = interpreted[f"{name} losses"]
        assert_allclose(compiled.loss_curve_[0], losses[0], rtol=1e-5, err_msg=name)
        assert_allclose(compiled.loss_curve_[1], losses[1], rtol=1e-3, err_msg=name)
        assert_allclose(
            compiled.predict_proba(X), interpreted[name], atol=4e-3, err_msg=name
        )
