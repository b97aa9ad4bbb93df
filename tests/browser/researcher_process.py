"""The real app on folders of a test's own: `researcher_process.py FOLDER`."""

import sys
from pathlib import Path

from tests.web.desks import settings
from uplapp.web.page import serve

if __name__ == "__main__":
    serve(settings(Path(sys.argv[1])))
