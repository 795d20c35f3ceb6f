import pytest
import torch

import pikan
from pikan.kan.arguments import ModelError
from pikan.kan.penalty import Penalty, penalty
from pikan.network.refine import adapt


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
    weights = [layer.weight for layer in model.network.layers()]
    here = model.network.activations(x)
    for rules in (Penalty(1.0, 1.0, 0.0), Penalty(1.0, 0.0, 1.0)):
        slopes = torch.autograd.grad(
            penalty(rules, model.network, here), weights, retain_graph=True
        )
        assert all(bool(slope.abs().sum() > 0) for slope in slopes)
    coefficients = penalty(Penalty(1.0, 0.0, 0.0, coef=1.0), model.network, here)
    sizes = [
        layer.weight.unflatten(0, (len(layer.mask), -1))[:, :8].abs().mean(dim=1).sum()
        for layer in model.network.layers()
    ]
    torch.testing.assert_close(coefficients, sum(sizes))


def test_grids_that_follow_the_data_hardly_change_a_smooth_function(sparse, dataset):
    model, x = sparse.refine(20), dataset["train_input"]
    with torch.no_grad():
        before = model(x)
        after = adapt(model.network, x)(x)
        assert float((after - before).abs().max()) < 0.05 * float(before.std())


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
    huge = {"train_input": x * 1.7e308, "train_label": x, "test_input": x, "test_label": x}
    with pytest.raises(ModelError, match="train_input: too large for"):
        pikan.KAN([1, 1]).fit(huge, opt=opt, steps=3)


def fitted_to(points, labels, width, **arguments):
    rows = len(points) * 3 // 4
    data = {
        "train_input": points[:rows],
        "train_label": labels[:rows],
        "test_input": points[rows:],
        "test_label": labels[rows:],
    }
    model = pikan.KAN(width, seed=0)
    history = model.fit(data, quiet=True, **arguments)
    return model, history, rmse(model, data) / float(labels.std())


