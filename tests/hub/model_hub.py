"""A Hub that holds networks."""

import hashlib
from urllib.parse import unquote

from tests.hub.fake import FakeHub, git_hash
from tests.imaging.checkpoints.made import FITTING, card

REPO, COMMIT = "lab/net", "c0ffee" + "0" * 34


class ModelHub(FakeHub):
    """A Hub with models. A file of weights is large, which the Hub names by SHA-256."""

    def __init__(self):
        super().__init__()
        self.models = {REPO: {"net.json": card(), "net.safetensors": FITTING, "README.md": b"# net"}}
        self.claims = {}

    def answer(self, method, path, body):
        words = path.strip("/").split("/")
        if words[:2] == ["api", "models"]:
            files = self.models.get("/".join(words[2:4]))
            if files is None:
                return 404, {"error": "Repository not found"}
            siblings = [self.sibling(name, data) for name, data in files.items()]
            return 200, {"id": REPO, "sha": COMMIT, "siblings": siblings}
        if words[2:4] == ["resolve", COMMIT]:
            return 200, self.models["/".join(words[:2])][unquote("/".join(words[4:]))]
        return super().answer(method, path, body)

    def sibling(self, name, data):
        size = self.claims.get(name, len(data))
        entry = {"rfilename": name, "size": size, "blobId": git_hash(data)}
        large = {"sha256": hashlib.sha256(data).hexdigest(), "size": size, "pointerSize": 130}
        return entry | ({"lfs": large} if name.endswith(".safetensors") else {})
