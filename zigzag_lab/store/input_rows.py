"""What inputs hold that decides the price, as rows that can be asked for: their content is compressed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from zigzag_lab.hardware import Accelerator
from zigzag_lab.store.database import Database, insertion
from zigzag_lab.store.run_start import RunInput
from zigzag_lab.store.tables import InputOperandTuple, InputPortTuple
from zigzag_lab.vocab import FINAL_OUTPUT, InputError
from zigzag_lab.workload import Workload

ROWS_AT_ONCE = 64


def insert_rows_of(database: Database, given: RunInput) -> None:
    """Add the rows of an input that is new to a database, within a transaction; none of one that cannot be read."""
    rows: Sequence[NamedTuple] = ()
    with suppress(InputError):  # as of another version: the run goes on, and 'doctor --deep' names the input
        if given.kind.startswith("accelerator"):
            rows = [*port_rows(given.digest, given.as_record())]
        elif given.kind.startswith("workload"):
            rows = [*operand_rows(given.digest, given.as_record())]
    for first in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[first : first + ROWS_AT_ONCE]
        database.execute(insertion(type(some[0]), len(some)), [value for row in some for value in row])


def port_rows(digest: str, accelerator: Accelerator) -> Iterator[InputPortTuple]:
    """A row for each port of each memory, in the order of the file."""
    for memory_index, memory in enumerate(accelerator.memories):
        for port_index, port in enumerate(memory.ports):
            yield InputPortTuple(
                digest=digest,
                memory_index=memory_index,
                port_index=port_index,
                memory=memory.name,
                n_instances=accelerator.n_instances(memory),
                size_bits=memory.size_bits,
                read_cost_pj=float(memory.read_cost_pj),
                write_cost_pj=float(memory.write_cost_pj),
                port=port.name,
                port_kind=port.kind,
                bandwidth_min_bits=port.bandwidth_min_bits,
                bandwidth_max_bits=port.bandwidth_max_bits,
                transfers=", ".join(f"{operand} {direction.value}" for operand, direction in port.serves),
            )


def operand_rows(digest: str, workload: Workload) -> Iterator[InputOperandTuple]:
    """A row for each operand of each layer; the output's has the precision of finished sums, too."""
    for layer in workload.layers:
        for operand in layer.operands:
            yield InputOperandTuple(
                digest=digest,
                layer_id=layer.id,
                operand=operand,
                batch_size=layer.batch_size,
                precision_bits=layer.precision_bits[operand],
                final_precision_bits=layer.precision_bits[FINAL_OUTPUT] if operand == layer.output_operand else None,
            )
