"""The figures of a run: a module for each, whose `draw` makes it from stages alone; `gallery` says which a run has."""
