from __future__ import annotations

import io
import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.vocab.terminal import REWRITTEN, Gate, bold, data_stream, gated, printable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


ATTACKS = [
    "\x1b[31mred\x1b[0m",
    "\x1b[1mbold",
    "\x1b]0;title\x07",
    "\x1b[2J\x1b[H",
    "\x9b31m",
    "a\rb",
    "a\bb",
    "\x00\x7f",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "\udcff",
]


@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_nothing_foreign_steers_a_terminal(text: str, stream: type[io.StringIO]) -> None:
    behind = stream()
    Gate(behind).write(f"name {text}\n")
    assert behind.getvalue().isascii() or behind.getvalue().rstrip("\n").isprintable()
    assert behind.getvalue()[:-1].isprintable()


@given(st.text())
def test_what_passes_is_printable_and_as_long(text: str) -> None:
    shown = printable(text)
    assert all(c.isprintable() or c in "\n\t" for c in shown)
    assert len(shown) == len(text.replace("\r\n", "\n"))
    assert printable(shown) == shown
    if text.isprintable():
        assert shown == text


def test_our_own_styles_pass_to_terminals_only() -> None:
    for behind, shown in ((Terminal(), "\x1b[1mhead\x1b[0m\r\x1b[2K3 of 4"), (io.StringIO(), "head3 of 4")):
        Gate(behind).write(bold("head") + REWRITTEN + "3 of 4")
        assert behind.getvalue() == shown


@pytest.mark.parametrize("says", [click.echo, print])
def test_all_that_is_printed_goes_through_the_gate(says: object, monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with gated():
        says("\x1b[31mname")  # type: ignore[operator]
        click.echo("\x1b[31mpassword=hunter2", err=True)
    assert out.getvalue() == "\ufffd[31mname\n"
    assert err.getvalue() == "\ufffd[31mpassword=***\n"
    assert (sys.stdout, sys.stderr) == (out, err)


def test_data_for_programs_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for out, shown in ((io.StringIO(), "\x1b[31m"), (Terminal(), "\ufffd[31m")):
        monkeypatch.setattr(sys, "stdout", out)
        with gated():
            data_stream().write("\x1b[31m")
        assert out.getvalue() == shown


def test_a_stream_that_knows_fewer_characters() -> None:
    behind = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Gate(behind).write("\x1b[31m naïve")
    behind.flush()
    assert behind.buffer.getvalue() == b"?[31m na?ve"  # type: ignore[attr-defined]


def test_no_streams_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with gated():
        assert sys.stdout is None
