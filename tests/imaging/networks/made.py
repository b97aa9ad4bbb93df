"""A row of NETWORKS, as a package may give one."""

from uplapp.imaging.networks import NETWORKS

ROW = NETWORKS["dncnn"]
