"""The commands that README and docs print, in order: those in blocks and those in a line of text."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import typer

from uplapp.__main__ import VERBS, app

HOUSE = Path(__file__).resolve().parent.parent
PAGES = [HOUSE / "README.md", *sorted((HOUSE / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```sh\n(.*?)^```|^```.*?^```|`([^`]+)`", flags=re.MULTILINE | re.DOTALL)
PROGRAMS = "python3?|pip|make|apt-get|pytest|uplapp|sha256sum|hf|accelerate|torchrun|dask"
COMMAND = re.compile(rf"(?:\.venv/bin/|\w+=\S+ )*(?:{PROGRAMS}|{'|'.join(VERBS)}) \S")
OURS = re.compile(r"(?:(?:^|\s|/)(?:python|torchrun .*) -m |--module |^)uplapp (.+)")
PLACEHOLDER = re.compile(r"\.\.\.|(?<=\s)\[|(?<![\w.-])[A-Z]{2,}(?![\w=])")
OPTION = re.compile(r"`(--[a-z][a-z-]+)")


@dataclass(frozen=True)
class Printed:
    """A command as it is printed, with the name of its page."""

    page: str
    line: str

    def __str__(self) -> str:
        return f"{self.page}: {self.line}"

    @property
    def words(self) -> list[str] | None:
        """What follows `uplapp`, None for another program."""
        found = OURS.search(self.line)
        if found or self.line.split()[0] in VERBS:
            words = shlex.split(found[1] if found else self.line)
            return [word for word in words if word != "&"]
        return None

    @property
    def whole(self) -> bool:
        """Whether it can be typed as it stands: it names the program, and no place to fill in."""
        return self.line.split()[0] not in VERBS and not PLACEHOLDER.search(self.line)

    def begins(self, pattern: str) -> bool:
        """Whether the command, after `python -m uplapp` and variables set for it, begins with a pattern."""
        line = " ".join(self.words) if self.words else re.sub(r"^(?:\w+=\S+ )+", "", self.line)
        return re.match(pattern, line) is not None


def blocks(language: str) -> list[str]:
    """Fenced blocks of one language in all pages, of none with ""."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    return [block for kind, block in FENCE.findall(text) if kind == language]


def commands(page: Path) -> Iterator[Printed]:
    """The commands of one page, in the order in which they are printed."""
    for block, span in CODE.findall(page.read_text(encoding="utf-8")):
        lines = re.sub(r"\s+#.*", "", block.replace("\\\n", " "), flags=re.MULTILINE).splitlines()
        spoken = re.sub(r"\s+", " ", span).replace("\\|", "|")
        yield from (Printed(page.name, line.strip()) for line in lines if line.strip())
        if COMMAND.match(spoken):
            yield Printed(page.name, spoken)


PRINTED = [one for page in PAGES for one in commands(page)]


def command_of(words: list[str]):
    """The verb that is called, its context, and the words that are left for it."""
    command, rest = typer.main.get_command(app), list(words)
    context = command.context_class(command, info_name="uplapp")
    while hasattr(command, "resolve_command") and rest and rest[0] != "...":
        name, command, rest = command.resolve_command(context, rest)
        context = command.context_class(command, parent=context, info_name=name)
    return command, context, rest


def exists(words: list[str]) -> None:
    """Raise where a verb, or an option of it, is unknown. Arguments may be missing, or stand for others."""
    command, context, rest = command_of(words)
    if not hasattr(command, "resolve_command"):
        plain = [word.strip("[]") for word in rest if word != "..."]
        command.make_parser(context).parse_args(args=plain)


def call_would_begin(words: list[str]) -> None:
    """Raise where a command would be refused before its verb begins."""
    command, context, rest = command_of(words)
    command.make_context(context.info_name, rest, parent=context.parent)


@cache
def every_option(*words: str) -> set[str]:
    """The options of a verb and of all its verbs, or of the whole program."""
    command, context, _ = command_of(list(words))
    own = {
        name
        for one in command.params
        for name in (*one.opts, *one.secondary_opts, *context.help_option_names)
    }
    verbs = command.list_commands(context) if hasattr(command, "list_commands") else []
    return own.union(*(every_option(*words, verb) for verb in verbs))


def verbs(*words: str) -> Iterator[tuple[str, ...]]:
    """The words that call each verb, of one verb or of the whole program."""
    command, context, _ = command_of(list(words))
    if not hasattr(command, "list_commands"):
        yield words
        return
    for name in command.list_commands(context):
        yield from verbs(*words, name)


def example_of(verb: tuple[str, ...]) -> list[str]:
    """The words of the example that a verb's help gives."""
    command, _, _ = command_of(list(verb))
    text = " ".join(command.help.partition("Example:")[2].partition("\n\n")[0].split())
    return shlex.split(OURS.search(text)[1])
