"""A head for simulations: where electrodes are, and what they see of a source."""

from functools import lru_cache

import mne
import numpy as np

SOURCE_DEPTH = 0.6  # of the radius; see the references of SimulatedEmotion


@lru_cache(maxsize=1)
def standard_montage():
    """Return MNE's montage of the 10-05 system."""
    # MNE 1.13 renamed standard_1005, and older versions do not know the new name.
    known = mne.channels.get_builtin_montages()
    name = "colin27_1005" if "colin27_1005" in known else "standard_1005"
    return mne.channels.make_standard_montage(name)


@lru_cache(maxsize=1)
def site_directions():
    """Return name: unit vector from the centre of the sphere that fits the montage."""
    positions = standard_montage().get_positions()["ch_pos"]
    xyz = np.array(list(positions.values()))
    design = np.column_stack([2 * xyz, np.ones(len(xyz))])
    centre = np.linalg.lstsq(design, (xyz**2).sum(axis=1))[0][:3]
    return dict(zip(positions, unit(xyz - centre), strict=True))


def directions(names):
    """Return the directions of sites, (n, 3)."""
    return np.array([site_directions()[name] for name in names])


def unit(vectors):
    """Scale vectors to length 1."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def leadfield(electrodes, positions, moments):
    """Compute the potential of dipoles on a homogeneous sphere of radius 1.

    It is the gradient, at the source, of the Neumann function of the sphere. The mean
    over the sphere is zero, and a source at SOURCE_DEPTH reaches about 1 above it.
    """
    gap = electrodes[:, None] - positions
    d = np.linalg.norm(gap, axis=-1)[..., None]
    along = (electrodes @ positions.T)[..., None]
    field = 2 * gap / d**3 + (electrodes[:, None] + gap / d) / (1 - along + d)
    peak = 2 / (1 - SOURCE_DEPTH) ** 2 + 1 / (1 - SOURCE_DEPTH)
    return (np.einsum("esk,sk->es", field, moments) / peak).astype(np.float32)


def falloff(electrodes, site, reach):
    """Weigh electrodes by their distance from a site, (n_channels,) float32."""
    distance = np.linalg.norm(electrodes - directions([site]), axis=1)
    return np.exp(-distance / reach).astype(np.float32)
