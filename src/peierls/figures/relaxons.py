"""Lifetimes and contributions of the relaxons."""

from matplotlib.figure import Figure

from peierls.figures.style import COLOURS, mean_over_directions, near_300_kelvin, styled
from peierls.solvers import Transport


def draw(relaxons: Transport) -> Figure:
    """Lifetimes of the relaxons against what each contributes to κ, at the temperature nearest to 300 K."""
    with styled():
        assert relaxons.relaxation_times is not None and relaxons.relaxon_kappa is not None
        chosen = near_300_kelvin(relaxons.temperature)
        contributions = mean_over_directions(relaxons.relaxon_kappa[chosen], relaxons.kappa)
        lifetimes = relaxons.relaxation_times[chosen]
        shown = (lifetimes > 0) & (contributions > 0)
        figure = Figure(figsize=(4.8, 3.6))
        axes = figure.subplots()
        axes.scatter(lifetimes[shown], contributions[shown], s=9, color=COLOURS[0])
        axes.set(xscale="log", yscale="log", xlabel="relaxon lifetime (ps)", ylabel="contribution to κ (W/m/K)")
        axes.set_title(f"{relaxons.temperature[chosen]:g} K", fontsize=9)
        # Those that carry nothing to speak of would stretch the axis by twenty decades.
        largest = float(contributions.max(initial=1e-30))
        axes.set_ylim(1e-7 * largest, 3 * largest)
        axes.grid(alpha=0.25, lw=0.5)
    return figure
