"""`python -m uplapp study ...`: the life of a study on the command line."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from uplapp import whole
from uplapp.commands.hosting import life
from uplapp.commands.hosting.editions import adopt, editions
from uplapp.commands.hosting.links import app as links
from uplapp.commands.hosting.people import clear, codes, exclude, include, withdraw
from uplapp.commands.hosting.status import list_studies, log, rebuild, status, take_in
from uplapp.commands.shared import Json, Name, conditions_of, folder_of, opened, print_result
from uplapp.errors import UplappError
from uplapp.settings import Settings
from uplapp.study.definition import PLACES, presets

ALL = "all"  # of --edition
LANGUAGE = "en"  # of a study made here; another is a line in its study.toml

app = typer.Typer(
    help="The life of a study, in order: build, check, freeze, invite, run, export.", no_args_is_help=True
)

app.add_typer(links, name="links")
VERBS: tuple[Callable[..., None], ...] = (
    *(life.pause, life.resume, life.close, life.quota, life.pilot, status, log),
    *(adopt, clear, codes, editions, exclude, include, rebuild, take_in, withdraw),
)
for verb in VERBS:
    app.command()(verb)
app.command("list")(list_studies)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Its folder's name in studies/: 1-40 letters, digits, _ or -.")],
    reference: Annotated[Path | None, typer.Option(help="Folder of originals, one file per scene.")] = None,
    condition: Annotated[
        list[str] | None, typer.Option(help="NAME=FOLDER, once per condition, with the same file names.")
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option("--zip", help="Instead: a ZIP with reference/ and a folder per condition."),
    ] = None,
    title: Annotated[str, typer.Option(help="What observers read on top.")] = "",
    task: Annotated[
        str, typer.Option(help="pairs; or ratings: mos5, mos4, grade3 (denoising, structure, details).")
    ] = presets.PAIRS,
    consent: Annotated[
        list[str] | None,
        typer.Option(help=f"KEY=TEXT, once for each of: {', '.join(PLACES)}; a study is frozen with all."),
    ] = None,
    internal_test: Annotated[
        bool, typer.Option("--internal-test", help="Nobody from outside takes part; the consent says so.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Build a study from folders of pictures, or from a ZIP of them.

    Example: python -m uplapp study new faces --reference clean/ --condition l1=out/l1 --condition l2=out/l2
    """
    from uplapp.study.stimuli import package

    target = Settings.from_env().studies / package.name_of(name)
    head, tables = title or presets.title(task, LANGUAGE), presets.tables(task, [LANGUAGE])
    test = {"internal_test": True} if internal_test else {}
    tables["consent"] = {**_consent(consent or []), **test} or None
    if archive is not None and reference is None and not condition:
        made = package.create_from_zip(archive, target, head, tables)
    elif archive is None and reference is not None and condition:
        made = package.create_from_folders(target, head, reference, conditions_of(condition), tables)
    else:
        raise UplappError("give either --zip FILE, or --reference FOLDER with --condition NAME=FOLDER")
    print_result(as_json, {"study": name, "folder": str(target), "main_trials": made.main_trials})


@app.command()
def check(name: Name, as_json: Json = False) -> None:
    """Check a study's definition and stimuli, and report its length and conditions that look the same.

    Example: python -m uplapp study check demo
    """
    from uplapp.analysis.asking.detectable import expectation
    from uplapp.study.definition import load
    from uplapp.study.stimuli import stimuli
    from uplapp.study.stimuli.facts import facts

    settings = Settings.from_env()
    folder = folder_of(name, settings)
    definition, root = load(folder), stimuli.find_root(folder, settings.data)
    checked = stimuli.check(definition, root)
    stimuli.verify(root, checked)
    found = facts(definition, checked)
    finds = {} if definition.rating else {"finds": expectation(found.conditions, found.main_trials, 20)}
    print_result(as_json, {"study": definition.name, **asdict(found), **finds})


@app.command()
def freeze(
    name: Name,
    again: Annotated[bool, typer.Option("--again", help="Make another study of a frozen one.")] = False,
    as_json: Json = False,
) -> None:
    """Seal a study in its manifest.json: from then on it does not open if a file changed.

    Example: python -m uplapp study freeze demo
    """
    from uplapp.study.stimuli import stimuli

    folder = folder_of(name, Settings.from_env())
    made = stimuli.freeze(folder, time.time(), again)
    summary = {"study": folder.name, "edition": made["edition"], "files": len(made["files"])}
    print_result(as_json, {**summary, "manifest": str(folder / stimuli.MANIFEST)})


@app.command()
def render(name: Name) -> None:
    """Make a study's stimuli from its [render] recipe, into the study's own folder.

    Example: python -m uplapp study render demo
    """
    from uplapp.imaging.checkpoints import Checkpoints
    from uplapp.study.definition import load
    from uplapp.workflows import render

    settings = Settings.from_env()
    folder = folder_of(name, settings)

    def show(done: int, total: int) -> None:
        print(f"{done}/{total}", end="\n" if done == total else "\r", file=sys.stderr)

    render.render_stimuli(load(folder), Checkpoints(settings.models), folder, show)
    print(folder)


