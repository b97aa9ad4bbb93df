"""Options that say how a file of answers is laid out, the same for every verb that reads one."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from uplapp.analysis.reading.layouts.columns import Columns
    from uplapp.analysis.reading.layouts.rows import Rows

COLUMNS = (
    "Other names of columns: condition_A=type1+level1,observer=who; also winner=, loser=, preferred=, "
    "wins_A=, wins_B=, times=; observer=none where nobody is named; 'text' stands for itself."
)
VALUES = (
    "Other values of the choice: A=left,B=right,tie=same|equal,both_bad=neither; steps: A=2|1,B=-2|-1,tie=0."
)
PAIRS = 'Files with one column per pair: "{A} vs {B}", Q1=a|b,Q2=a|c, prefmod:a,b,c, or a CSV file.'
WHERE = "Take only rows such as is_bias=0, lab=a|b, or rt>300; repeatable."
DROP = "Answers to leave out, counted: skip,NA; empty for an empty cell."
IGNORE = "A column that does not matter, such as session; repeatable."
HEADER = "The line that holds the names of columns, if it is not the first."
EQUAL = "Let each observer count the same, however many votes he gave."
SKIP = "How many rows below the header hold no answers."

Command = Callable[..., None]


@dataclass(frozen=True)
class Layout:
    """What a person said of a file's layout, as it was typed."""

    columns: str = ""
    values: str = ""
    pairs: str = ""
    where: tuple[str, ...] = ()
    drop: str = ""
    ignore: tuple[str, ...] = ()
    header: int = 0
    skip: int = 0
    equal: bool = False

    @property
    def read(self) -> "tuple[Columns, Rows]":
        """The columns and rows that are meant."""
        from uplapp.analysis.reading.layouts.columns import parse_columns

        return parse_columns(self.columns, self.values, self.pairs), self.rows

    @property
    def rows(self) -> "Rows":
        """The rows that are meant."""
        from uplapp.analysis.reading.layouts.rows import parse_rows

        return parse_rows(self.where, self.drop, self.ignore, self.header, self.skip, self.equal)

    @property
    def given(self) -> tuple[str, ...]:
        """The options that were given."""
        return tuple(f"--{one.name}" for one in fields(self) if getattr(self, one.name) != one.default)


OPTIONS: dict[str, Any] = {
    "columns": Annotated[str, typer.Option(help=COLUMNS)],
    "values": Annotated[str, typer.Option(help=VALUES)],
    "pairs": Annotated[str, typer.Option(help=PAIRS)],
    "where": Annotated[list[str] | None, typer.Option(help=WHERE)],
    "drop": Annotated[str, typer.Option(help=DROP)],
    "ignore": Annotated[list[str] | None, typer.Option(help=IGNORE)],
    "header": Annotated[int, typer.Option(help=HEADER)],
    "skip": Annotated[int, typer.Option(help=SKIP)],
    "equal": Annotated[bool, typer.Option("--equal", help=EQUAL)],
}
OF_ROWS = ("where", "drop", "ignore", "header", "skip")


def with_layout(*names: str) -> Callable[[Command], Command]:
    """Give a command the options of these `names`, of OPTIONS all without any, as its parameter `layout`."""

    def add(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True)
        added = names or tuple(OPTIONS)

        @wraps(command)
        def with_options(**values: Any) -> None:
            chosen = {name: values.pop(name) for name in added}
            several = {name: tuple(chosen[name] or ()) for name in ("where", "ignore")}
            command(**values, layout=Layout(**chosen | several))

        kept = [one for one in own.parameters.values() if one.name != "layout"]
        parameters = [*kept, *map(_parameter, added)]
        with_options.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        with_options.__annotations__ = {one.name: one.annotation for one in parameters}
        return with_options

    return add


def _parameter(name: str) -> inspect.Parameter:
    default = next(one.default for one in fields(Layout) if one.name == name)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=None if default == () else default, annotation=OPTIONS[name])
