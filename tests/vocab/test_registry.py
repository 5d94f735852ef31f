import logging
import sys
from dataclasses import dataclass

import pytest

from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.registry import Registry

GROUP = "zigzag_lab.test_fruits"


@dataclass(frozen=True)
class Fruit:
    name: str


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a package that adds pear, an apple, what is no fruit, and what is not there."""
    (tmp_path / "zl_test_fruits.py").write_text(
        f"from {__name__} import Fruit\npear, apple = Fruit('pear'), Fruit('apple')\n"
    )
    info = tmp_path / "zl_test_fruits-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: zl-test-fruits\nVersion: 1.0\n")
    lines = ["pear = zl_test_fruits:pear", "apple = zl_test_fruits:apple", "word = zl_test_fruits:__name__"]
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n" + "\n".join([*lines, "none = zl_test_fruits:plum"]))
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("zl_test_fruits", None)


def test_installed_packages_add_to_what_is_ours(installed, caplog):
    fruits = Registry(GROUP, Fruit, (Fruit("apple"),))
    with caplog.at_level(logging.WARNING):
        assert list(fruits) == ["apple", "pear"]
    assert [fruits.is_ours(name) for name in fruits] == [True, False]
    warnings = "\n".join(record.getMessage() for record in caplog.records)
    assert "the name 'apple' is in use" in warnings
    assert "zl-test-fruits (zl_test_fruits:plum) cannot be loaded" in warnings
    assert "(zl_test_fruits:__name__) is no Fruit" in warnings


def test_an_unknown_name_is_refused_with_the_nearest_one():
    fruits = Registry(GROUP, Fruit, (Fruit("apple"), Fruit("pear")))
    assert fruits.named("Apple", "here") == Fruit("apple")
    with pytest.raises(InputError, match=r"here: 'aple'; expected one of apple, pear. Did you mean 'apple'\?"):
        fruits.named("aple", "here")
