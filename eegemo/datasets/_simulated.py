"""A simulated emotion experiment: the data set that needs no download."""

import hashlib
import inspect
import json
from collections.abc import Iterable
from functools import lru_cache
from numbers import Integral, Real
from types import SimpleNamespace

import mne
import numpy as np
from scipy import fft

from ._base import RATING_CLASSES, EmotionDataset, trial_annotations
from ._head import (
    SOURCE_DEPTH,
    directions,
    falloff,
    leadfield,
    site_directions,
    standard_montage,
    unit,
)

MODEL_VERSION = 1  # to be raised when the same parameters give other data

CHANNELS = "Fp1 Fp2 F7 F3 Fz F4 F8 T7 C3 Cz C4 T8 P7 Pz P8 Oz".split()
# Sources lie under these sites, at SOURCE_DEPTH of the radius of the head.
SITES = "AF3 AF4 F7 F3 Fz F4 F8 FC1 FC2 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 O1 Oz O2".split()
COMPONENTS = ("aperiodic", "alpha", "beta", "gamma")
BETA_HZ, GAMMA_HZ = (13.0, 30.0), (30.0, 45.0)
ALPHA_HZ, ALPHA_SPREAD_HZ, ALPHA_WIDTH_HZ = 10.0, 1.5, 1.0
LOWEST_HZ = 0.5  # the aperiodic spectrum is flat below
MIN_SFREQ = 100.0  # keeps the gamma band below the Nyquist frequency
REST_SECONDS = 2.0

# Root mean square in microvolts under the source, before any effect.
APERIODIC_UV, BETA_UV, GAMMA_UV, SENSOR_UV = 7.0, 2.5, 1.6, 1.0
ALPHA_FRONT_UV, ALPHA_BACK_UV = 4.0, 9.0

# Sizes at an effect of 1. Gains are natural logarithms of amplitude.
VALENCE_GAIN, AROUSAL_GAIN, ASYMMETRY_GAIN, COUPLING = 0.3, 0.15, 0.2, 1.3
MAX_COUPLING = 0.98
RESPONSE_NOISE = 0.4  # trial by trial, relative to the distance of the classes
RATING_MIDDLE, RATING_GAIN = 5.0, 2.0
RESPONSE_SPREAD = 0.25  # between subjects, log-normal
TRIAL_GAIN, CLIP_GAIN, SESSION_GAIN, SUBJECT_GAIN = 0.2, 0.1, 0.1, 0.45
CAP_SHIFT, SOURCE_SHIFT = 0.04, 0.1  # radii
EXPONENT, EXPONENT_SPREAD = 1.1, 0.15

BLINKS_PER_MINUTE, BLINK_SECONDS, BLINK_UV = 12.0, 0.35, (100.0, 200.0)
BURSTS_PER_MINUTE, BURST_SECONDS, BURST_UV = 4.0, (0.3, 1.5), (4.0, 15.0)
MUSCLE_HZ = (20.0, 60.0)
MUSCLE_SITES = ("F7", "F8", "T7", "T8")

# Sources that drive, and those that follow by a quarter of a cycle.
DRIVERS = [SITES.index(site) for site in ("F3", "P3", "O1", "C4")]
FOLLOWERS = [SITES.index(site) for site in ("P4", "C3", "Fz", "O2")]

AFFECT = {  # number of classes: class: (valence, arousal)
    2: dict(negative=(-1.0, 0.5), positive=(1.0, 0.5)),
    3: dict(negative=(-1.0, 0.5), neutral=(0.0, -1.0), positive=(1.0, 0.5)),
    4: dict(neutral=(0.0, -1.0), sad=(-1.0, -0.2), fear=(-0.7, 0.7), happy=(1.0, 0.5)),
}
STREAMS = "label clip order subject session trial response signal artefact".split()


