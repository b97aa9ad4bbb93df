"""The observers' page in a process of its own, to be killed: `server_process.py DATABASE FOLDER PORT`.

With `--again` it comes back after each death, as under a process manager, and prints the id of each life.
"""

import os
import sys
import time
from pathlib import Path

import uvicorn

from tests.study.tiny import on_disk, write_study
from tests.web.serving import mounted
from uplapp.study.session import editions
from uplapp.study.store.store import Store


def serve(database: str, folder: str, port: str) -> None:
    """Open everything anew and stay."""
    store, pictures = Store(database if "://" in database else Path(database)), Path(folder)
    if not pictures.exists():
        write_study(pictures)
    served = editions.serve(store, on_disk(pictures), time.time())
    app = mounted(store, {"tiny": served.present}, {"tiny": served.former})
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error", lifespan="off")


if __name__ == "__main__":
    arguments = [text for text in sys.argv[1:] if text != "--again"]
    while "--again" in sys.argv:
        life = os.fork()
        if not life:
            break
        print(life, flush=True)
        os.waitpid(life, 0)
    serve(*arguments)
