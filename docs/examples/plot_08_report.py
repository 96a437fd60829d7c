"""
How to read a report
====================

:func:`~eegemo.evaluation.make_report` writes the results of a benchmark as one HTML
page that needs no network and no other file. Here a small benchmark is run, and its
report read from top to bottom: the tables and the figure below are cut out of the page.
"""

# %%
# The benchmark
# -------------
#
# Five simulated subjects, two emotions. One pipeline is ready-made, ``cov-ts-lr``; the
# other one recentres the session of a new subject by all of its windows, without
# labels. Three protocols are asked for, one of them a wrong one, which shuffles
# windows.
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from eegemo.datasets import SimulatedEmotion
from eegemo.evaluation import make_report, run_benchmark

data = SimulatedEmotion(
    n_subjects=5, n_sessions=1, n_trials=10, n_classes=2, trial_seconds=12.0
)
with TemporaryDirectory() as folder:
    run_benchmark(
        data,
        ["cov-ts-lr", "cov-rct-transductive-ts-lr"],
        protocols=["cross-subject", "cross-subject-calibrated", "window-leaky"],
        output=folder,
    )
    make_report(folder, f"{folder}/report.html")
    page = Path(f"{folder}/report.html").read_text(encoding="utf-8")
print(f"{len(page) / 1000:.0f} kB")

# %%
# In a terminal, ``eegemo report FOLDER`` does the same. For this page, a function cuts
# a piece out of the section of a protocol; in a browser, one scrolls.


class Piece(str):
    """A piece of the report, which a notebook and this page show."""

    def _repr_html_(self):
        return f'<div style="overflow-x: auto">{self}</div>'


def cut(protocol, start, end):
    """Take what a section has from one text to the next, without what is clicked on."""
    section = re.split("<h3[^>]*>.*, task emotion</h3>", page)
    titles = re.findall("<h3[^>]*>.*, (.*), task emotion</h3>", page)
    section = section[titles.index(protocol) + 1]
    piece = start + section.split(start, 1)[1].split(end, 1)[0] + end
    return Piece(re.sub("</?button[^>]*>", "", piece).replace("sortable", "table"))


# %%
# Scores
# ------
#
# Each section begins with what the protocol does, and with what a guess would reach:
cut("cross-subject", "<p>", "</p>")

# %%
# Chance is one over the number of classes. With few trials, a guess is often above it:
# the second number is what a guess exceeds in one run of twenty. It is counted in
# trials, as the windows of one trial are no independent evidence. A mean below it says
# little.
cut("cross-subject", '<table class="sortable">', "</table>")

# %%
# The first row, ``trivial``, says the most frequent class, and does not look at the
# EEG. The score is the mean over subjects, with their standard deviation (SD) and a 95
# % confidence interval of the mean. ``p against trivial`` is of a one-sided paired test
# over subjects, beside it the same corrected by Holm's method for the number of
# pipelines.
#
# Marks
# -----
#
# Small words beside a name are what a reader has to know before the score. Those of
# this section are explained under the table:
cut("cross-subject", '<p class="marks">', "</p>")

# %%
# - ``stimulus-seen``: all subjects saw the same clips, so a classifier may have known
#   the clip. For this reason the benchmark ran ``cross-subject-stimulus`` unasked,
#   where the clips tested are new as well. That is the score to cite.
# - ``transductive``: a window's label depends on other test windows, so that the
#   pipeline is not to be compared with those that see a window at a time.
#
# In other sections stand ``calibrated``, for labelled trials of the tested subject in
# training, and ``leaky``:
cut("cross-subject-calibrated", '<p class="marks">', "</p>")

# %%
# Of folds that leak the page says, above their table, that they are no result. The
# score is there to be compared, never to be reported.
cut("window-leaky", '<p class="warning">', "</p>")

# %%
cut("window-leaky", '<table class="sortable">', "</table>")

# %%
# Each subject
# ------------
#
# Dots are subjects, each at the same height in all rows; diamonds are means with their
# interval. A mean that one subject makes is seen here, and nowhere else.
cut("cross-subject-stimulus", "<img", ">")

# %%
# Pairs of pipelines
# ------------------
#
# Is one better than the other? Intervals of means do not tell, since the same subjects
# stand behind both: the difference of each subject counts. The test is one of MOABB's,
# two-sided, and the page says when there are too few subjects for any p-value to be
# small:
cut("cross-subject-stimulus", "<h4>Pairs of pipelines</h4>", "</table>")

# %%
# Confusion
# ---------
#
# Rows are true classes, columns predicted ones; the shade is the share of the row. A
# pipeline that says one class most of the time has a dark column.
cut("cross-subject-stimulus", '<div class="matrices"', "</div>")

# %%
# Protocol and versions
# ---------------------
#
# At the end stands what is needed to run it again, and what is to be stated in a paper:
# settings, the parameters of the data, subjects, each pipeline with all its options,
# the sizes of training and test sets, and the versions of eegemo and of what it stands
# on.
settings = page.split('id="protocol"')[1]
Piece(re.search("<table.*?</table>", settings, re.DOTALL)[0])

# %%
# What was seen
# -------------
#
# From the least to the most to be trusted: folds that leak, which know the subject, the
# trial and the clip; new subjects on known clips; new subjects on new clips. The means
# of ``cov-ts-lr``, which the page has in three tables:
for protocol in ("window-leaky", "cross-subject", "cross-subject-stimulus"):
    table = cut(protocol, '<table class="sortable">', "</table>")
    row = re.search('"row" data-value="cov-ts-lr".*?class="number">(.*?)<', table, re.S)
    print(f"{protocol}: {row[1]}")

# %%
# The page itself is to be kept with the results: the same results give the same page,
# and it can be sent as it is.
