"""The parts of a study's definition as frozen values. Each is one table of its study.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from uplapp.typed import OneOf, Range, allowing

LAYOUTS = ("auto", "side_by_side", "in_place")
QUESTIONS = ("text", "number", "choice")
REFERENCES = ("shown", "hidden")
CATCHES = ("reference", "disguised")
RETURNING = ("resume", "restart", "block")
PLACES = ("purpose", "contact", "retention", "questions")  # of the consent
OTHER = "other"
PANELS: Mapping[str, tuple[str, ...]] = {  # the names of the ids in their addresses, that of the person first
    "prolific": ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID"),
    "mturk": ("workerId", "assignmentId", "hitId"),
    "cloudresearch": ("participantId", "assignmentId", "projectId"),
    "sona": ("survey_code",),
}


@dataclass(frozen=True)
class Scale:
    """A labelled scale: whole numbers from `lowest` up, one per label. The page translates the labels."""

    lowest: int
    labels: tuple[str, ...]


SCALES = {
    "mos5": Scale(1, ("bad", "poor", "fair", "good", "excellent")),  # ITU-R BT.500, ITU-T P.910
    "mos4": Scale(1, ("poor", "fair", "good", "excellent")),  # as in the MR refinement study
    "grade3": Scale(0, ("unusable", "poor", "good", "excellent")),  # expert grading of the loss comparison
}


@dataclass(frozen=True)
class Scene:
    """One picture of the study, cut from `source` at `crop` (top, left, height, width).

    Of a volume it is the `view`, such as `mip:coronal` or `slice:axial:20`; by default the middle slice.
    """

    name: str
    source: str = ""
    crop: tuple[int, ...] = allowing(Range(0), default=())
    view: str = ""


@dataclass(frozen=True)
class Protocol:
    """How comparisons are shown, and which: `pairs` is `all`, or N per observer: `random:N`, `adaptive:N`.

    With `orders` = 2 each of them comes once each way round, so twice as many main trials. With `ranking`
    the last page points to the Analysis tab. An answer counts after `min_view_ms`; the pictures go grey
    after `max_view_ms`; after `answer_timeout_ms` the trial ends without an answer and comes once more at
    the end; 0 is no limit. `zoom` and `amplification` (of the difference from the reference) of 2 boost
    what is seen, as in JPEG AIC-3; scores from boosted views are labelled so. `not_sure` and `both_bad`
    offer these answers beside the two sides. With `steps` of 2 or 3 observers also say how much less the
    chosen one changes: slightly or much, or slightly, clearly or much. One side of a catch trial is the
    reference itself or, where `catch_kind` is `disguised`, each differs from it: people see which changes
    less, pixels say the other.
    """

    phase_ms: float = allowing(Range(50, 2000), default=250.0)
    layout: str = allowing(OneOf(LAYOUTS), default="auto")
    pairs: str = "all"
    orders: int = allowing(Range(1, 2), default=1)
    seed: int = allowing(Range(0, 2**53), default=0)
    practice: int = allowing(Range(0, 20), default=2)
    catch: int = allowing(Range(0, 100), default=2)
    catch_kind: str = allowing(OneOf(CATCHES), default="reference")
    repeats: int = allowing(Range(0, 200), default=0)
    break_every: int = allowing(Range(0, 1000), default=0)
    not_sure: bool = False
    both_bad: bool = False
    steps: int = allowing(Range(1, 3), default=1)
    ranking: bool = False
    min_view_ms: float = allowing(Range(0, 60_000), default=0.0)
    max_view_ms: float = allowing(Range(0, 600_000), default=0.0)
    answer_timeout_ms: float = allowing(Range(0, 600_000), default=0.0)
    blank_ms: float = allowing(Range(0, 10_000), default=350.0)
    zoom: int = allowing(Range(1, 2), default=1)
    amplification: int = allowing(Range(1, 2), default=1)
    calibration: bool = False
    language: str = "en"

    @property
    def adaptive(self) -> bool:
        """Whether an observer's next comparison is chosen when it is needed."""
        return self.pairs.startswith("adaptive:")

    @property
    def subset(self) -> int | None:
        """The N of `random:N` or `adaptive:N`, None for `all`."""
        return None if self.pairs == "all" else int(self.pairs.partition(":")[2])


@dataclass(frozen=True)
class Consent:
    """What an observer agrees to. The version is stored with the observer. No text is the standard text.

    The standard text says nothing of who asks, and why: `purpose`, `contact`, `retention` (how long answers
    are kept) and `questions` (who answers them) follow it where they are filled in. An `internal_test` needs
    none of them, and says what it is.
    """

    version: str = "1"
    text: str = ""
    purpose: str = ""
    contact: str = ""
    retention: str = ""
    questions: str = ""
    internal_test: bool = False

    @property
    def empty_places(self) -> tuple[str, ...]:
        """The places that a study for people outside must fill in first, if the text is the standard one."""
        if self.text or self.internal_test:
            return ()
        return tuple(name for name in PLACES if not getattr(self, name).strip())


