"""The settings of one process, read once from the environment."""

import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from uplapp.errors import UplappError

DATABASE = "uplapp.db"  # the file of answers inside the data folder
SHORTEST_TOKEN = 12
MOST_MEGAPIXELS = 1000
MOST_LINK_DAYS = 365
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d{1,5})?")


@dataclass(frozen=True)
class Settings:
    """The folders, secrets and machine of one process.

    Nothing else reads the environment.
    """

    data: Path
    checkpoints: Path
    studies: Path
    weights: Path | None = None
    admin_token: str | None = None
    answers_repo: str | None = None
    researchers: tuple[tuple[str, str], ...] = ()
    alarm_webhook: str | None = None
    megapixels: float = 16.0
    precision: str = "auto"
    link_days: float = 7.0
    embedders: tuple[str, ...] = ()
    database: str | None = None
    space: bool = False
    leads: bool = True

    @property
    def forgetful(self) -> bool:
        """Whether a restart loses the answers, as on a Space that keeps no copy."""
        return self.space and self.answers_repo is None and self.database is None

    @property
    def answers(self) -> Path | str:
        """Where answers are kept: a file of SQLite, or the address of a PostgreSQL database."""
        return self.database or self.data / DATABASE

    @property
    def own_machine(self) -> bool:
        """Whether these are the settings of one's own machine, whose owner needs no token."""
        return not self.space and self.admin_token is None and not self.researchers

    @property
    def models(self) -> tuple[Path, ...]:
        """The folders of checkpoints: those that ship, and those that were added here."""
        return self.checkpoints, self.data / "models"

    @property
    def editions(self) -> Path:
        """The folder of the pictures of each edition of a study."""
        return self.data / "editions"

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read the variables `UPLAPP_*`.

        Variables that are not set have defaults that work in a fresh clone. Of processes that `torchrun` or
        `accelerate launch` started together, the one of RANK 0 leads.
        """
        source = os.environ if environment is None else environment
        house = Path(__file__).resolve().parent.parent
        weights, answers_repo = source.get("UPLAPP_WEIGHTS"), source.get("UPLAPP_ANSWERS_REPO") or None
        return cls(
            data=Path(source.get("UPLAPP_DATA", "data")),
            checkpoints=house / "checkpoints",
            studies=house / "studies",
            weights=Path(weights) if weights else None,
            admin_token=source.get("UPLAPP_ADMIN_TOKEN") or None,
            answers_repo=answers_repo,
            researchers=_researchers(source.get("UPLAPP_RESEARCHERS", "")),
            alarm_webhook=_webhook(source.get("UPLAPP_ALARM_WEBHOOK", "")),
            megapixels=_megapixels(source.get("UPLAPP_MEGAPIXELS") or "16"),
            precision=_precision(source.get("UPLAPP_PRECISION") or "auto"),
            link_days=_link_days(source.get("UPLAPP_LINK_DAYS") or "7"),
            embedders=_origins(source.get("UPLAPP_EMBED", "")),
            database=_database(source.get("UPLAPP_DATABASE", ""), answers_repo),
            space="SPACE_ID" in source,
            leads=source.get("RANK", "0") == "0",
        )


def _researchers(text: str) -> tuple[tuple[str, str], ...]:
    """Read `anna=token,ben=token`: a name and a token of each researcher."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    named = tuple((name.strip(), token.strip()) for name, _, token in pairs)
    if not all(name and len(token) >= SHORTEST_TOKEN for name, token in named):
        raise UplappError(
            "UPLAPP_RESEARCHERS must be NAME=TOKEN,NAME=TOKEN with tokens of 12 characters or more"
        )
    if len({token for _, token in named}) < len(named):
        raise UplappError("UPLAPP_RESEARCHERS gives one token to two names; each needs its own")
    return named


def _megapixels(text: str) -> float:
    """Read the size of the largest picture that the page reads, in millions of pixels."""
    if not re.fullmatch(r"\d{1,4}(\.\d+)?", text) or not 1 <= float(text) <= MOST_MEGAPIXELS:
        raise UplappError(f"UPLAPP_MEGAPIXELS is {text!r}; it must be a number from 1 to {MOST_MEGAPIXELS}")
    return float(text)


def _precision(text: str) -> str:
    """Read the number format in which networks restore."""
    if text not in PRECISIONS:
        raise UplappError(f"UPLAPP_PRECISION is {text!r}; it must be one of: {', '.join(PRECISIONS)}")
    return text


def _link_days(text: str) -> float:
    """Read for how many days a result that a visitor links is kept, 0 for no links."""
    if not re.fullmatch(r"\d{1,3}(\.\d+)?", text) or float(text) > MOST_LINK_DAYS:
        raise UplappError(f"UPLAPP_LINK_DAYS is {text!r}; it must be a number from 0 to {MOST_LINK_DAYS}")
    return float(text)


def _origins(text: str) -> tuple[str, ...]:
    """Read the origins of pages that may show linked results in a frame."""
    origins = tuple(text.replace(",", " ").split())
    wrong = [origin for origin in origins if not ORIGIN.fullmatch(origin)]
    if wrong:
        raise UplappError(
            f"UPLAPP_EMBED names {wrong[0]!r}; it must be origins such as https://lab.example, one or more"
        )
    return origins


def _webhook(text: str) -> str | None:
    """Read an address that alarms are sent to."""
    if text and not text.startswith(("https://", "http://")):
        raise UplappError("UPLAPP_ALARM_WEBHOOK must be an http:// or https:// address")
    return text or None


def _database(text: str, answers_repo: str | None) -> str | None:
    """Read the address of a PostgreSQL database."""
    if text and not text.startswith(("postgresql://", "postgres://")):
        raise UplappError("UPLAPP_DATABASE must be postgresql://USER:PASSWORD@HOST/NAME, or unset for SQLite")
    if text and answers_repo:
        raise UplappError(
            "UPLAPP_ANSWERS_REPO copies the journals of SQLite, and with UPLAPP_DATABASE there are none; "
            "unset one of them"
        )
    return text or None


def behind_own_proxy(environment: Mapping[str, str] | None = None) -> bool:
    """Whether somebody named a proxy of his own, whose word on addresses is taken."""
    return bool((os.environ if environment is None else environment).get("FORWARDED_ALLOW_IPS"))


def believe_no_header(settings: Settings) -> None:
    """Keep the server from taking an address out of X-Forwarded-For where no Space's proxy wrote it.

    Uvicorn believes that header from a neighbour on the same machine, so behind a tunnel a stranger could
    write himself a new address for each request. It offers no other switch through Gradio than this
    variable; whoever sets it, for a proxy of his own, is obeyed.
    """
    if not settings.space:
        os.environ.setdefault("FORWARDED_ALLOW_IPS", "")


PROXIES = ("http_proxy", "https_proxy", "all_proxy")
OWN_ADDRESSES = ("localhost", "127.0.0.1", "0.0.0.0", "::1")


def reach_itself(environment: MutableMapping[str, str] | None = None) -> None:
    """Keep what asks this machine for its own page, as Gradio does at its start, from asking a proxy."""
    variables = os.environ if environment is None else environment
    if not any(name in map(str.lower, variables) for name in PROXIES):
        return
    before = variables.get("no_proxy") or variables.get("NO_PROXY") or ""
    spared = [part.strip() for part in before.split(",") if part.strip()]
    spared += [address for address in OWN_ADDRESSES if address not in spared]
    variables["no_proxy"] = variables["NO_PROXY"] = ",".join(spared)
