"""The app's entry, on a laptop and on a Space."""

import sys

from uplapp.errors import UplappError
from uplapp.settings import Settings
from uplapp.web.page import serve

if __name__ == "__main__":
    try:
        serve(Settings.from_env())
    except UplappError as error:
        sys.exit(f"uplapp stays closed: {error}")