@dataclass(frozen=True)
class Access:
    """Who may take part, and when: anybody, or with `links_only` the holders of personal links.

    `quota` counts who finished and who holds a place, for `hold_minutes` after the last answer; 0 is no
    quota. New people are taken from `opens` to `closes`, dates as `2026-12-01 09:00`, in UTC unless they name
    another zone.

    Who comes back to a session under way may resume it, begin anew (`restart`), or do neither (`block`).
    Without a link or the id of a panel a session is resumed within `resume_hours` only; 0 is no limit.
    """

    links_only: bool = False
    quota: int = allowing(Range(0, 100_000), default=0)
    hold_minutes: int = allowing(Range(1, 100_000), default=60)
    opens: str = ""
    closes: str = ""
    returning: str = allowing(OneOf(RETURNING), default="resume")
    resume_hours: float = allowing(Range(0, 10_000), default=48.0)

    @property
    def hold_s(self) -> float:
        """How long a place is held after the last answer, in seconds."""
        return 60.0 * self.hold_minutes

    @staticmethod
    def moment(date: str) -> float | None:
        """A date in seconds since 1970, None for ''. ValueError for what is no date."""
        if not date:
            return None
        read = datetime.fromisoformat(date)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True)
class Completion:
    """The last page: a code, and an https address to go on to, in which `{code}` stands for the code.

    The other addresses are for people whose screen cannot show the pictures (`screened_out`), who come when
    the study has all it needs (`full`), and who do not agree (`no_consent`). In each of them `{NAME}` stands
    for the id NAME of a panel.
    """

    code: bool = True
    redirect: str = ""
    screened_out: str = ""
    full: str = ""
    no_consent: str = ""

    @property
    def addresses(self) -> dict[str, str]:
        """Every address that is given, by its key."""
        names = ("redirect", "screened_out", "full", "no_consent")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@dataclass(frozen=True)
class Panel:
    """Where people are recruited, and the ids that its addresses carry: no other part of one is read.

    `ids` are by default those of the panel; the first names the person, who takes part once. Where it is
    `required`, nobody takes part without it, but by a personal link.
    """

    name: str = allowing(OneOf(("", *PANELS, OTHER)), default="")
    ids: tuple[str, ...] = ()
    required: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the ids, the person's first."""
        return self.ids or PANELS.get(self.name, ())


@dataclass(frozen=True)
class Retention:
    """The day (as 2027-06-30, UTC) on which personal fields are deleted, and replies to some questions."""

    personal_until: str = ""
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """A question after the last trial: a `text`, a `number`, or a `choice` of the options.

    Rows in different languages may share a name; a row without a language is for all.
    """

    name: str
    text: str
    kind: str = allowing(OneOf(QUESTIONS), default="text")
    options: tuple[str, ...] = ()
    required: bool = False
    language: str = ""


@dataclass(frozen=True)
class Translation:
    """Title and consent text in another language.

    Without a title it has the study's own; without a text it has the study's own or the standard text.
    `purpose` and `retention` translate these places of the consent.
    """

    language: str
    title: str = ""
    consent: str = ""
    purpose: str = ""
    retention: str = ""


@dataclass(frozen=True)
class Criterion:
    """What a rating is about: a scale of SCALES, or own `labels` from worst to best, from `lowest` up.

    Rows in different languages may share a name and scale; a row without a language is for all.
    """

    name: str
    question: str
    scale: str = allowing(OneOf(SCALES), default="mos5")
    labels: tuple[str, ...] = ()
    lowest: int = allowing(Range(-100, 100), default=1)
    language: str = ""


@dataclass(frozen=True)
class Rating:
    """A study of single images, each rated on every criterion, its reference `shown` or `hidden`."""

    criteria: tuple[Criterion, ...]
    reference: str = allowing(OneOf(REFERENCES), default="shown")


@dataclass(frozen=True)
class Render:
    """How uplapp makes the stimuli from the scenes.

    The name of a condition is a loss, a checkpoint or a method, whose options `methods` may hold by its name.
    `degradation` holds the options by which the images of the `task` are spoilt; `consistency` is whether
    measured data replace what a network says of them. Pictures are restored whole, or with `surround_px`
    only the crop with so many px around it. The last five are older names of such options.
    """

    task: str = "denoise"
    network: str = "unet"
    degradation: Mapping[str, Any] = field(default_factory=dict, hash=False)
    methods: Mapping[str, Any] = field(default_factory=dict, hash=False)
    consistency: bool = True
    surround_px: int | None = allowing(Range(0, 4096), default=None)
    noise_sigma: float | None = allowing(Range(0, 255), default=None)
    noise_seed: int | None = allowing(Range(0, 2**53), default=None)
    acceleration: int | None = allowing(Range(2, 32), default=None)
    mask: str | None = None
    mask_seed: int | None = allowing(Range(0, 2**32 - 1), default=None)
