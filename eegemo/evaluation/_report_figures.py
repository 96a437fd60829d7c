"""The figures of a report."""

import base64
import io
import warnings

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from ._score_names import axis_of
from ._scores import main_score

_STYLE = [
    "default",  # not the user's own, so that everybody gets the same page
    {
        "font.size": 9,
        "text.parse_math": False,  # a pipeline may be called "$x$"
        "svg.hashsalt": "eegemo",
        "svg.fonttype": "path",
    },
]
_POINT, _TRIVIAL = "#0072B2", "#E69F00"  # of Okabe and Ito's colour-blind safe palette
_HEIGHT = 0.3  # of the band that holds the points of a pipeline


def plot_subjects(points, summary, labels):
    """Draw each subject's score under each pipeline, with mean and interval.

    Parameters
    ----------
    points : pandas.DataFrame
        Main score by pipeline (rows) and subject (columns); NaN is not drawn.
    summary : pandas.DataFrame
        From :func:`summarize`, the rows of the same pipelines in the same order.
    labels : sequence of str
        What to write beside each row.

    Returns
    -------
    image : str
        An SVG as a data URI, always the same for the same input.
    """
    with mpl.style.context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # drawn as a box
        figure = Figure(figsize=(7.2, 1.5 + 0.5 * len(labels)), layout="constrained")
        axes = figure.add_subplot()
        _draw_lines(axes, summary)
        _draw_points(axes, points)
        _draw_means(axes, summary)
        score, unit, lowest = axis_of(summary)
        axes.set(
            xlim=(lowest - 0.01, 1.01),
            ylim=(len(labels) - 0.5, -0.5),
            xlabel=f"{score[0].upper()}{score[1:]} of windows ({unit})",
            xticks=np.linspace(lowest, 1, 11),
        )
        axes.set_yticks(range(len(labels)), labels)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color="0.9")
        axes.set_axisbelow(True)
        axes.spines[["top", "left", "right"]].set_visible(False)
        figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
        return _data_uri(figure)


def _draw_lines(axes, summary):
    """Draw what scores are compared with, from top to bottom."""
    is_trivial = summary["pipeline"] == "trivial"
    trivial = summary.loc[is_trivial, main_score(summary)]
    if trivial.notna().any():
        axes.axvline(
            trivial.iloc[0], color=_TRIVIAL, lw=4, alpha=0.8, label="trivial baseline"
        )
    chance, chance_95 = summary[["chance", "chance_95"]].iloc[0]
    axes.axvline(chance, color="black", lw=1, ls="--", label="chance")
    if np.isfinite(chance_95):
        label = "a guess exceeds this in 1 run of 20"
        axes.axvline(chance_95, color="0.35", lw=1, ls=":", label=label)


def _draw_points(axes, points):
    """Draw the subjects, each at the same height within its row."""
    n_subjects = points.shape[1]
    offsets = np.linspace(-_HEIGHT, _HEIGHT, n_subjects) if n_subjects > 1 else [0.0]
    rows = np.arange(len(points))[:, None] + np.asarray(offsets)
    axes.plot(
        points.to_numpy().ravel(),
        rows.ravel(),
        ls="",
        marker="o",
        ms=4.5 if n_subjects < 40 else 2.5,
        mfc=_POINT,
        mec="white",
        mew=0.4,
        label="one subject",
    )


def _draw_means(axes, summary):
    """Draw the mean of each pipeline and its interval."""
    mean = summary[main_score(summary)].to_numpy()
    low, high = summary["ci_low"].to_numpy(), summary["ci_high"].to_numpy()
    axes.errorbar(
        mean,
        np.arange(len(mean)),
        xerr=np.nan_to_num([mean - low, high - mean]).clip(0),
        ls="",
        marker="D",
        ms=6,
        mfc="white",
        mec="black",
        ecolor="black",
        elinewidth=1.5,
        capsize=4,
        label="mean and its 95 % interval",
    )


def _data_uri(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
