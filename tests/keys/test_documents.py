from __future__ import annotations

import pickle
from dataclasses import replace

from hypothesis import given, settings

from tests.strategies.problems import RandomProblem, problems, random_problem
from zigzag_lab.hardware import Accelerator, Memory, OperationalArray, Port
from zigzag_lab.keys import canonical_json, described, meaning_digest
from zigzag_lab.keys.records import record_from
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.vocab import Direction
from zigzag_lab.workload import FreeNode, Layer, Workload

LAYER = Layer(
    id=3,
    name="fc",
    operator_type="Gemm",
    operand_dims={"O": ("B", "K"), "W": ("K", "C"), "I": ("B", "C")},
    loop_sizes={"B": 2, "K": 4, "C": 8},
    precision_bits={"O": 16, "O_final": 8, "W": 8, "I": 8},
    constant_operands=("W",),
)
PORT = Port("rw", "read_write", 8, 16, tuple((op, d) for op in ("I1", "I2", "O") for d in Direction))
MEMORY = Memory("sram", 4096, 1.5, 2.0, 0.0, 1, ("I1", "I2", "O"), (PORT,), ("D1",))
ACCELERATOR = Accelerator("tiny", (MEMORY,), OperationalArray({"D1": 4}, 0.25, 1.0))


def fed_by(source: int, layer_id: int) -> Layer:
    return replace(LAYER, id=layer_id, name=f"fc{layer_id}", sources={"I": source})


def test_golden_keys() -> None:
    assert meaning_digest(LAYER) == "4a2cfd9778ce1110151ad737e377173b76e97f96e82298a3b8f3098df615868c"
    assert meaning_digest(ACCELERATOR) == "85eb4ea203e0653ce695eb74a83987d174cd90c786bffaddf62167f7153b1250"
    assert meaning_digest(MappingConstraints()) == "376c4cf848bdea70e703290d3f82008d37c6a751c50792331365b6c356067531"
    assert (
        meaning_digest(MappingRules({"default": MappingConstraints()}))
        == "615c4e360708085bade8bae247596e074f11b279f332e8ed845d866a48f4683e"
    )
    assert (
        meaning_digest(Workload("net", (LAYER,))) == "7f9e56aae685f92d6c5f796172cdce8c1b8ebe8d53dfec39275889c4b71d03d9"
    )


def test_a_bypass_counts_and_its_absence_is_not_said() -> None:
    with_it = replace(ACCELERATOR, memories=(replace(MEMORY, bypass=("I1",)),))
    assert meaning_digest(with_it) != meaning_digest(ACCELERATOR)
    assert meaning_digest(MappingConstraints(bypass={"I": ("sram",)})) != meaning_digest(MappingConstraints())
    assert "bypass" not in str(described(ACCELERATOR)) + str(described(MappingConstraints()))
    assert record_from(Accelerator, described(ACCELERATOR)) == ACCELERATOR
    assert record_from(Accelerator, described(with_it)) == with_it


@settings(max_examples=25)
@given(problems())
def test_records_keep_their_key_through_a_pickle_and_under_other_names(problem: RandomProblem) -> None:
    layer, accelerator = problem.layer, problem.accelerator
    assert meaning_digest(pickle.loads(pickle.dumps(layer))) == meaning_digest(layer)
    assert meaning_digest(replace(layer, id=layer.id + 1, name="other")) == meaning_digest(layer)
    assert meaning_digest(replace(accelerator, name="other")) == meaning_digest(accelerator)


@settings(max_examples=25)
@given(problems())
def test_what_changes_a_price_changes_the_key(problem: RandomProblem) -> None:
    memory = problem.accelerator.memories[0]
    dearer = replace(memory, read_cost_pj=memory.read_cost_pj + 1)
    other = replace(problem.accelerator, memories=(dearer, *problem.accelerator.memories[1:]))
    assert meaning_digest(other) != meaning_digest(problem.accelerator)
    precision = {op: bits + 1 for op, bits in problem.layer.precision_bits.items()}
    assert meaning_digest(replace(problem.layer, precision_bits=precision)) != meaning_digest(problem.layer)


def test_ids_and_free_nodes_do_not_change_the_key_of_a_network() -> None:
    direct = Workload("a", (fed_by(3, 3), fed_by(3, 4)))
    plain = Workload("a", (LAYER, fed_by(3, 4)))
    through = Workload("b", (LAYER, FreeNode(9, "relu", "Relu", (3,)), FreeNode(10, "r", "Relu", (9,)), fed_by(10, 4)))
    renumbered = Workload("c", (replace(LAYER, id=30), replace(fed_by(30, 40), name="fc4")))
    assert meaning_digest(plain) == meaning_digest(through) == meaning_digest(renumbered)
    assert meaning_digest(plain) != meaning_digest(direct)
    assert meaning_digest(plain) != meaning_digest(Workload("a", (LAYER, replace(LAYER, id=4, name="fc4"))))


def test_a_description_leaves_nothing_out() -> None:
    problem = random_problem(2)
    said = described(Workload("net", (problem.layer, FreeNode(99, "relu", "Relu"))))
    assert said["name"] == "net"
    assert said["nodes"][0]["id"] == problem.layer.id
    assert said["nodes"][0]["loop_sizes"] == [[d, n] for d, n in problem.layer.loop_sizes.items()]
    assert said["nodes"][1] == {
        "id": 99,
        "name": "relu",
        "operator_type": "Relu",
        "predecessors": [],
        "n_operations": 0,
    }
    memories = described(problem.accelerator)["memories"]
    assert [memory["name"] for memory in memories] == [memory.name for memory in problem.accelerator.memories]
    assert canonical_json(memories)
