"""Files that the page hands out."""

import io
import secrets
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder


def offer(name: str, content: bytes) -> str:
    """Put a file where Gradio serves and later deletes it; returns its path.

    The folder is the one Gradio would copy the file to, so that there is no second copy to clean up.
    """
    path: str = save_bytes_to_cache(content, name, get_upload_folder())
    return path


def room(name: str) -> Path:
    """Where to write a long file, under an address nobody can guess; Gradio deletes it later."""
    folder = Path(get_upload_folder()) / secrets.token_hex(32)
    folder.mkdir(parents=True)
    return folder / name


def offer_pieces(name: str, pieces: Iterable[str]) -> str:
    """Offer a text that is written piece by piece; returns its path."""
    path = room(name)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)
    return str(path)


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """Files by name as one ZIP, stored: PNG and PDF do not shrink."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
