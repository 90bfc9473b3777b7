"""Lattice thermal conductivity from force constants: the physics behind the Peierls workflow."""

__version__ = "0.1.0"
