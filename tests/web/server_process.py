"""The observer's page in a process of its own, to be killed: `server_process.py DATABASE FOLDER PORT`."""

import sys
from pathlib import Path

import uvicorn

from tests.study.tiny import open_tiny
from tests.web.serving import mounted
from uplapp.study.store import Store

if __name__ == "__main__":
    database, folder, port = sys.argv[1:]
    store = Store(Path(database))
    app = mounted(store, {"tiny": open_tiny(store, Path(folder))})
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error", lifespan="off")
