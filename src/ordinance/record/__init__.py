"""Records: the journal of observations, the plan and the results of a run, on disk."""
