"""Errors whose text a person can act on."""

LONGEST_NAME = 60


class UplappError(Exception):
    """Something the user can put right: one sentence with what was wrong, where, and what is allowed.

    `hint` is what the command line adds: the options that put it right. `reason` is the word by which a page
    finds the sentence in another language.
    """

    hint = ""
    reason = "other"


class UnknownName(UplappError):
    """A name that a table does not hold. Of a long one the beginning is told."""

    def __init__(self, kind: str, name: str, allowed: object) -> None:
        choices = ", ".join(sorted(map(str, allowed)))  # type: ignore[call-overload]
        told = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
        advice = f"choose one of: {choices}" if choices else "there is none to choose"
        super().__init__(f"unknown {kind} '{told}'; {advice}")


class BadImage(UplappError):
    """A file or an array that cannot be used as an image."""


class BadArchive(UplappError):
    """A ZIP that cannot be unpacked here."""


class BadCheckpoint(UplappError):
    """Weights whose card, shape or hash does not fit."""


class BadVotes(UplappError):
    """A votes table or a count matrix that cannot be read without guessing."""


class OtherNames(BadVotes):
    """Votes whose columns or answers go by other names than those that were told."""

    hint = "name them, such as --columns is_A_selected=NAME+NAME or --values A=left,B=right"


class Question(BadVotes):
    """A file that can be read in several ways, between which a person must choose.

    `hint` names the options of the command line that choose.
    """

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(text)
        self.hint = hint


class BadStudy(UplappError):
    """A study definition or a folder of stimuli that cannot be shown."""


class Refused(UplappError):
    """An observer's request that does not fit the state of the study."""

    def __init__(self, text: str, reason: str = "moved") -> None:
        super().__init__(text)
        self.reason = reason


class Cancelled(UplappError):
    """A job that a person stopped."""