@app.command()
def simulate(
    name: Name,
    count: Annotated[int, typer.Option("--observers", min=1, max=1000, help="How many.")] = 14,
    scores: Annotated[
        str, typer.Option(help="NAME=JOD,... or, of ratings, NAME=MEAN; default: even steps, first best.")
    ] = "",
    spread: Annotated[
        float, typer.Option(min=0, help="Standard deviation between observers, in the same unit.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the choices.")] = 0,
    as_json: Json = False,
) -> None:
    """Add simulated observers with known scores. They are marked and never pooled with people.

    Example: python -m uplapp study simulate demo --observers 14 --scores l1=0.5,l2=-0.5,ms_ssim=0.2,flip=-0.2
    """
    from uplapp.study.exports import votes
    from uplapp.study.simulation import observers

    with opened(name) as (store, study):
        truth = _scores(scores) if scores else observers.even_scores(study.definition)
        observers.simulate(store, study, truth, count, seed, time.time(), spread)
        print_result(as_json, {"study": name, "scores": truth, **asdict(votes.progress(store, study.id))})


@app.command()
def pack(
    name: Name,
    out: Annotated[Path, typer.Option("--out", "-o", help="The ZIP file to write.")],
    answers: Annotated[
        bool, typer.Option("--answers", help="With what people answered so far, excluded answers too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the whole study as one ZIP: definition, stimuli, manifest, and the answers if wanted.

    Example: python -m uplapp study pack demo -o demo.zip --answers
    """
    from uplapp.study.exports import streaming
    from uplapp.study.stimuli import package, stimuli
    from uplapp.study.store.store import reading

    settings = Settings.from_env()
    folder, texts = folder_of(name, settings), {}
    if answers:
        with opened(name) as (_, study), reading(settings.answers) as reader:
            texts = streaming.everything(reader, study, time.time())
    count = package.pack(folder, stimuli.find_root(folder, settings.data), out, texts)
    print_result(as_json, {"study": folder.name, "file": str(out), "files": count})


@app.command()
def unpack(
    source: Annotated[Path, typer.Argument(help="A ZIP that `pack` wrote.")],
    name: Annotated[str, typer.Option("--as", help="Its name here; default: the file's.")] = "",
    as_json: Json = False,
) -> None:
    """Take a packed study in: the whole of it, checked, or nothing.

    Example: python -m uplapp study unpack demo.zip --as demo2
    """
    from uplapp.study.stimuli import package

    target = Settings.from_env().studies / package.name_of(name or source.stem)
    made = package.unpack(source, target)
    print_result(as_json, {"study": target.name, "folder": str(target), "main_trials": made.main_trials})


@app.command()
def export(
    name: Name,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="CSV file; default: standard output.")
    ] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Simulated observers instead of people.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Excluded answers too, with the reason.")] = False,
    kind: Annotated[str, typer.Option("--format", help="csv, jsonl, or sqlite: the whole database.")] = "csv",
    of_replies: Annotated[
        bool, typer.Option("--replies", help="Instead: what people replied to the questions at the end.")
    ] = False,
    pilot: Annotated[bool, typer.Option("--pilot", help="Answers of the pilot instead.")] = False,
    edition: Annotated[
        str,
        typer.Option("--edition", help="An edition by number or digits, as `study editions` says, or all."),
    ] = "",
) -> None:
    """Write the votes or ratings as CSV, as `uplapp analyse` or `uplapp ratings` reads it, or as JSON lines.

    Example: python -m uplapp study export demo -o votes.csv
    """
    from uplapp.study.exports import streaming
    from uplapp.study.session import editions as kept
    from uplapp.study.store.store import reading, snapshot

    if kind not in ("csv", "jsonl", "sqlite") or (kind == "sqlite" and out is None):
        raise UplappError(f"--format {kind}: choose csv, jsonl, or sqlite with --out FILE")
    database = Settings.from_env().answers
    wanted = streaming.Wanted(simulated, everything, pilot, time.time())
    with opened(name, "" if edition == ALL else edition) as (store, study):
        if kind == "sqlite" and out is not None:
            snapshot(database, out)
            return
        rows = kept.listing(store, study.definition.name)
        every = [kept.described(row) for row in rows] if edition == ALL else [study]
        if not edition:
            _mention(study.number, rows)
        with reading(database) as reader, _target(out) as file:
            file.writelines(streaming.export_all(reader, every, kind, wanted, of_replies))


def _mention(number: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Say on stderr which edition is written, where people took part in others."""
    others = [f"{row['number']} ({row['people']} people)" for row in rows if row["people"]]
    others = [text for text in others if not text.startswith(f"{number} ")]
    if others:
        told = f"edition {number} alone is written; others, by --edition NUMBER or all: {', '.join(others)}"
        print(told, file=sys.stderr)


@contextmanager
def _target(out: Path | None) -> Iterator[TextIO]:
    """Yield the file to write, or standard output without a file."""
    if out is None:
        yield sys.stdout
        return
    try:
        with whole.replacing(out) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise UplappError(f"{out} cannot be written: {error.strerror}; choose another file") from None


def _consent(texts: Sequence[str]) -> dict[str, str]:
    """What --consent says, by its key."""
    said = {key.strip(): text.strip() for key, _, text in (one.partition("=") for one in texts)}
    for key, text in said.items():
        if key not in PLACES or not text:
            raise UplappError(f"--consent '{key}' must be KEY=TEXT with one of: {', '.join(PLACES)}")
    return said


def _scores(text: str) -> dict[str, float]:
    from uplapp.analysis.reading.numbers import one_number

    pairs = [part.partition("=") for part in text.split(",")]
    scores = {key.strip(): one_number(value) for key, _, value in pairs}
    if not all(map(math.isfinite, scores.values())):
        raise UplappError(f"--scores {text!r} must be NAME=JOD,NAME=JOD,...")
    return scores
