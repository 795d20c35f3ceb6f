"""PySINDy 2.1 on values that it is to find an equation for, with what it cannot know chosen for it.

Its weak form (Messenger and Bortz 2021) on 200 domains of three sizes, polynomials of third degree
times derivatives of third order, and its sequential thresholding with 40 thresholds, on features
as they are and normalized: right where any of these 240 fits has the right terms. So this is more
than a user without the answer gets.
"""

import warnings
from collections.abc import Mapping

import numpy as np
import pysindy
from jaxtyping import Float

_NAMES = {"u": "x0", "u^2": "x0x0", "u^3": "x0x0x0", "u_x": "x0_1", "u*u_x": "x0x0_1"} | {
    "u_xx": "x0_11",
    "u_xxx": "x0_111",
}
_SIZES = 16, 8, 5
_THRESHOLDS = np.logspace(-3, 3, 40)


def error(
    u: Float[np.ndarray, "n m"],
    x: Float[np.ndarray, " n"],
    t: Float[np.ndarray, " m"],
    terms: Mapping[str, float],
    seed: int,
) -> float | None:
    """The worst relative error of a coefficient where the right terms of u_t were found."""
    wanted = {_NAMES[name]: value for name, value in terms.items()}
    errors = list[float]()
    for size in _SIZES:
        np.random.seed(seed)  # noqa: NPY002 - the library draws its domains from it
        library = pysindy.WeakPDELibrary(
            function_library=pysindy.PolynomialLibrary(degree=3, include_bias=False),
            derivative_order=3,
            spatiotemporal_grid=np.stack(np.meshgrid(x, t, indexing="ij"), axis=-1),
            K=200,
            H_xt=[(x[-1] - x[0]) / size, (t[-1] - t[0]) / size],
            p=6,
        )
        fields = pysindy.AxesArray(u[..., None], {"ax_spatial": [0], "ax_time": 1, "ax_coord": 2})
        library.fit([fields])
        names = [name.replace(" ", "") for name in library.get_feature_names()]
        features = np.asarray(library.transform([fields])[0]).reshape(-1, len(names))
        left = np.asarray(library.convert_u_dot_integral(fields)).reshape(-1, 1)
        for normal in (False, True):
            for threshold in _THRESHOLDS:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found = pysindy.STLSQ(threshold, alpha=0.0, normalize_columns=normal)
                    values = np.asarray(found.fit(features, left).coef_).ravel()
                kept = {name: v for name, v in zip(names, values, strict=True) if v != 0.0}
                if set(kept) == set(wanted):
                    errors.append(max(abs(kept[name] / v - 1) for name, v in wanted.items()))
    return min(errors, default=None)