class SimulatedEmotion(EmotionDataset):
    """Simulated EEG of people who watch film clips, session after session.

    All subjects see the same clips in every session, in an order of their own, and each
    clip has one emotion. Trials are also rated for valence and arousal from 1 to 9, by
    how strongly the subject responded to the clip that time. The effects say how
    strongly the signals depend on the emotion and on the confounds of this field: the
    trial, the clip, the session, the subject.

    Parameters
    ----------
    n_subjects : int, default=8
        Number of subjects; the data of one do not depend on how many there are.
    n_sessions : int, default=2
        Number of sessions of each subject.
    n_trials : int, default=12
        Number of clips, one trial each in a session. Classes are balanced
        to within one.
    trial_seconds : float, default=20.0
        Length of a clip in seconds, at least 1.
    channels : sequence of str, default=None
        Electrode names of the 10-05 system; None means 16 of them.
    sfreq : float, default=128.0
        Sampling frequency in Hz, at least 100.
    n_classes : int, default=3
        Number of emotions. Two are negative and positive, three add neutral, four are
        neutral, sad, fear and happy, and more are numbered.
    effect : float, default=1.0
        Factor (no unit, like all effects) of the three effects of emotion that follow.
        At 0 the signals do not depend on the labels at all.
    power_effect : float, default=1.0
        How strongly emotion changes the power of sources.
    asymmetry_effect : float, default=1.0
        How strongly emotion shifts alpha power between the frontal sides.
    coupling_effect : float, default=1.0
        How strongly emotion couples sources at a lag; this changes neither band power
        nor zero-lag covariance.
    clip_effect : float, default=0.0
        Size of a clip's signature, the same for everyone and unrelated to its emotion.
        At 3 it makes new subjects easy and new clips hard even without ``effect``.
    trial_effect : float, default=1.0
        Size of a trial's signature, unrelated to emotion: what leaks when windows of
        one trial are on both sides of a split.
    session_effect : float, default=1.0
        How much source gains and the place of the cap differ between sessions.
    subject_effect : float, default=1.0
        How much sources, spectra and responses to emotion differ between subjects.
    seed : int, default=0
        Seed of everything random, not negative.

    Notes
    -----
    Recordings are in volts, relative to the mean over the head. Gains are constant
    within a trial; 2 s of rest before, between and after trials carry the transitions.

    *Sources*: dipoles, close to radial, in a homogeneous conducting sphere. They lie
    deeper than cortex does, which approximates the blur of the skull [1]_. Each is 1/f
    noise [2]_ plus beta (13-30 Hz), gamma (30-45 Hz) and narrow-band alpha, strongest
    at the back and at a frequency of the subject's own [3]_, 8.5 to 11.5 Hz by default.

    *Emotion*: temporal beta and gamma power rises with valence [4]_, posterior alpha
    falls with arousal, and frontal alpha moves to the right with valence [5]_. Four
    sources drive four others in alpha, a quarter of a cycle ahead or behind by class:
    this shows in the imaginary part of coherency [6]_ and in delayed covariances only.
    Responses vary between subjects and trials; ratings are 5 plus twice what a trial
    adds to valence and arousal, whatever the effects.

    *Signatures*: random log-gains of every source and component.

    *Artefacts*, independent of emotion: blinks of 100 to 200 microvolts at Fpz, bursts
    of muscles at the sides of the head, 20-60 Hz [7]_, and 1 microvolt of sensor noise.

    References
    ----------
    .. [1] Berg and Scherg, "A fast method for forward computation of multiple-shell
       spherical head models", Electroencephalogr. Clin. Neurophysiol., 1994.
    .. [2] Donoghue et al., "Parameterizing neural power spectra into periodic and
       aperiodic components", Nature Neuroscience, 2020.
    .. [3] Klimesch, "EEG alpha and theta oscillations reflect cognitive and memory
       performance: a review and analysis", Brain Research Reviews, 1999.
    .. [4] Zheng and Lu, "Investigating critical frequency bands and channels for
       EEG-based emotion recognition with deep neural networks", IEEE TAMD, 2015.
    .. [5] Davidson, "Anterior cerebral asymmetry and the nature of emotion", Brain and
       Cognition, 1992.
    .. [6] Nolte et al., "Identifying true brain interaction from EEG data using the
       imaginary part of coherency", Clinical Neurophysiology, 2004.
    .. [7] Goncharova et al., "EMG contamination of EEG: spectral and topographical
       characteristics", Clinical Neurophysiology, 2003.

    Examples
    --------
    >>> from eegemo.datasets import SimulatedEmotion
    >>> dataset = SimulatedEmotion(n_subjects=2, n_sessions=1, n_trials=3)
    >>> raw = dataset.get_data([1])[1]["0"]["0"]
    >>> raw.get_data().shape
    (16, 8704)
    >>> sorted(raw.annotations.description.tolist())
    ['negative', 'neutral', 'positive']
    """

    def __init__(
        self,
        n_subjects=8,
        n_sessions=2,
        n_trials=12,
        trial_seconds=20.0,
        channels=None,
        sfreq=128.0,
        n_classes=3,
        effect=1.0,
        power_effect=1.0,
        asymmetry_effect=1.0,
        coupling_effect=1.0,
        clip_effect=0.0,
        trial_effect=1.0,
        session_effect=1.0,
        subject_effect=1.0,
        seed=0,
    ):
        self.n_subjects = _check_count("n_subjects", n_subjects, 1)
        self.n_sessions = _check_count("n_sessions", n_sessions, 1)
        self.n_classes = _check_count("n_classes", n_classes, 2)
        self.n_trials = _check_count("n_trials", n_trials, self.n_classes)
        self.trial_seconds = _check_number("trial_seconds", trial_seconds, 1.0)
        self.channels = _check_channels(channels)
        self.sfreq = _check_number("sfreq", sfreq, MIN_SFREQ)
        self.effect = _check_number("effect", effect, 0.0)
        self.power_effect = _check_number("power_effect", power_effect, 0.0)
        self.asymmetry_effect = _check_number("asymmetry_effect", asymmetry_effect, 0.0)
        self.coupling_effect = _check_number("coupling_effect", coupling_effect, 0.0)
        self.clip_effect = _check_number("clip_effect", clip_effect, 0.0)
        self.trial_effect = _check_number("trial_effect", trial_effect, 0.0)
        self.session_effect = _check_number("session_effect", session_effect, 0.0)
        self.subject_effect = _check_number("subject_effect", subject_effect, 0.0)
        self.seed = _check_count("seed", seed, 0)
        classes = tuple(_affect(self.n_classes))
        super().__init__(
            subjects=range(1, self.n_subjects + 1),
            n_sessions=self.n_sessions,
            code=f"SimulatedEmotion-{_digest(self.parameters)}",
            tasks={
                "emotion": classes,
                "valence": RATING_CLASSES,
                "arousal": RATING_CLASSES,
            },
            events={name: i for i, name in enumerate(classes, start=1)},
            trial_seconds=self.trial_seconds,
            sfreq=self.sfreq,
        )

    @property
    def parameters(self):
        """All parameters, with the channels by name; ``code`` carries their hash."""
        names = list(inspect.signature(SimulatedEmotion.__init__).parameters)[1:]
        return {name: getattr(self, name) for name in names}

    def data_path(self, subject, *args, **kwargs):
        """Return no path, as the recordings are generated.

        Parameters
        ----------
        subject : int
            One of ``subject_list``.
        *args, **kwargs : object
            Not used; MOABB passes them.

        Returns
        -------
        paths : list
            Empty.
        """
        return []

    def _get_single_subject_data(self, subject):
        person = self._draw_person(subject)
        return {
            str(session): {"0": self._record(subject, session, person)}
            for session in range(self.n_sessions)
        }

    def _rng(self, stream, *index):
        """Make the generator of one stream, independent of all others."""
        key = (STREAMS.index(stream), *index)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def _clip_labels(self):
        """Assign a class to every clip, balanced to within one."""
        balanced = np.arange(self.n_trials) % self.n_classes
        return self._rng("label").permutation(balanced)

    def _draw_person(self, subject):
        """Draw what stays the same in all sessions of a subject."""
        rng, effect = self._rng("subject", subject), self.subject_effect
        sites = directions(SITES)
        shift = SOURCE_SHIFT * effect * rng.standard_normal(sites.shape)
        tilt = 2 * SOURCE_SHIFT * effect * rng.standard_normal(sites.shape)
        gain = (
            SUBJECT_GAIN * effect * rng.standard_normal((len(COMPONENTS), len(SITES)))
        )
        alpha_hz = ALPHA_HZ + ALPHA_SPREAD_HZ * effect * rng.uniform(-1, 1)
        exponent = EXPONENT + EXPONENT_SPREAD * effect * rng.standard_normal()
        return SimpleNamespace(
            positions=SOURCE_DEPTH * unit(sites + shift),
            moments=unit(sites + shift + tilt),
            gain=gain,
            alpha_hz=np.clip(alpha_hz, 7.0, 13.0),
            exponent=max(exponent, 0.2),
            response=np.exp(RESPONSE_SPREAD * effect * rng.standard_normal(3)),
        )

    def _record(self, subject, session, person):
        """Simulate the recording of one session."""
        order = self._rng("order", subject, session).permutation(self.n_trials)
        gain = self._fingerprints(subject, session, order) + person.gain[..., None]
        felt = self._feel(subject, session, order)
        response = self._respond(felt, person)
        gain += np.einsum("tp,pcs->cst", response[:, :3], _patterns())
        rng = self._rng("session", subject, session)
        shape = (len(COMPONENTS), len(SITES), 1)
        gain += SESSION_GAIN * self.session_effect * rng.standard_normal(shape)
        shift = CAP_SHIFT * self.session_effect * rng.standard_normal(3)
        electrodes = directions(self.channels)
        electrodes = unit(electrodes + np.cross(shift, electrodes))  # a small turn

        sources = self._sources(subject, session, person, gain, response[:, 3:])
        data = leadfield(electrodes, person.positions, person.moments) @ sources
        rng = self._rng("artefact", subject, session)
        n_times = data.shape[1]
        data += SENSOR_UV * rng.standard_normal(data.shape, dtype=np.float32)
        data += _blinks(rng, electrodes, n_times, self.sfreq)
        data += _muscle(rng, electrodes, n_times, self.sfreq)
        return self._as_raw(data, order, felt)

    def _fingerprints(self, subject, session, order):
        """Draw log gains that tell trials and clips apart, whatever the emotion."""
        shape = (len(COMPONENTS), len(SITES))
        rng = self._rng("trial", subject, session)
        trial = rng.standard_normal((*shape, self.n_trials))
        clip = [self._rng("clip", c).standard_normal(shape) for c in order]
        clip = CLIP_GAIN * self.clip_effect * np.stack(clip, axis=-1)
        return TRIAL_GAIN * self.trial_effect * trial + clip

    def _feel(self, subject, session, order):
        """Draw what each trial does to each pattern, (n_trials, n_patterns)."""
        codes = _codes(self.n_classes)[self._clip_labels()[order]]
        rng = self._rng("response", subject, session)
        return codes + RESPONSE_NOISE * rng.standard_normal(codes.shape)

    def _respond(self, felt, person):
        """Compute how much each trial excites each pattern, (n_trials, n_patterns)."""
        effects = [self.power_effect, self.asymmetry_effect, self.coupling_effect]
        strength = self.effect * np.array(effects) * person.response
        return felt * np.repeat(strength, [2, 1, len(DRIVERS)])

    def _sources(self, subject, session, person, gain, coupling):
        """Simulate the sources in microvolts, (n_sources, n_times)."""
        rng = self._rng("signal", subject, session)
        rest, length = self._samples()
        weight = _trial_weights(self.n_trials, rest, length)
        n_times, n = weight.shape[1], len(SITES)
        n_fft = fft.next_fast_len(n_times, real=True)
        f = fft.rfftfreq(n_fft, 1 / self.sfreq)
        spectra = (
            np.maximum(f, LOWEST_HZ) ** (-person.exponent / 2) * (f > 0),
            np.exp(-0.25 * ((f - person.alpha_hz) / ALPHA_WIDTH_HZ) ** 2),
            (f >= BETA_HZ[0]) & (f < BETA_HZ[1]),
            (f >= GAMMA_HZ[0]) & (f < GAMMA_HZ[1]),
        )
        sources = np.zeros((n, n_times), dtype=np.float32)
        amplitude = (_levels()[..., None] * np.exp(gain)).astype(np.float32)
        strength = MAX_COUPLING * np.tanh(COUPLING * coupling.T).astype(np.float32)
        for i, name in enumerate(COMPONENTS):
            noise = _coloured(rng, spectra[i], n, n_fft)
            signal = fft.irfft(noise, n_fft)[:, :n_times]
            if name == "alpha":
                _couple(signal, noise, strength @ weight, n_fft)
            sources += (amplitude[i] @ weight) * signal
        return sources

    def _samples(self):
        """Return the lengths of a rest and of a trial, in samples."""
        return round(REST_SECONDS * self.sfreq), round(self.trial_seconds * self.sfreq)

    def _as_raw(self, data, order, felt):
        info = mne.create_info(list(self.channels), self.sfreq, "eeg")
        info.set_montage(standard_montage())
        raw = mne.io.RawArray(data.astype(np.float64) * 1e-6, info, verbose="error")
        rest, length = self._samples()
        onsets = (rest + (rest + length) * np.arange(self.n_trials)) / self.sfreq
        names = [self.tasks["emotion"][label] for label in self._clip_labels()[order]]
        facts = [
            {"trial": trial, "stimulus": f"clip{clip:02d}", "emotion": name}
            | {"valence": valence, "arousal": arousal}
            for trial, (clip, name, (valence, arousal)) in enumerate(
                zip(order, names, _ratings(felt), strict=True)
            )
        ]
        durations = np.full(self.n_trials, length / self.sfreq)
        return raw.set_annotations(trial_annotations(onsets, durations, names, facts))


