"""GMRES solves in as many products as the matrix has different eigenvalues."""

import torch

from pikan.linalg.krylov import gmres


def test_three_eigenvalues_take_three_products():
    generator = torch.Generator().manual_seed(0)
    mixed = torch.rand(30, 30, generator=generator, dtype=torch.float64)
    turn = torch.linalg.qr(mixed).Q
    matrix = turn @ torch.diag(torch.tensor([1.0, 2.0, 5.0]).to(turn).repeat(10)) @ turn.mT
    right = torch.rand(30, generator=generator, dtype=torch.float64)
    products = []

    def operator(vector):
        products.append(vector)
        return matrix @ vector

    found = gmres(operator, right, 1e-12, 20)
    assert len(products) == 3
    assert torch.allclose(matrix @ found, right, rtol=0, atol=1e-12)


def test_what_is_not_solved_has_the_least_residual_of_its_krylov_space():
    generator = torch.Generator().manual_seed(1)
    matrix = torch.rand(12, 12, generator=generator, dtype=torch.float64)
    right = torch.rand(12, generator=generator, dtype=torch.float64)
    found = gmres(lambda vector: matrix @ vector, right, 1e-12, 4)
    powers = [right]
    for _ in range(3):
        powers.append(matrix @ powers[-1])
    space = matrix @ torch.stack(powers, dim=1)
    expected = space @ torch.linalg.lstsq(space, right[:, None]).solution
    assert torch.allclose(matrix @ found, expected[:, 0], rtol=0, atol=1e-9)
