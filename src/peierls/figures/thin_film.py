"""Conductivity of films and wires against their size."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from peierls.figures.style import COLOURS, NANOMETRE, near_300_kelvin, readable_log_axis, styled
from peierls.thin_film import CROSS_PLANE, ThinFilm


def draw(films: Sequence[ThinFilm]) -> Figure:
    """κ of films and wires over that of the bulk against size, at the temperature nearest to 300 K: a colour per kind,
    a line style per solver, and dotted where thin films end on this mesh."""
    with styled():
        figure = Figure(figsize=(4.8, 4.4))
        axes = figure.subplots()
        chosen = near_300_kelvin(films[0].temperature)
        styles: list[Any] = ["-", "--", "-.", (0, (5, 1, 1, 1)), (0, (8, 2))]
        for film, line in zip(films, styles, strict=False):
            order = np.argsort(film.thickness)
            size = film.thickness[order] / NANOMETRE
            marker = "o" if len(size) < 25 else ""
            for k, (colour, kind) in enumerate(zip(COLOURS, film.kinds, strict=False)):
                bulk = film.kappa_bulk[chosen, k]
                curve = film.kappa[chosen, k][order] / bulk
                label = _of_film(film, kind) if film is films[0] else None
                axes.plot(size, curve, marker=marker, ls=line, ms=3.5, lw=1.2, color=colour, label=label)
                if film is films[0]:
                    axes.axhline(film.kappa_grazing[chosen, k] / bulk, color=colour, lw=0.8, ls=":")
        if len(films) > 1:
            for film, line in zip(films, styles, strict=False):
                axes.plot([], [], ls=line, color="0.3", lw=1.2, label=film.solver)
        axes.set(xscale="log", xlabel="thickness or diameter (nm)", ylabel="conductivity / that of the bulk (1)")
        axes.set_ylim(0, 1.02)
        axes.set_xlim(films[0].thickness.min() / NANOMETRE / 1.5, films[0].thickness.max() / NANOMETRE * 1.5)
        readable_log_axis(axes.xaxis)
        axes.set_title(f"{films[0].temperature[chosen]:g} K, specularity {films[0].specularity:g}", fontsize=9)
        axes.grid(alpha=0.25, lw=0.5)
        figure.legend(fontsize=8, loc="outside lower center", ncols=2)
    return figure


def _of_film(film: ThinFilm, kind: str) -> str:
    """The kind and the vector that matters for it, in round numbers."""
    vector = film.normal if kind == CROSS_PLANE else film.direction
    shown = "" if vector is None else " ".join(f"{component:.3g}" for component in vector + 0.0)
    return f"{kind} along ({shown})"