def _ratings(felt):
    """Rate valence and arousal, (n_trials, 2)."""
    rated = RATING_MIDDLE + RATING_GAIN * felt[:, :2]
    return np.clip(rated, 1, 9).tolist()


def _affect(n_classes):
    """Return the valence and arousal of each class, by name."""
    spread = np.linspace(-1.0, 1.0, n_classes)
    default = {f"emotion{i}": (v, np.cos(np.pi * v)) for i, v in enumerate(spread)}
    return AFFECT.get(n_classes, default)


def _codes(n_classes):
    """Return what classes do to valence, arousal, asymmetry and each coupled pair."""
    valence, arousal = np.transpose(list(_affect(n_classes).values()))
    turn = np.arange(n_classes)[:, None] / n_classes
    pairs = np.cos(2 * np.pi * (turn - np.arange(len(DRIVERS)) / len(DRIVERS)))
    return np.column_stack([valence, arousal, valence, pairs])


@lru_cache(maxsize=1)
def _levels():
    """Return the amplitude of the components of the sources, (n_components, n)."""
    back = 0.5 - 0.5 * directions(SITES)[:, 1]
    alpha = ALPHA_FRONT_UV + (ALPHA_BACK_UV - ALPHA_FRONT_UV) * back
    flat = np.ones(len(SITES))
    return np.array([APERIODIC_UV * flat, alpha, BETA_UV * flat, GAMMA_UV * flat])


