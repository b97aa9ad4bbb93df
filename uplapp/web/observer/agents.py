"""A browser's name without its version: enough to tell timing apart, too little to tell people apart."""

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
    ("CrOS", "ChromeOS"),
)


def coarse(agent: str) -> str:
    """`Chrome, Windows` and the like from a User-Agent header; `other` where it is neither known."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "other")
    system = next((name for mark, name in SYSTEMS if mark in agent), "other")
    return f"{browser}, {system}"
