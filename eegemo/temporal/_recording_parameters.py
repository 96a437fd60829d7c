"""Tell the steps inside what the windows, plain arrays, no longer say."""

from numbers import Real

from .._input import WindowInputMixin, same_rate


def tell_recording(estimator, sfreq, channels):
    """Set every ``sfreq`` and ``channels`` that is None, at any depth.

    ``sfreq`` goes by its name, whosever it is. ``channels`` may mean anything
    elsewhere, so only that of eegemo's own estimators is looked at.

    Parameters
    ----------
    estimator : estimator
        A clone of the user's, which is changed.
    sfreq : float
        Sampling rate in Hz.
    channels : list of str, or None
        Names, if they are known.

    Raises
    ------
    ValueError
        A parameter is given and says otherwise.
    """
    params = estimator.get_params()
    for name, value in params.items():
        owner, _, last = name.rpartition("__")
        if last == "sfreq":
            if value is None:
                estimator.set_params(**{name: sfreq})
            elif isinstance(value, Real) and not same_rate(value, sfreq):
                raise ValueError(
                    f"{name} of {type(estimator).__name__} is {value:.10g} Hz, but the "
                    f"trials have {sfreq:.10g} Hz: leave it out, to have it set."
                )
        elif last == "channels" and channels is not None:
            if not isinstance(params.get(owner, estimator), WindowInputMixin):
                continue
            if value is None:
                estimator.set_params(**{name: channels})
            # fewer may be those that a step before has chosen
            elif len(value) == len(channels) and list(value) != channels:
                raise ValueError(
                    f"{name} of {type(estimator).__name__} contradicts the Epochs, "
                    f"whose channels are {', '.join(channels)}: leave it out, to have "
                    "it set."
                )
