from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
import yaml

from tests.inputs.samples import written
from zigzag_lab.inputs import yaml_file
from zigzag_lab.inputs.yaml_file import MAX_DEPTH, load_yaml
from zigzag_lab.vocab import InputError

OLD_PORTS = "      - fh: w_port_1\n        tl: r_port_1\n      - {fl: w_port_1, th: r_port_1}\n"
NEW_PORTS = "      - name: r_port_1\n        type: read\n"


def test_lines_of_values(tmp_path: Path) -> None:
    document = load_yaml(written(tmp_path, "a: 1\nb:\n  - x\n  - c: 2\n    d: 3\n"))
    assert document.data == {"a": 1, "b": ["x", {"c": 2, "d": 3}]}
    assert [document.line_of(p) for p in [("a",), ("b",), ("b", 1), ("b", 1, "d")]] == [1, 2, 4, 5]
    assert document.line_of(("b", 1, "missing")) == 4
    assert document.line_of(()) is None


@pytest.mark.parametrize("suffix", ["yaml", "yml", "txt"])
@pytest.mark.parametrize("kind", [str, Path])
def test_any_suffix_and_kind_of_path(tmp_path: Path, suffix: str, kind: type) -> None:
    path = written(tmp_path, "a: 1", f"file.{suffix}")
    assert load_yaml(kind(path)).data == {"a": 1}


def test_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfname: x")
    assert load_yaml(tmp_path / "a.yaml").data == {"name": "x"}


def test_anchors_and_merges_are_no_duplicates(tmp_path: Path) -> None:
    text = "base: &b {size: 1, area: 2}\none: {<<: *b, size: 3}\ntwo: {<<: *b}\n"
    data = load_yaml(written(tmp_path, text)).data
    assert (data["one"], data["two"]) == ({"size": 3, "area": 2}, {"size": 1, "area": 2})


def test_missing_file_suggests_a_neighbour(tmp_path: Path) -> None:
    written(tmp_path, "a: 1", "tpu_like.yaml")
    with pytest.raises(InputError, match=r"tpu_lik\.yaml: there is no such file.*Did you mean 'tpu_like\.yaml'\?"):
        load_yaml(tmp_path / "tpu_lik.yaml")


def test_a_link_to_nothing_names_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "chip.yaml").symlink_to("gone.yaml")
    with pytest.raises(InputError, match=r"there is no such file.*a link to 'gone\.yaml', which does not exist"):
        load_yaml(tmp_path / "chip.yaml")


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file.*folder .*nowhere does not exist"):
        load_yaml(tmp_path / "nowhere" / "a.yaml")


def test_folder_instead_of_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is a folder; expected a YAML file"):
        load_yaml(tmp_path)


def test_impossible_path() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_yaml("a\0b.yaml")


@pytest.mark.parametrize("text", ["", "   \n", "# only a remark\n", "---\n", "null\n"])
def test_empty_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"input\.yaml: the file is empty.*Check"):
        load_yaml(written(tmp_path, text))


def test_broken_yaml_names_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 2, column 8: this is not YAML.*indentation"):
        load_yaml(written(tmp_path, "a: 1\nb: [1, }\n"))


def test_two_documents(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it holds more than one document; expected a single one"):
        load_yaml(written(tmp_path, "a: 1\n---\nb: 2\n"))


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("name: caf\xe9".encode("latin-1"))
    with pytest.raises(InputError, match=r"a\.yaml: byte 9 is not UTF-8"):
        load_yaml(tmp_path / "a.yaml")


def test_impossible_date(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read as YAML"):
        load_yaml(written(tmp_path, "a: 2020-13-45\n"))


@pytest.mark.parametrize("loader", [yaml_file._Loader, yaml.SafeLoader])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 1_500, 20_000])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [("[", "]"), ("[", ""), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("[{a: ", "}]")],
)
def test_deep_nesting_is_named_whatever_the_parser_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loader: type, depth: int, opening: str, closing: str
) -> None:
    """A parser that stops at 1000 levels, one without a limit, one that overflows: the same message."""
    monkeypatch.setattr(yaml_file, "_Loader", loader)
    with pytest.raises(InputError, match=f"more than {MAX_DEPTH} levels of nesting"):
        load_yaml(written(tmp_path, opening * depth + "x" + closing * depth))


def test_allowed_nesting(tmp_path: Path) -> None:
    data = load_yaml(written(tmp_path, "[" * MAX_DEPTH + "]" * MAX_DEPTH)).data
    for _ in range(MAX_DEPTH - 1):
        [data] = data
    assert data == []


def test_duplicate_key_names_both_lines(tmp_path: Path) -> None:
    text = "memories:\n  rf:\n    size: 1\n  sram:\n    size: 2\n  rf:\n    size: 3\n"
    with pytest.raises(InputError, match=r"line 6: key 'rf' stands here and in line 2 .*Rename or remove"):
        load_yaml(written(tmp_path, text))


def test_old_ports_before_new_ones_are_ignored_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = f"memories:\n  sram:\n    ports:\n{OLD_PORTS}    ports:\n{NEW_PORTS}"
    with caplog.at_level(logging.WARNING):
        document = load_yaml(written(tmp_path, text))
    assert document.data["memories"]["sram"]["ports"] == [{"name": "r_port_1", "type": "read"}]
    assert "line 3" in caplog.text
    assert "line 7" in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        f"ports:\n{NEW_PORTS}ports:\n{NEW_PORTS}",
        f"ports:\n{NEW_PORTS}ports:\n{OLD_PORTS}",
        f"ports:\n{OLD_PORTS}ports:\n{OLD_PORTS}",
        f"gates:\n{OLD_PORTS}gates:\n{NEW_PORTS}",
        f"ports: []\nports:\n{NEW_PORTS}",
        f"ports:\n      - {{fh: a, name: b}}\nports:\n{NEW_PORTS}",
    ],
)
def test_no_other_duplicate_passes(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="stands here and in line 1"):
        load_yaml(written(tmp_path, text))


def bomb(n_levels: int, n_times: int = 9) -> str:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * n_times)}]" for i in range(1, n_levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        bomb(12),
        bomb(400, 2),
        bomb(12).replace("[", "{k: [").replace("]", "]}"),
        "space: &s\n  a: {values: [*s, *s]}",
        "a: &a {<<: {b: 1}, c: *a}",
    ],
)
def test_aliases_that_amount_to_too_much_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="values by aliases"):
        load_yaml(path)


def test_aliases_that_people_write_are_read(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text("base: &b {x: [1, 2]}\nothers: [*b, *b, {<<: *b, y: 3}]\n")
    assert load_yaml(path).data["others"][2] == {"x": [1, 2], "y": 3}
    path.write_text(bomb(5))
    assert len(load_yaml(path).data["a4"]) == 9


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_what_is_no_file_on_a_disk_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for place in (tmp_path / "pipe.yaml", Path("/dev/zero"), Path("/dev/tty")):
        with pytest.raises(InputError, match="a pipe or a device"):
            load_yaml(place)
    (tmp_path / "sparse.yaml").touch()
    os.truncate(tmp_path / "sparse.yaml", 1 << 40)
    with pytest.raises(InputError, match="bytes; expected a YAML file of at most 2 GiB"):
        load_yaml(tmp_path / "sparse.yaml")
