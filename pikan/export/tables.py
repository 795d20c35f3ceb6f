"""Samples as the tables of xarray and pandas."""

from typing import TYPE_CHECKING

import numpy as np

from pikan.export.samples import Samples

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def dataset(samples: Samples) -> "xr.Dataset":
    """An xarray Dataset: a variable for each unknown and derivative over named coordinates."""
    import xarray as xr

    variables = {name: (samples.coordinates, part) for name, part in samples.values.items()}
    about = {"title": samples.title, "source": samples.source}
    made = xr.Dataset(variables, coords=dict(samples.grids), attrs=about)
    for name, unit in samples.units.items():
        made[name].attrs["units"] = unit
    return made


def dataframe(samples: Samples) -> "pd.DataFrame":
    """A pandas DataFrame: a row for each point, with a column for each coordinate and value."""
    import pandas as pd

    every = np.meshgrid(*samples.grids.values(), indexing="ij")
    columns = {name: part.ravel() for name, part in zip(samples.coordinates, every, strict=True)}
    return pd.DataFrame({**columns, **{k: part.ravel() for k, part in samples.values.items()}})
