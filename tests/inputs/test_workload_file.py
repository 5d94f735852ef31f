from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inputs import oracle, samples
from tests.inputs.samples import conv_layer
from zigzag_lab.inputs import read_workload
from zigzag_lab.vocab import InputError


def test_every_field_arrives(tmp_path: Path) -> None:
    network = read_workload(samples.written(tmp_path, samples.workload(), "net.yml"))
    assert network.name == "net"
    assert read_workload(samples.workload(), "net") == network
    stem, pool, add, scale = network.layers
    assert [layer.name for layer in network] == ["stem", "Layer1", "Layer2", "Layer3"]
    assert stem.data_sizes == {"IX": 32, "IY": 32}
    assert stem.padding == {"IX": (1, 0), "IY": (1, 0)}
    assert (stem.constant_operands, stem.sources) == (("I", "W"), {})
    assert pool.data_sizes == {"IX": 16, "IY": 16}
    assert (pool.constant_operands, pool.sources, pool.precision_bits["W"]) == (("W",), {"I": 0}, 0)
    assert (add.combine, add.sources, add.constant_operands) == ("+", {"I": 1, "W": 1}, ())
    assert scale.operand_dims["W"] == ()
    assert (scale.sources, scale.constant_operands) == ({"I": 2}, ())


def test_sample_is_read_as_the_reference_reads_it() -> None:
    oracle.assert_same_workload(read_workload(samples.workload()), oracle.yaml_nodes(samples.workload()))


def test_later_layers_may_stand_first() -> None:
    layers = samples.workload()
    assert [layer.id for layer in read_workload(layers[::-1])] == [0, 1, 2, 3]


def test_relations_and_sources_may_be_left_out() -> None:
    layer = conv_layer(equation="O[b][k]+=I[b][c]*W[c][k]", loop_dims=["B", "K", "C"], loop_sizes=[2, 3, 4])
    for key in ("dimension_relations", "operand_source", "pr_loop_dims", "padding"):
        del layer[key]
    read = read_workload([layer]).layers[0]
    assert (read.relations, read.sources, read.constant_operands) == ((), {}, ())


def test_sizes_that_are_given_win_and_the_others_follow_from_the_relations() -> None:
    layer = conv_layer(pr_loop_dims=["IY"], pr_loop_sizes=[7], padding=None)
    assert read_workload([layer]).layers[0].data_sizes == {"IX": 33, "IY": 7}


