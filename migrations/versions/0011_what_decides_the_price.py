"""Ports with the costs of their memories, and precisions of operands, of all inputs that are there; views of them.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import json
import zlib
from math import prod
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ANY_WHOLE = sa.BigInteger().with_variant(postgresql.NUMERIC(), "postgresql")
MOST_WHOLE = (1 << 63) - 1

PORTS = """CREATE VIEW zl_v_ports AS
SELECT r.id AS run_id, e.name AS experiment, a.name AS accelerator, o.memory, o.n_instances, o.size_bits,
       o.read_cost_pj, o.write_cost_pj, o.port, o.port_kind, o.bandwidth_min_bits, o.bandwidth_max_bits,
       CASE WHEN o.port_kind <> 'write' THEN o.read_cost_pj / o.bandwidth_max_bits END AS read_pj_per_bit,
       CASE WHEN o.port_kind <> 'read' THEN o.write_cost_pj / o.bandwidth_max_bits END AS write_pj_per_bit,
       o.transfers, o.memory_index, o.port_index, a.kind AS input_kind, a.digest AS accelerator_digest, a.run_number
FROM zl_run_input a
JOIN zl_run r ON r.number = a.run_number
JOIN zl_experiment e ON e.number = r.experiment_number
JOIN zl_input_port o ON o.digest = a.digest
WHERE r.deleted_at IS NULL"""

OPERANDS = """CREATE VIEW zl_v_operands AS
SELECT r.id AS run_id, e.name AS experiment, w.name AS workload,
       p.position + l.layer_index - p.first_index AS layer_index, l.layer_id, l.name AS layer,
       o.operand, o.batch_size, o.precision_bits, o.final_precision_bits, p.run_number
FROM zl_run_layer p
JOIN zl_layer_evaluation l ON l.run_number = p.owner_number AND l.layer_index BETWEEN p.first_index AND p.last_index
JOIN zl_run r ON r.number = p.run_number
JOIN zl_experiment e ON e.number = r.experiment_number
JOIN zl_run_input w ON w.run_number = l.run_number AND w.kind = 'workload'
JOIN zl_input_operand o ON o.digest = w.digest AND o.layer_id = l.layer_id
WHERE p.role = 'chosen' AND r.deleted_at IS NULL"""


def upgrade() -> None:
    """Make the tables, fill them from the inputs that are there, and make the views."""
    ports = _table(
        "zl_input_port",
        sa.Column("memory_index", sa.Integer(), nullable=False, primary_key=True),
        sa.Column("port_index", sa.Integer(), nullable=False, primary_key=True),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("n_instances", ANY_WHOLE, nullable=False),
        sa.Column("size_bits", ANY_WHOLE, nullable=False),
        sa.Column("read_cost_pj", sa.Double(), nullable=False),
        sa.Column("write_cost_pj", sa.Double(), nullable=False),
        sa.Column("port", sa.Text(), nullable=False),
        sa.Column("port_kind", sa.Text(), nullable=False),
        sa.Column("bandwidth_min_bits", ANY_WHOLE, nullable=False),
        sa.Column("bandwidth_max_bits", ANY_WHOLE, nullable=False),
        sa.Column("transfers", sa.Text(), nullable=False),
    )
    operands = _table(
        "zl_input_operand",
        sa.Column("layer_id", sa.Integer(), nullable=False, primary_key=True),
        sa.Column("operand", sa.Text(), nullable=False, primary_key=True),
        sa.Column("batch_size", sa.BigInteger(), nullable=False),
        sa.Column("precision_bits", ANY_WHOLE, nullable=False),
        sa.Column("final_precision_bits", ANY_WHOLE, nullable=True),
    )
    inputs = sa.table("zl_input", sa.column("digest"), sa.column("kind"), sa.column("content"))
    connection = op.get_bind()
    for digest, kind in connection.execute(sa.select(inputs.c.digest, inputs.c.kind)).all():
        table, rows_of = {"accelerator": (ports, _ports), "workload": (operands, _operands)}.get(
            str(kind).partition(" ")[0], (None, None)
        )
        if table is None or rows_of is None:
            continue
        content = connection.execute(sa.select(inputs.c.content).where(inputs.c.digest == digest)).scalar()
        try:
            rows = rows_of(json.loads(zlib.decompress(content)))
        except (ValueError, TypeError, LookupError, AttributeError, zlib.error):
            continue  # a damaged input, which 'doctor --deep' names
        if rows:
            connection.execute(sa.insert(table), [{"digest": digest, **row} for row in rows])
    for view in (PORTS, OPERANDS):
        op.execute(view)


def _table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """A table of what inputs hold, keyed by their digest and the columns that are marked."""
    keys = [column.name for column in columns if column.primary_key]
    plain = [sa.Column(column.name, column.type, nullable=column.nullable) for column in columns]
    reference = op.f(f"fk_{name}_digest_zl_input")
    made = op.create_table(
        name,
        sa.Column("digest", sa.Text(), nullable=False),
        *plain,
        sa.ForeignKeyConstraint(["digest"], ["zl_input.digest"], name=reference, ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", *keys, name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )
    assert made is not None  # only scripts that are printed have none
    return made


def _ports(accelerator: Any) -> list[dict[str, Any]]:
    sizes = dict(accelerator["array"]["sizes"])
    return [
        {
            "memory_index": m,
            "port_index": p,
            "memory": memory["name"],
            "n_instances": _whole(prod(n for dim, n in sizes.items() if dim not in memory["served_dimensions"])),
            "size_bits": _whole(memory["size_bits"]),
            "read_cost_pj": memory["read_cost_pj"],
            "write_cost_pj": memory["write_cost_pj"],
            "port": port["name"],
            "port_kind": port["kind"],
            "bandwidth_min_bits": _whole(port["bandwidth_min_bits"]),
            "bandwidth_max_bits": _whole(port["bandwidth_max_bits"]),
            "transfers": ", ".join(f"{operand} {direction}" for operand, direction in port["serves"]),
        }
        for m, memory in enumerate(accelerator["memories"])
        for p, port in enumerate(memory["ports"])
    ]


def _operands(workload: Any) -> list[dict[str, Any]]:
    rows = []
    for layer in workload["nodes"]:
        if "precision_bits" not in layer:
            continue
        bits, batch = dict(layer["precision_bits"]), dict(layer["loop_sizes"]).get("B", 1)
        for index, (operand, _) in enumerate(layer["operand_dims"]):
            row = {"layer_id": layer["id"], "operand": operand, "batch_size": batch}
            final = None if index else _whole(bits["O_final"])
            rows.append({**row, "precision_bits": _whole(bits[operand]), "final_precision_bits": final})
    return rows


def _whole(number: Any) -> Any:
    """A whole number; one beyond 64 bits as a float, which SQLite's columns take as well."""
    is_too_large = op.get_bind().dialect.name == "sqlite" and number > MOST_WHOLE
    return float(number) if is_too_large else int(number)


def downgrade() -> None:
    """Take views and tables away."""
    op.execute("DROP VIEW zl_v_ports")
    op.execute("DROP VIEW zl_v_operands")
    op.drop_table("zl_input_port")
    op.drop_table("zl_input_operand")
