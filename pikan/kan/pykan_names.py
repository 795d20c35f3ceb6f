"""Names of pykan's that pikan does without, each with what stands in its place."""

from collections.abc import Mapping

GONE: Mapping[str, str] = {
    "auto_save": "pikan.KAN writes no files",
    "ckpt_path": "pikan.KAN writes no files",
    "save_act": "get_act gives the activations when they are asked for",
    "symbolic_enabled": "it costs nothing here",
    "mult_arity": "a product is of two sums, [sums, products]",
    "state_id": "what changes a model gives a new one",
    "round": "what changes a model gives a new one",
    "save_fig": "call plot after each fit",
    "img_folder": "call plot after each fit",
    "a_range": "the search goes as far as the points can tell",
    "b_range": "the search goes as far as the points can tell",
    "random": "the numbers are fitted, or 1, 0, 1 and 0",
    "mode": "active_neurons_id names nodes where it is given",
    "grid_eps": "grids follow the points' quantiles, with pykan's share of even cells",
    "noise_scale": "seed draws another start",
    "sparse_init": "prune cuts edges",
    "mask": "edges that have been cut are not drawn",
    "verbose": "what was found is in what comes back",
    "log_history": "what changes a model gives a new one",
    "normalizer": "fit to data as they are",
    "output_normalizer": "fit to data as they are",
    "singularity_avoiding": "nothing here is singular",
    "y_th": "nothing here is singular",
}
"""Arguments of pykan's that pikan has no use for, and why."""


_NEW = "calls that change a model return another and leave this one; keep it, or copy() it"
ABSENT: Mapping[str, str] = {
    "act_fun": "get_fun(l, i, j) gives an edge's function, and network.layers() hold them all",
    "acts": "get_act() gives what enters and leaves every layer",
    "acts_scale": "attribute() gives scores of nodes and edges",
    "add_symbolic": "pikan.add_symbolic(name, fun, c) makes a function known to all models",
    "auto_swap": "the order of nodes does not matter here",
    "checkout": _NEW,
    "connection_cost": "attribute() gives scores of nodes and edges",
    "depth": "len(model.width) - 1 is the number of layers",
    "disable_symbolic_in_fit": "fit trains all that requires gradients; see requires_grad_",
    "edge_scores": "attribute() gives scores of nodes and edges",
    "evaluate": "fit takes metrics; a loss on other points is a line of torch",
    "feature_interaction": "attribute() gives scores of nodes and edges",
    "history": _NEW,
    "initialize_from_another_model": "another.refine(new_grid) is the same on a finer grid",
    "initialize_grid_from_another_model": "update_grid_from_samples(x) lays grids on points",
    "log_history": _NEW,
    "node_attribute": "attribute(l, i) gives the scores",
    "node_scores": "attribute() gives scores of nodes and edges",
    "perturb": "seed draws another start",
    "remove_node": "prune_node(active_neurons_id=...) names the nodes to keep",
    "reg": "fit takes lamb, and its history has 'reg'",
    "get_reg": "fit takes lamb, and its history has 'reg'",
    "rewind": _NEW,
    "saveckpt": "save(path) writes one file, and pikan.KAN.load(path) reads it",
    "set_mode": "remove_edge cuts an edge, fix_symbolic puts formulas on it",
    "spline_postacts": "get_act() gives what every edge gives, as edges",
    "spline_preacts": "get_act() gives what enters every edge, as nodes",
    "swap": "the order of nodes does not matter here",
    "symbolic_fun": "network.layers() hold the formulas, symbolic_formula() all together",
    "tree": "plot() shows the network",
    "unfix_symbolic_all": "unfix_symbolic(l, i, j) does so for one edge",
    "update_grid": "update_grid_from_samples(x) lays grids on points",
}
"""Methods of pykan's that a model does not have, and what does the same."""