@lru_cache(maxsize=1)
def _patterns():
    """Return the log gains of valence, arousal and asymmetry, (3, n_components, n)."""
    x, y, _ = directions(SITES).T
    patterns = np.zeros((3, len(COMPONENTS), len(SITES)))
    temporal = np.abs(x) > 0.7
    patterns[0, 2:, temporal] = VALENCE_GAIN
    patterns[1, 1, y < -0.5] = -AROUSAL_GAIN
    frontal = (y > 0.3) & (np.abs(x) > 0.1)
    patterns[2, 1, frontal] = ASYMMETRY_GAIN * np.sign(x[frontal])
    return patterns


def _trial_weights(n_trials, rest, length):
    """Fade between trials within the rests; rows are trials, columns add to 1."""
    n_times = rest + n_trials * (rest + length)
    start = rest + (rest + length) * np.arange(n_trials)
    edges = np.ravel([start, start + length], order="F")
    t = np.arange(n_times)
    rows = [np.interp(t, edges, np.repeat(row, 2)) for row in np.eye(n_trials)]
    return np.array(rows, dtype=np.float32)


def _coloured(rng, spectrum, n, n_fft):
    """Draw Fourier coefficients of n noises of unit variance with that amplitude."""
    spectrum = np.asarray(spectrum, dtype=np.float64)
    bins = np.flatnonzero(spectrum > 1e-6 * spectrum.max())
    scale = spectrum[bins] * (n_fft / 2) / np.linalg.norm(spectrum[bins])
    parts = rng.standard_normal((n, len(bins), 2), dtype=np.float32)
    out = np.zeros((n, len(spectrum)), dtype=np.complex64)
    out[:, bins] = parts.view(np.complex64)[..., 0] * scale.astype(np.float32)
    return out


