"""How a browser and the app that it visits are started."""

import time
from collections.abc import Callable

import httpx
import pytest

PATIENCE_S = 180  # only a broken test waits so long, or a very busy machine
PATIENCE_MS = 1000 * PATIENCE_S
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
# For a walk through all that a tab lays out. What a button does is no question of the window, and a law of
# layout looks at one page in both.
both_sizes = pytest.mark.parametrize("page", SIZES.values(), ids=SIZES, indirect=True)
# What Playwright leaves out of Chromium, as of two such lists the last one counts; and two pages below the
# address bar of each window, which nobody sees here and which cost each window a tenth of a second.
LEFT_OUT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,"
    "AvoidCorsURLLoaderRestartOnRedirect,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,"
    "PreconnectToSearch,WebUIOmniboxPopup,WebUIOmniboxAimPopup"
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={LEFT_OUT}",
)


def wait_for_page(address: str, alive: Callable[[], bool]) -> str:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        assert alive(), "the app ended"
        try:
            if httpx.get(address, timeout=60).status_code == 200:
                return address
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the app did not answer in time")
