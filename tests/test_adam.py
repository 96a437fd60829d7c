import numpy as np

from eegemo._kernels.adam import adam_step


def test_no_subnormal_numbers_are_left():
    """Of weights that no longer have a gradient, such as those of a silent unit."""
    values, gradients = np.ones((2, 3), np.float32)
    first, second = np.zeros((2, 3), np.float32)
    hyper = 1e-3, 0.9, 0.999, 1.0, 1.0, 1e-8, 0.0
    for _ in range(1000):
        adam_step(values, gradients, first, second, hyper)
        assert not np.any((first != 0) & (np.abs(first) < np.finfo(np.float32).tiny))
        gradients[:] = 0
    assert not first.any()
