"""Lines of a journal, before and after they went to the Hub."""

import json

REPO = "lab/answers"


def write(folder, name, *lines, end="\n"):
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.jsonl").open("a") as file:
        file.write("".join(f"{json.dumps(line)}{end}" for line in lines))


def kept(hub):
    """Every line in the dataset."""
    files = hub.repos["dataset", REPO]
    return [json.loads(line) for path in sorted(files) for line in files[path].splitlines()]