def _couple(signal, noise, strength, n_fft):
    """Let followers in the signal copy their drivers, a quarter of a cycle off.

    The copy replaces as much of the follower's own variance. It is in quadrature with
    the driver at every frequency, so neither power nor zero-lag covariance changes.
    """
    late = fft.irfft(-1j * noise[DRIVERS], n_fft)[:, : strength.shape[1]]
    own = np.sqrt(1 - strength**2)
    signal[FOLLOWERS] = own * signal[FOLLOWERS] + strength * late


def _blinks(rng, electrodes, n_times, sfreq):
    """Simulate eye blinks in microvolts, largest at Fpz."""
    width = round(BLINK_SECONDS * sfreq)
    count = rng.poisson(BLINKS_PER_MINUTE * n_times / sfreq / 60)
    train = np.zeros(n_times, dtype=np.float32)
    for start in rng.integers(0, n_times - width, count):
        train[start : start + width] += np.hanning(width) * rng.uniform(*BLINK_UV)
    return falloff(electrodes, "Fpz", 0.5)[:, None] * train


def _muscle(rng, electrodes, n_times, sfreq):
    """Simulate bursts of scalp muscles in microvolts, at the sides of the head."""
    n_fft = fft.next_fast_len(n_times, real=True)
    f = fft.rfftfreq(n_fft, 1 / sfreq)
    band = (f >= MUSCLE_HZ[0]) & (f <= min(MUSCLE_HZ[1], 0.45 * sfreq))
    noise = fft.irfft(_coloured(rng, band, len(MUSCLE_SITES), n_fft), n_fft)
    envelope = np.zeros((len(MUSCLE_SITES), n_times), dtype=np.float32)
    count = rng.poisson(BURSTS_PER_MINUTE * n_times / sfreq / 60)
    for _ in range(count):
        width = round(rng.uniform(*BURST_SECONDS) * sfreq)
        start, site = rng.integers(n_times - width), rng.integers(len(MUSCLE_SITES))
        burst = np.hanning(width) * rng.uniform(*BURST_UV)
        envelope[site, start : start + width] += burst
    topography = [falloff(electrodes, site, 0.35) for site in MUSCLE_SITES]
    return np.transpose(topography) @ (envelope * noise[:, :n_times])


def _check_count(name, value, at_least):
    if isinstance(value, bool) or not isinstance(value, Integral) or value < at_least:
        raise ValueError(f"{name} must be an integer >= {at_least}, got {value!r}")
    return int(value)


def _check_number(name, value, at_least):
    wrong = isinstance(value, bool) or not isinstance(value, Real)
    if wrong or not at_least <= value < np.inf:
        raise ValueError(f"{name} must be a finite number >= {at_least}, got {value!r}")
    return float(value)


def _check_channels(channels):
    names = CHANNELS if channels is None else channels
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ValueError(f"channels must be a sequence of names, got {channels!r}")
    names = tuple(map(str, names))
    if not names or len(set(names)) < len(names):
        raise ValueError(f"channels must be distinct names, at least one, got {names}")
    unknown = [name for name in names if name not in site_directions()]
    if unknown:
        raise ValueError(f"channels must be 10-05 electrode names, got {unknown}")
    return names


def _digest(parameters):
    text = json.dumps([MODEL_VERSION, parameters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
