"""Conductivity of films and wires against their size."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from peierls.crystal import Floats
from peierls.figures.style import (
    AGREEMENT,
    COLOURS,
    NANOMETRE,
    alike,
    near_300_kelvin,
    readable_log_axis,
    shared_name,
    styled,
)
from peierls.thin_film import CROSS_PLANE, IN_PLANE, ThinFilm


def draw(films: Sequence[ThinFilm]) -> Figure:
    """κ of films and wires over that of the bulk against size, at the temperature nearest to 300 K: a colour per kind,
    a line style per solver or several that agree, and dotted where thin films end on this mesh."""
    with styled():
        figure = Figure(figsize=(4.8, 4.4))
        axes = figure.subplots()
        chosen = near_300_kelvin(films[0].temperature)
        styles: list[Any] = ["-", "--", "-.", (0, (5, 1, 1, 1)), (0, (8, 2))]
        ratios = [film.kappa[chosen] / film.kappa_bulk[chosen][:, None] for film in films]
        groups = alike(ratios, AGREEMENT)
        for group, line in zip(groups, styles, strict=False):
            film = films[group[0]]
            order = np.argsort(film.thickness)
            size = film.thickness[order] / NANOMETRE
            marker = "o" if len(size) < 25 else ""
            for k, (colour, kind) in enumerate(zip(COLOURS, film.kinds, strict=False)):
                label = _of_film(film, kind) if film is films[0] else None
                curve = ratios[group[0]][k][order]
                axes.plot(size, curve, marker=marker, ls=line, ms=3.5, lw=1.2, color=colour, label=label)
                if film is films[0]:
                    end = film.kappa_grazing[chosen, k] / film.kappa_bulk[chosen, k]
                    axes.axhline(end, color=colour, lw=0.8, ls=":")
        if len(films) > 1:
            for group, line in zip(groups, styles, strict=False):
                name = shared_name([films[number].solver for number in group], ratios[group[0]])
                axes.plot([], [], ls=line, color="0.3", lw=1.2, label=name)
        axes.set(xscale="log", xlabel="thickness or diameter (nm)", ylabel="conductivity / that of the bulk (1)")
        axes.set_ylim(0, 1.02)
        axes.set_xlim(films[0].thickness.min() / NANOMETRE / 1.5, films[0].thickness.max() / NANOMETRE * 1.5)
        readable_log_axis(axes.xaxis)
        # Contacts, between which heat crosses a film, absorb all phonons.
        reflected = any(kind != CROSS_PLANE for kind in films[0].kinds)
        title = f"{films[0].temperature[chosen]:g} K"
        axes.set_title(f"{title}, specularity {films[0].specularity:g}" if reflected else title, fontsize=9)
        axes.grid(alpha=0.25, lw=0.5)
        figure.legend(fontsize=8, loc="outside lower center", ncols=2)
    return figure


def _of_film(film: ThinFilm, kind: str) -> str:
    """The kind and the vectors that matter for it, in round numbers."""
    along = f"{kind} along {_rounded(film.normal if kind == CROSS_PLANE else film.direction)}"
    return f"{along},\nnormal {_rounded(film.normal)}" if kind == IN_PLANE else along


def _rounded(vector: Floats | None) -> str:
    shown = "" if vector is None else " ".join(f"{component:.3g}" for component in vector + 0.0)
    return f"({shown})"
