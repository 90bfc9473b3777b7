"""The tables of the analysis: a module for each, whose `tabulate` makes it from files of its `STAGE`."""
