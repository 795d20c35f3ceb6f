"""What climb and march ask of a network: that it is a full product, which they make as they go."""

from collections.abc import Iterator

from pikan.spec.faults import Keys
from pikan.spec.networks import Network, ProductSettings


def product_faults(name: str, network: Network | None) -> Iterator[tuple[Keys, str]]:
    """What a network has that a whole schedule does not."""
    if network is None:
        return
    if not isinstance(network, ProductSettings):
        yield (), f"{name} makes a product network; got kind '{network.kind}', leave network out"
    elif network.rank not in (None, "full"):
        yield (), f"{name} makes a full product; got rank {network.rank}, leave rank out"
    elif network.windows is not None:
        yield (), f"{name} has no fixed windows; leave windows out"
