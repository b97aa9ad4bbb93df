"""A proxy in the environment is for others: the app asks itself directly."""

import pytest

from uplapp.settings import OWN_ADDRESSES, reach_itself


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_behind_a_proxy_its_own_addresses_are_spared(name):
    variables = {name: "http://proxy.example:3128", "NO_PROXY": "lab.example, localhost"}
    reach_itself(variables)
    spared = variables["no_proxy"].split(",")
    assert spared[:2] == ["lab.example", "localhost"]
    assert set(OWN_ADDRESSES) <= set(spared)
    assert len(spared) == len(set(spared))
    assert variables["NO_PROXY"] == variables["no_proxy"]


def test_without_a_proxy_nothing_is_set():
    variables = {"PATH": "/bin"}
    reach_itself(variables)
    assert variables == {"PATH": "/bin"}
