"""A table of a sweep with known figures."""

from itertools import product

import pandas as pd

K, S, L = (16, 64, 96, 192), (8, 32), (4, 6)
INPUTS, TARGETS = ("uniform", "blur", "simplex"), ("whole", "4x5")
STARTS = 2


def swept(starts: int = STARTS) -> pd.DataFrame:
    """Fits whose PSNR grows with k, by 1 dB with blur. k 192 varies by a tenth, the mean gains .5 dB."""
    rows = []
    for k, s, blocks, inputs, target in product(K, S, L, INPUTS, TARGETS):
        shape = {"image": "head", "k": k, "s": s, "l": blocks, "inputs": inputs, "target": target}
        level = 20 + k / 16 + (inputs == "blur") - (target == "4x5")
        spread = 0.1 * level if k == 192 else 0.0
        values = {"iterations": 2000, "ssim": level / 50, "ms_ssim": None, "vif": level / 80}
        common = {**shape, **values, "ended": "iterations"}
        for start in range(1, starts + 1):
            psnr = level + spread * (1 if start % 2 else -1)
            seconds = k * blocks / 8 + (target == "4x5")
            rows.append({**common, "starts": 1, "start": str(start), "psnr": psnr, "seconds": seconds})
        if starts > 1:
            cv = spread / level
            mean = {"starts": starts, "start": "mean", "psnr": level + 0.5, "cv": cv, "seconds": 1.0}
            rows.append({**common, **mean})
    columns = ["starts", "start", "psnr", "cv", "seconds"]
    table = pd.DataFrame(rows)
    return table if "cv" in table else table.assign(cv=float("nan"))[[*common, *columns]]
