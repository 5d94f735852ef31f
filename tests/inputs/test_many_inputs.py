from __future__ import annotations

from typing import Any

import pytest

from tests.stages.small import accelerator, mapping
from zigzag_lab.api import RunRequest, run
from zigzag_lab.inputs import check_links, read_mapping, read_workload
from zigzag_lab.vocab import InputError


def layer(**changes: Any) -> dict[str, Any]:
    return {
        "id": 3,
        "name": "gated",
        "operator_type": "Gemm",
        "equation": "O[d][k]+=X[d][c]*Y[c][k]*Z[d]",
        "loop_dims": ["D", "K", "C"],
        "loop_sizes": [4, 6, 5],
        "operand_precision": {"X": 8, "Y": 4, "Z": 2, "O": 16, "O_final": 8},
        "operand_source": {"Y": 3},
        **changes,
    }


def test_three_inputs_become_a_chain_of_two_layers() -> None:
    first, last = read_workload([layer()]).layers
    assert (first.name, first.equation) == ("gated.1", "O[d][k][c]+=I[d][c]*W[c][k]")
    assert (last.id, last.name, last.equation) == (3, "gated", "O[d][k]+=I[d][k][c]*W[d]")
    assert last.sources == {"I": first.id}
    assert (first.constant_operands, last.constant_operands) == (("W",), ())
    assert first.precision_bits == {"I": 8, "W": 4, "O": 16, "O_final": 16}
    assert last.precision_bits == {"I": 16, "W": 2, "O": 16, "O_final": 8}
    assert first.n_macs == last.n_macs == 4 * 6 * 5


def test_windows_stay_where_both_of_their_loops_are() -> None:
    (first, second, last) = read_workload(
        [
            layer(
                equation="O[k][ox]+=S[k]*T[k]*W[k][fx]*I[ix]",
                dimension_relations=["ix=1*ox+1*fx"],
                loop_dims=["K", "OX", "FX"],
                loop_sizes=[3, 8, 2],
                operand_precision={"S": 8, "T": 8, "W": 8, "I": 8, "O": 16, "O_final": 8},
                operand_source={},
            )
        ]
    ).layers
    assert [str(x.equation) for x in (first, second, last)] == [
        "O[k]+=I[k]*W[k]", "O[k][fx]+=I[k]*W[k][fx]", "O[k][ox]+=I[k][fx]*W[ix]",
    ]  # fmt: skip
    assert (second.relations, len(last.relations), last.data_sizes) == ((), 1, {"IX": 9})


@pytest.mark.parametrize("equation", ["O[d][k]+=I[d][k]", "O[d][k]+=A[d]+B[k]+I[d][k]+W[k]", "O[d]+=W[d]*I[d]*A[d]"])
def test_any_number_of_inputs_runs(equation: str) -> None:
    bits = dict.fromkeys(("A", "B", "I", "W", "O", "O_final"), 8)
    names = {term.strip()[0] for term in equation.replace("+=", "*").replace("+", "*").split("*")}
    given = {op: n for op, n in bits.items() if op in (*names, "O_final")}
    data = [
        layer(equation=equation, operand_precision=given, operand_source={}, loop_dims=["D", "K"], loop_sizes=[4, 6])
    ]
    outcome = run(RunRequest(data, accelerator(), mapping(), lpf_limit=4), store=None, mlflow="off")
    assert len(outcome.layers) == max(1, len(names) - 2)
    assert outcome.total.energy_total > 0


def renamed() -> dict[str, Any]:
    return layer(
        equation="Result[row][out_ch]+=Left[row][depth]*Right[depth][out_ch]",
        loop_dims=["row", "out_ch", "depth"],
        operand_precision={"Left": 8, "Right": 8, "Result": 16, "Result_final": 8},
        operand_source={"Right": 3},
    )


def test_operands_and_loops_of_any_name_cost_what_the_usual_ones_cost() -> None:
    usual = layer(
        equation="O[d][k]+=I[d][c]*W[c][k]", operand_precision={"I": 8, "W": 8, "O": 16, "O_final": 8},
        operand_source={"W": 3},
    )  # fmt: skip
    links = {"Result": "O", "Left": "I1", "Right": "I2"}
    other = mapping(memory_operand_links=links, spatial_mapping={"D1": ["OUT_CH, 4"], "D2": ["DEPTH, 4"]})
    rules = [mapping(spatial_mapping={"D1": ["K, 4"], "D2": ["C, 4"]}), other]
    prices = []
    for data, rule in zip((usual, renamed()), rules, strict=True):
        outcome = run(RunRequest([data], accelerator(), rule, lpf_limit=6), store=None, mlflow="off")
        prices.append((outcome.total.energy_total, outcome.total.latency_total2))
    assert prices[0] == prices[1]


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ({"O": "O", "W": "I2", "I": "I1"}, "operand Result of layer gated is not among 'O', 'W', 'I'"),
        (
            {"Result": "O", "Lift": "I1", "Right": "I2"},
            "operand Left of layer gated .*Did you mean 'Lift'",
        ),
        ({"Result": "I1", "Left": "O", "Right": "I2"}, "Result, the result of layer gated, is linked to I1"),
    ],
)
def test_links_that_miss_an_operand(links: dict[str, str], message: str) -> None:
    rules = read_mapping([{"name": "default", "memory_operand_links": links}])
    with pytest.raises(InputError, match=f"mapping entry 'default': memory_operand_links: {message}"):
        check_links(rules, read_workload([renamed()]))