def normal(count, inputs, seed=0):
    return torch.randn(count, inputs, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("opt", ["LBFGS", "LM"])
@pytest.mark.parametrize(("factor", "term"), [(1.0, 0.0), (1e-8, 0.0), (1e8, 0.0), (1.0, 1e6)])
def test_a_fit_is_as_good_in_any_unit_of_the_labels(opt, factor, term):
    x = normal(200, 2)
    labels = torch.sin(x[:, [0]]) + x[:, [1]] ** 2
    _, history, error = fitted_to(x, labels * factor + term, [2, 2, 1], opt=opt, steps=20)
    assert error < 0.1
    # The loss is in the unit of the labels.
    assert history["train_loss"][-1] < 0.05 * factor * float(labels.std())


@pytest.mark.parametrize(("factor", "term"), [(1e3, 0.0), (1e-3, 0.0), (1.0, 50.0)])
def test_a_fit_is_as_good_in_any_unit_of_the_points(factor, term):
    x = normal(200, 2)
    labels = torch.sin(x[:, [0]]) + x[:, [1]] ** 2
    assert fitted_to(x * factor + term, labels, [2, 2, 1], opt="LM", steps=20)[2] < 0.1


def test_a_constant_column_and_products_do_no_harm_beyond_the_points():
    errors = []
    for seed in range(5):
        x = torch.cat([normal(60, 3, seed), torch.full((60, 1), 5.0)], dim=1)
        labels = x[:, [0]] * x[:, [1]] + x[:, [2]]
        model, _, error = fitted_to(x, labels, [4, [2, 2], 1], steps=20)
        errors.append(error)
        with torch.no_grad():
            assert bool((model(3 * x).abs() < 1e3 * labels.abs().max()).all())
    assert sorted(errors)[2] < 1.0


@pytest.mark.parametrize("opt", ["LBFGS", "LM", "Adam"])
def test_frozen_parameters_stay_as_they_are(dataset, opt):
    model = pikan.KAN([2, 3, 1])
    first, last = (layer.weight for layer in model.network.layers())
    last.requires_grad_(False)
    knots = model.network.layers()[-1].edges.basis.knots
    before = first.detach().clone(), last.detach().clone(), knots.clone()
    history = model.fit(dataset, opt=opt, steps=6)
    assert not torch.equal(model.network.layers()[0].weight, before[0])
    assert torch.equal(model.network.layers()[1].weight, before[1])
    assert torch.equal(model.network.layers()[-1].edges.basis.knots, before[2])
    assert history.best_loss < history.first_loss
    with pytest.raises(ModelError, match="all parameters are frozen"):
        model.requires_grad_(False).fit(dataset)


@pytest.mark.parametrize("batch", [-1, 50])
def test_a_fit_that_diverges_says_so_and_leaves_the_best(dataset, batch):
    model = pikan.KAN([2, 3, 1])
    model.fit(dataset, steps=5)
    before = rmse(
        model,
        {**dataset, "test_input": dataset["train_input"], "test_label": dataset["train_label"]},
    )
    with pytest.warns(UserWarning, match="fit: the loss went from"):
        history = model.fit(dataset, opt="Adam", lr=1e3, steps=20, batch=batch)
    after = rmse(
        model,
        {**dataset, "test_input": dataset["train_input"], "test_label": dataset["train_label"]},
    )
    assert history.outcome.kind == "diverged"
    assert after <= before * (1 + 1e-9)
    assert history.best_loss == pytest.approx(after, rel=1e-6)


def test_a_fit_that_is_interrupted_leaves_the_best_state(dataset):
    model, losses = pikan.KAN([2, 3, 1]), []

    def impatient():
        losses.append(rmse(model, dataset))
        if len(losses) == 4:
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        model.fit(dataset, steps=10, metrics=[impatient])
    assert rmse(model, dataset) == pytest.approx(min(losses), rel=1e-6)


def test_what_was_trained_before_is_not_started_anew(dataset):
    model = pikan.KAN([2, 3, 1])
    model.fit(dataset, steps=8)
    good = rmse(model, dataset)
    again = pikan.KAN([2, 3, 1], seed=5)
    again.load_state_dict(model.state_dict())
    history = again.fit(dataset, opt="Adam", lr=1e-6, steps=1)
    assert history.first_loss < 2 * good


@pytest.mark.parametrize("basis", ["bspline", "chebyshev", "rbf", "fourier"])
@pytest.mark.parametrize("width", [[3, 4, 4, 1], [200, 30, 10], [1, 1], [2, [3, 3], [0, 2]]])
def test_a_start_has_values_of_size_one(basis, width):
    model = pikan.KAN(width, basis=basis)
    x = 2 * torch.rand(400, width[0], generator=torch.Generator().manual_seed(1)) - 1
    with torch.no_grad():
        assert 0.1 < float(model(normal(400, width[0])).abs().median()) < 3
        assert 0.2 < float(model(x).square().mean().sqrt()) < 3


LOSSES = {
    "cross entropy": (torch.nn.CrossEntropyLoss(), 2),
    "with logits": (torch.nn.BCEWithLogitsLoss(), 1),
    "likelihood": (lambda values, labels: torch.nn.functional.cross_entropy(values, labels), 2),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("column", [False, True])
@pytest.mark.parametrize(
    "kind", [torch.int64, torch.int32, torch.uint8, torch.bool, torch.float32, torch.float64]
)
def test_classes_may_come_as_any_numbers(dataset, loss, column, kind):
    function, outputs = LOSSES[loss]
    classes = {
        name: (values > 1).to(kind)[:, :] if column else (values[:, 0] > 1).to(kind)
        for name, values in dataset.items()
        if name.endswith("label")
    }
    model = pikan.KAN([2, outputs])
    history = model.fit({**dataset, **classes}, loss_fn=function, steps=3)
    assert history.best_loss < 0.6 * history.first_loss


def test_labels_that_a_loss_cannot_take_are_refused_in_a_sentence(dataset):
    labels = {name: torch.full((len(values),), 7) for name, values in dataset.items()}
    wrong = {**dataset, "train_label": labels["train_label"], "test_label": labels["test_label"]}
    with pytest.raises(ModelError, match=r"loss_fn: .*labels \[300\] of torch.int64"):
        pikan.KAN([2, 3]).fit(wrong, loss_fn=torch.nn.CrossEntropyLoss())


def test_labels_of_one_output_need_no_column(dataset):
    flat = {name: v[:, 0] if name.endswith("label") else v for name, v in dataset.items()}
    one, other = (pikan.KAN([2, 1]).fit(data, steps=2) for data in (flat, dataset))
    assert one["test_loss"] == other["test_loss"]
