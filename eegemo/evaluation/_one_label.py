"""Rows of test subjects who have one label each, such as a diagnosis."""


def join_subjects(scores):
    """Take all subjects for one, where each has one label.

    No score that needs all classes is defined for such a subject.

    Parameters
    ----------
    scores : pandas.DataFrame
        From :func:`run_benchmark`, or its ``scores.csv``.

    Returns
    -------
    scores : pandas.DataFrame
        Rows marked ``subject-labels`` have the subject and session "all", and trials
        that say whose they are.
    """
    marks = scores["marks"].astype(object).fillna("").str.split(";")
    joined = marks.map(lambda names: "subject-labels" in names)
    if not joined.any():
        return scores
    scores = scores.astype({"subject": str, "session": str, "test_trials": str})
    rows = scores.loc[joined]
    scores.loc[joined, "test_trials"] = [
        " ".join(f"{subject}/{session}/{trial}" for trial in trials.split())
        for subject, session, trials in zip(
            rows["subject"], rows["session"], rows["test_trials"], strict=True
        )
    ]
    scores.loc[joined, ["subject", "session"]] = "all"
    return scores
