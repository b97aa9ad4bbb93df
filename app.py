"""The app's entry, on a laptop and on a Space."""

from uplapp.settings import Settings
from uplapp.web.page import serve

if __name__ == "__main__":
    serve(Settings.from_env())
