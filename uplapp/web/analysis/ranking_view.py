"""Who leads, how sure are ranks and differences, and do scores on one line fit the votes?"""

from typing import Any

import gradio as gr
import numpy as np

from uplapp.analysis.plots.ranks import rank_chart
from uplapp.analysis.plots.scores import jod_chart, win_chart
from uplapp.analysis.plots.triangle import MOST_CONDITIONS, triangle_chart
from uplapp.analysis.scoring import ALPHA, Ranks, ranking, scope, upright
from uplapp.analysis.writing.choices import both_bad_pairs, both_bad_rows, both_bad_words, step_lines
from uplapp.analysis.writing.ranks import rank_rows, stability_words
from uplapp.analysis.writing.report import Report, headline
from uplapp.analysis.writing.wording import interaction_words, plural, unequal_words, within_words
from uplapp.values import Difference, Scores
from uplapp.web.analysis import ratings_view
from uplapp.web.analysis.state import NO_VOTES, Analysed, Found, Rated
from uplapp.web.analysis.words import cautions, chance, interval, number, plain, share, table, together

RANKS = "Ranks"
NO_RANKS = "There are no replicates with an order, so nothing is known of how sure the ranks are."
FLUID = "container"  # a chart as wide as the column it stands in


def build(first: tuple[Any, ...]) -> list[Any]:
    """Lay out the view with what it shows at first, and return its outputs."""
    title, warnings, jod, listed = first
    said = gr.Markdown(title)
    chart = gr.Plot(jod["value"], show_label=False)
    cautioned = gr.Markdown(warnings)
    return [said, cautioned, chart, gr.HTML(listed["value"])]


def show(report: Report) -> tuple[Any, ...]:
    """Headline, warnings, chart, table."""
    scores = report.scores
    finite = np.isfinite([scores.jod, scores.bound_jod]).any()
    chart = jod_chart(scores, "container") if finite else None
    return (
        f"### {plain(headline(scores))}\n\nIntervals and tests speak of {scope(scores)}.",
        cautions(report.warnings),
        gr.update(value=chart, visible=bool(finite)),
        gr.update(value=_table(report), visible=True),
    )


def nothing(message: str, about: str = "") -> tuple[Any, ...]:
    """Put a sentence in place of a ranking, and below it what is `about` it, in Markdown."""
    hidden = gr.update(value=None, visible=False)
    return f"### {plain(message)}", about, hidden, hidden


def _table(report: Report) -> str:
    ranked = ranking(report.scores)
    letters = dict(zip(report.scores.conditions, report.letters, strict=True))
    others = dict(zip(report.scores.conditions, map(number, report.bradley_terry), strict=True))
    columns = ["jod", "jod_low", "jod_high", "bound", "bound_jod"]
    scored = ranked[columns].itertuples(index=False)
    groups = ranked["group"].astype(str).tolist() if ranked["group"].nunique() > 1 else [""] * len(ranked)
    return table(
        {
            "#": [str(rank).replace("<NA>", "") for rank in ranked["rank"]],
            "Condition": ranked["condition"].tolist(),
            "Group": groups,
            "JOD [95% interval]": [interval(*row) for row in scored],
            "Tied": [letters[name] for name in ranked["condition"]],
            "Bradley-Terry": [others[name] for name in ranked["condition"]],
            "Chosen": [share(chosen) for chosen in ranked["chosen_share"]],
        }
    )


def build_differences() -> list[Any]:
    """Lay out the view and return its outputs."""
    triangle = gr.Plot(show_label=False, visible=False)
    wins = gr.Plot(show_label=False, visible=False)
    fit = gr.Markdown()
    pairs = gr.HTML(visible=False)
    both_bad, bad_pairs = gr.Markdown(), gr.HTML(visible=False)
    return [triangle, wins, fit, pairs, both_bad, bad_pairs]


def show_differences(found: Found) -> tuple[Any, ...]:
    """Ranking triangle, votes of every pair, goodness of fit, all differences."""
    if found is None:
        return no_differences()
    if isinstance(found, Rated):
        return ratings_view.differences(found.report)
    scores = found.report.scores
    triangle = triangle_chart(scores, "container") if _has_triangle(scores) else None
    return (
        gr.update(value=triangle, visible=triangle is not None),
        gr.update(value=win_chart(scores, "container"), visible=True),
        _fit(found.report),
        gr.update(value=_pairs(scores), visible=True),
        *_both_bad(found.report),
    )


def _has_triangle(scores: Scores) -> bool:
    return scores.on_one_scale and len(scores.conditions) <= MOST_CONDITIONS


def no_differences() -> tuple[Any, ...]:
    """What stands there when nothing could be read."""
    hidden = gr.update(value=None, visible=False)
    return hidden, hidden, "", hidden, "", hidden


