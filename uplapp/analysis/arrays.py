"""The arrays that the analysis computes with."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.intp]  # indices of rows
Mask = NDArray[np.bool_]
