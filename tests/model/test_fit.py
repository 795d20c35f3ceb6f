import pytest
import torch

import pikan
from pikan.model.error import ModelError
from pikan.model.fit import follow
from pikan.model.penalty import Penalty, penalty
from pikan.network.wired import passages


def rmse(model, dataset):
    with torch.no_grad():
        return float((model(dataset["test_input"]) - dataset["test_label"]).square().mean().sqrt())


@pytest.mark.parametrize(("opt", "steps", "most"), [("LBFGS", 10, 0.05), ("LM", 25, 0.02)])
def test_a_fit_finds_the_function(dataset, opt, steps, most):
    model = pikan.KAN([2, 3, 1])
    history = model.fit(dataset, opt=opt, steps=steps, grid_update_num=3, stop_grid_update_step=6)
    assert len(history["train_loss"]) == steps
    assert history["test_loss"][-1] == pytest.approx(rmse(model, dataset), rel=1e-9)
    assert rmse(model, dataset) < most


def test_adam_goes_down_on_batches(dataset):
    model = pikan.KAN([2, 3, 1])
    history = model.fit(dataset, opt="Adam", steps=60, batch=50, lr=0.05)
    assert history["test_loss"][-1] < 0.3 * history["test_loss"][0]


def test_the_same_seed_makes_the_same_fit_and_leaves_the_global_generator_alone(dataset):
    before = torch.get_rng_state()
    models = [pikan.KAN([2, 2, 1]) for _ in range(3)]
    for model, seed in zip(models, (1, 1, 2), strict=True):
        model.fit(dataset, opt="Adam", steps=3, batch=20, seed=seed)
    one, two, other = (model(dataset["test_input"]).detach() for model in models)
    # Sums over as many numbers may be taken in another order, depending on where they lie.
    torch.testing.assert_close(one, two, rtol=1e-9, atol=1e-9)
    assert float((one - other).abs().max()) > 1e-6
    assert torch.equal(torch.get_rng_state(), before)


def test_any_loss_and_any_metric_will_do(dataset):
    model = pikan.KAN([2, 3, 2])
    classes = {
        **dataset,
        **{
            f"{part}_label": (dataset[f"{part}_label"][:, 0] > 1).long()
            for part in ("train", "test")
        },
    }

    def accuracy():
        right = model(classes["test_input"]).argmax(dim=1) == classes["test_label"]
        return right.double().mean()

    history = model.fit(
        classes,
        steps=8,
        loss_fn=torch.nn.functional.cross_entropy,
        metrics=(accuracy,),
        display_metrics=["accuracy"],
    )
    assert history["accuracy"][-1] > 0.9


def test_a_penalty_leaves_few_edges(sparse):
    assert sorted(sparse.attribute().nodes[1].tolist())[:2] == pytest.approx([0.0, 0.0], abs=0.1)


def test_every_edge_and_every_coefficient_pays(dataset):
    model, x = pikan.KAN([2, [2, 1], 1]), dataset["train_input"]
    weights = model.wired.weights()
    here = passages(model.wired, x, model.wired.trained())
    for rules in (Penalty(1.0, 1.0, 0.0), Penalty(1.0, 0.0, 1.0)):
        slopes = torch.autograd.grad(
            penalty(rules, model.wired, here, weights), weights, retain_graph=True
        )
        assert all(bool(slope.abs().sum() > 0) for slope in slopes)
    coefficients = penalty(Penalty(1.0, 0.0, 0.0, coef=1.0), model.wired, here, weights)
    sizes = [
        w.unflatten(0, (len(live), -1))[:, :8].abs().mean(dim=1).sum()
        for w, live in zip(weights, model.wired.live(), strict=True)
    ]
    torch.testing.assert_close(coefficients, sum(sizes))


def test_grids_that_follow_the_data_hardly_change_a_smooth_function(sparse, dataset):
    model, x = sparse.refine(20), dataset["train_input"]
    with torch.no_grad():
        before = model(x)
        follow(model.wired, x)
        assert float((model(x) - before).abs().max()) < 0.05 * float(before.std())


def test_cut_edges_stay_cut(dataset):
    model = pikan.KAN([2, 3, 1]).remove_edge(0, 0, 1)
    model.fit(dataset, steps=2)
    assert model.n_edge == 8
    assert bool((model.get_act()[0].edges[:, 0, 1] == 0).all())


@pytest.mark.usefixtures("untyped")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"lambda_l1": 1.0}, "unknown argument 'lambda_l1'; did you mean 'lamb_l1'"),
        ({"save_fig": True}, "leave out 'save_fig'"),
        ({"opt": "lbfgs"}, "opt: got 'lbfgs'; did you mean 'LBFGS'"),
        ({"display_metrics": ["loss"]}, "display_metrics: got 'loss'; did you mean 'test_loss'"),
        ({"opt": "LM", "lamb": 0.1}, "opt='LM' fits the mean square"),
        ({"batch": 0}, "batch: got 0, needs -1 for all rows, or a whole number from 1 on"),
        ({"lamb": float("nan")}, "fit: lamb: got nan, needs a finite number from 0 on"),
        ({"lamb": -1}, "lamb: got -1"),
        ({"lamb_l1": -1.0}, "lamb_l1: got -1.0"),
        ({"lamb_entropy": -1.0}, "lamb_entropy: got -1.0"),
        ({"lamb_coef": float("inf")}, "lamb_coef: got inf"),
        ({"lamb_coefdiff": "a"}, "lamb_coefdiff: got 'a'"),
        ({"lr": -1}, "lr: got -1, needs a finite number above 0"),
        ({"lr": 0.0}, "lr: got 0.0, needs a finite number above 0"),
        (
            {"loss_fn": lambda a, b: (a - b) ** 2},
            r"loss_fn: got shape \[300, 1\], needs a tensor of",
        ),
        ({"loss_fn": lambda a, b: 1.0}, "loss_fn: got float, needs a tensor of one number"),
        ({"loss_fn": lambda a, b: (a / 0).mean()}, "no step was taken: the loss is nan"),
        (
            {"loss_fn": lambda a, b: (a / 0).mean(), "opt": "Adam", "steps": 3},
            "no step was taken: the loss is nan",
        ),
        ({"steps": -1}, "steps: got -1"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(dataset, arguments, words):
    with pytest.raises(ModelError, match=words):
        pikan.KAN([2, 1]).fit(dataset, **arguments)


@pytest.mark.parametrize("opt", ["LBFGS", "LM", "Adam"])
def test_a_fit_that_cannot_begin_says_so(opt):
    x = torch.linspace(-1, 1, 20, dtype=torch.float64)[:, None]
    huge = {"train_input": x, "train_label": x * 1e300, "test_input": x, "test_label": x}
    with pytest.raises(ModelError, match="no step was taken: the loss is inf at the start"):
        pikan.KAN([1, 1]).fit(huge, opt=opt, steps=3)