def _both_bad(report: Report) -> tuple[Any, Any]:
    """Say how often both were called bad, with a table by condition and by pair."""
    both = report.both_bad
    if both is None:
        return "", gr.update(value=None, visible=False)
    rows = [
        *both_bad_rows(both),
        *((f"{a} and {b}", bad, of, part) for a, b, bad, of, part in both_bad_pairs(both)),
    ]
    listed = table(
        {
            "Called both bad": [name for name, *_ in rows],
            "Answers": [f"{bad} of {of}" for _, bad, of, _ in rows],
            "Share": [share(part) for *_, part in rows],
        }
    )
    words = both_bad_words(both)
    return f"### Both bad\n\n{plain(words)}.", gr.update(value=listed, visible=True)


def _pairs(scores: Scores) -> Any:
    pairs = sorted(scores.pairs, key=lambda pair: (np.nan_to_num(pair.p_adjusted, nan=2.0), pair.p))
    ordered = [upright(scores, pair) for pair in pairs]
    return table(
        {
            "Higher": [upper for upper, _ in ordered],
            "Lower": [lower for _, lower in ordered],
            "Difference, JOD": [_difference(pair) for pair in pairs],
            "Standard error": [number(pair.se) for pair in pairs],
            "p": [chance(pair.p) for pair in pairs],
            "p (Holm)": [chance(pair.p_adjusted) for pair in pairs],
            "": ["significant" if pair.significant else "" for pair in pairs],
        }
    )


def _difference(pair: Difference) -> str:
    """A difference, or what it exceeds where one side won every vote."""
    return f"> {abs(pair.bound_jod):.2f}" if pair.bound else number(abs(pair.difference))


def _fit(report: Report) -> str:
    """Say whether one line fits the votes, how often choices ran in a circle, and the pull of a side."""
    fit, own, side = report.goodness, report.observers_triads, report.scores.side
    said = []
    if np.isfinite(fit.p):
        lack = (
            "Scores on one line do not explain these votes" if fit.p < ALPHA else "No lack of fit was found"
        ) + within_words(report.goodness_scenes)
        test = f"G² = {fit.g2:.1f} on {plural(fit.df, 'degree')} of freedom, p: {chance(fit.p)}"
        said.append(f"{lack} ({test})")
    said += [plain(text) for text in step_lines(report.scores, report.tally.steps)]
    said += [plain(text) for text in unequal_words(report.unequal, report.scores.conditions)]
    if report.interaction is not None:
        differ = "differ" if report.interaction.p < ALPHA else "were not found to differ"
        said.append(f"Preferences {differ} by scene: {plain(interaction_words(report.interaction))}")
    if own is not None and own.complete:
        shares = f"{own.share:.0%}; by tossing a coin 25%"
        said.append(f"Circular triads of single observers: {own.circular} of {own.complete} ({shares})")
    if side is not None and np.isfinite(side.jod):
        pull = f"{side.jod:z.2f} JOD, standard error {number(side.se)}"
        said.append(f"Pull of the left, or first-named, side: {pull}")
    return "\n\n".join(f"{sentence}." for sentence in said)


def build_ranks() -> list[Any]:
    """Lay out the view and return its outputs."""
    said = gr.Markdown(NO_RANKS)
    chart = gr.Plot(show_label=False, visible=False)
    return [said, chart, gr.HTML(visible=False)]


def show_ranks(found: Found) -> tuple[Any, ...]:
    """Show the probability of each rank."""
    hidden = gr.update(value=None, visible=False)
    if not isinstance(found, Analysed):
        return NO_VOTES, hidden, hidden
    ranks, scores = found.report.ranks, found.report.scores
    if ranks is None or np.isnan(ranks.best).all():
        return NO_RANKS, hidden, hidden
    return (
        _stability(ranks, scores),
        gr.update(value=rank_chart(ranks, scores, "container"), visible=True),
        gr.update(value=_ranks(ranks, scores), visible=True),
    )


def _stability(ranks: Ranks, scores: Scores) -> str:
    words = stability_words(ranks)
    return (
        f"{words[:1].upper()}{words[1:]}. The replicates speak of {scope(scores)}.\n\n"
        "Of few observers and close scores, the highest P(best) is too sure of itself; the ranks that the "
        f"tests leave possible hold for all conditions together in 95% of studies.{_left_open(ranks)}"
    )


def _left_open(ranks: Ranks) -> str:
    names = [name for name, chance in zip(ranks.conditions, ranks.best, strict=True) if np.isnan(chance)]
    return f" The votes leave open the ranks of {plain(', '.join(names))}." if names else ""


def _ranks(ranks: Ranks, scores: Scores) -> str:
    names, spans, tested, best = zip(*rank_rows(ranks, scores), strict=True)
    return table(
        {
            "Condition": names,
            "P(best)": [together(chance) for chance in best],
            "95% of ranks": spans,
            "Possible by the tests": tested,
        }
    )
