from __future__ import annotations

import pytest

pytestmark = pytest.mark.training


@pytest.mark.parametrize("bits", [4, 8])
def test_rounding_with_the_inputs_in_mind_changes_the_outputs_less(bits: int) -> None:
    import torch

    from desktop_assistant.training.gptq import round_weight

    torch.manual_seed(3)
    mixing = torch.randn(64, 64) * torch.rand(64)
    inputs = torch.randn(500, 64) @ mixing
    weight = torch.randn(24, 64)

    def error(product: torch.Tensor) -> float:
        rounded = round_weight(weight, product, bits=bits)
        scales, zeros = (
            part.float().repeat_interleave(32, dim=1) for part in (rounded.scales, rounded.zeros)
        )
        restored = (rounded.numbers.float() - zeros) * scales
        assert int(rounded.numbers.max()) < 2**bits
        return float((inputs @ (restored - weight).T).pow(2).mean())

    assert error(inputs.T @ inputs) < 0.8 * error(torch.eye(64))


def test_the_products_are_those_of_all_inputs_of_each_layer() -> None:
    import torch

    from desktop_assistant.training.gptq import input_products

    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    first, second = torch.randn(4, 3), torch.randn(2, 3)

    products = input_products(model, [{"input": first}, {"input": second}])

    assert set(products) == {"0", "2"}
    assert torch.allclose(products["0"], first.T @ first + second.T @ second, atol=1e-5)
    assert not model[0]._forward_pre_hooks