@st.composite
def random_layers(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Convolutions, poolings and products of any sizes, whose sources are layers that stand before them."""
    layers = []
    for i in range(draw(st.integers(1, 3))):
        size = st.integers(1, 5)
        sources = {op: draw(st.sampled_from([i, *range(i)])) for op in draw(st.sets(st.sampled_from("IW")))}
        more = {"id": i, "name": draw(st.sampled_from([None, f"layer {i}"])), "operand_source": sources}
        bits = st.integers(0, 32)
        more["operand_precision"] = {op: draw(bits) for op in ("W", "O", "I", "O_final")}
        if draw(st.booleans()):
            equation = draw(st.sampled_from(["O[b][k]+=I[b][c]*W[c][k]", "O[b][k] += I[b][c] * W[]", "O[k]=I[b]+W[c]"]))
            more |= {"equation": equation, "dimension_relations": [], "pr_loop_dims": None, "padding": None}
            dims = draw(st.permutations(["B", "K", "C", "D7"]))
            layers.append(conv_layer(**more, loop_dims=dims, loop_sizes=[draw(size) for _ in dims]))
            continue
        a, b, c, d = (draw(st.integers(1, 3)) for _ in range(4))
        more["dimension_relations"] = [f"ix={a}*ox+{b}*fx", f"iy = {c}*oy + {d}*fy"]
        sizes = st.one_of(st.none(), st.lists(st.integers(1, 9), min_size=2, max_size=2))
        more |= {"padding": None, "pr_loop_sizes": draw(sizes)}
        dims = draw(st.permutations(["B", "K", "C", "OY", "OX", "FY", "FX"]))
        layers.append(conv_layer(**more, loop_dims=dims, loop_sizes=[draw(size) for _ in dims]))
    return layers


@given(layers=random_layers())
@settings(max_examples=60, deadline=None)
def test_random_layers_are_read_as_the_reference_reads_them(layers: list[dict[str, Any]]) -> None:
    ours = read_workload(copy.deepcopy(layers))
    oracle.assert_same_workload(ours, oracle.yaml_nodes(layers))


def changed(**changes: Any) -> list[dict[str, Any]]:
    return [{key: value for key, value in conv_layer(**changes).items() if value is not ...}]


CHAIN = [conv_layer(id=i, name=None, operand_source={"I": s, "W": i}) for i, s in ((0, 2), (1, 0), (2, 1))]


@pytest.mark.parametrize(
    ("data", "place", "remedy"),
    [
        ([], "workload: there are no layers", "at least one layer"),
        ({"id": 0}, "workload: found the mapping", "a list of layers"),
        (changed(id=...), "workload: [0]: key 'id' is missing", "Add a line 'id: ...'"),
        (changed(id=2**31), "[0].id: found the number 2147483648", "at most 2,147,483,647"),
        (changed(id=-(2**64)), "[0].id: found the number -18446744073709551616", "-2147483647 or more"),
        (changed(id="0"), "[0].id: found the text '0'", "a whole number"),
        (changed(operator_type="Convv"), "[0].operator_type: found the text 'Convv'", "Did you mean 'Conv'?"),
        (changed(operatortype="Conv"), "[0].operatortype: unknown key", "Did you mean 'operator_type'?"),
        (changed(equation="O=I*W"), "[0].equation: 'O=I*W' is no equation", "Write each index in brackets"),
        (changed(equation="O[b][z]+=I[b]*W[b]"), "layer stem: operand O is indexed with unknown dimension Z", "IX, IY"),
        (changed(loop_sizes=[1, 2]), "[0].loop_sizes: 2 sizes for 7 loops", "one size for each"),
        (changed(loop_sizes=[1, 8, 0, 16, 16, 3, 3]), "[0].loop_sizes[2]: found the number 0", "1 or more"),
        (changed(loop_dims=["B", "K", "K", "OY", "OX", "FY", "FX"]), "loop_dims: loop K stands twice", "once"),
        (changed(dimension_relations=["ix=2ox+fx"]), "dimension_relations[0]: 'ix=2ox+fx' relates", "ix=2*ox+1*fx"),
        (changed(dimension_relations=["ix=ox+fx"] * 2), "dimension_relations[1]: IX is related twice", "one relation"),
        (changed(dimension_relations=["k=ox+fx"]), "dimension_relations[0]: K is a loop too", "Take it out"),
        (changed(dimension_relations=["ix=ox+fz", "iy=oy+fy"]), "a dimension relation names unknown loop FZ", "FY"),
        (changed(dimension_relations=["ix=ox+fx", "iy=oy+fx"]), "loop FX stands in two", "at most one"),
        (
            changed(operand_precision={"I": 8, "W": 8, "O": 8}),
            "precision: key 'O_final' is missing",
            "bits of a result",
        ),
        (changed(operand_precision={"I": 8, "O": 8, "O_final": 8}), "operand W has no precision", "every operand"),
        (changed(operand_precision={"I": 8, "W": -1, "O": 8, "O_final": 8}), "W: found the number -1", "0 or more"),
        (changed(operand_source={"I": 4}), "layer stem: its source 4 does not exist", "one of 0"),
        (changed(operand_source={"X": 0}), "operand_source.X: unknown key 'X'", "one of W, I"),
        (changed(pr_loop_dims=None), "[0].padding: 'padding' without 'pr_loop_dims'", "Add 'pr_loop_dims: [IX, IY]'"),
        (changed(pr_loop_dims=["IX", "IZ"]), "pr_loop_dims[1]: IZ stands in no dimension relation", "one of IX, IY"),
        (changed(pr_loop_sizes=[3]), "pr_loop_sizes: 1 values for 2 data dimensions", "one for each"),
        (changed(padding=[[1, 0]]), "padding: 1 values for 2 data dimensions", "one for each"),
        (changed(padding=[[1], [0, 0]]), "padding[0]: found 1 numbers", "before and after"),
        (changed(padding=[[99, 0], [0, 0]]), "data dimension IX has -66 elements", "Check 'padding'"),
        ([conv_layer(), conv_layer()], "[1]: two layers are called stem", "leave the name out to get Layer{id}"),
        ([conv_layer(), conv_layer(name="b")], "workload: workload workload: two layers have id 0", "of its own"),
        (CHAIN, "its layers form a cycle: Layer0 -> Layer1 -> Layer2", "a graph without cycles"),
    ],
)
def test_bad_input(data: Any, place: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        read_workload(data)
    assert str(caught.value).startswith("workload: ")
    assert place in str(caught.value)
    assert remedy in str(caught.value)


def test_messages_name_file_and_line(tmp_path: Path) -> None:
    path = samples.written(tmp_path, [*samples.workload(), conv_layer(id=9, name="late", loop_sizes=[1])], "net.yaml")
    with pytest.raises(InputError, match=r"net\.yaml: \[4\]\.loop_sizes \(line \d+\): 1 sizes for 7 loops"):
        read_workload(path)


@given(data=samples.spoilt(samples.workload()))
@settings(max_examples=100, deadline=None)
def test_spoilt_data_is_read_or_refused(data: Any) -> None:
    message = samples.refusal(read_workload, data)
    assert not message or message.startswith("workload: ")
