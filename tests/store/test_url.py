from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zigzag_lab.store import Lab, RunStart, open_store
from zigzag_lab.store.migrate import upgrade
from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.vocab.masking import masked, passwords_in


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://s3cret@host/repo.git", "https://***@host/repo.git"),
        ("http://me:s3cret@host/x", "http://me:***@host/x"),
        (
            "at postgresql://me:s3cret@host/db\n@dataclass\nclass A:",
            "at postgresql://me:***@host/db\n@dataclass\nclass A:",
        ),
        ("host=h password=s3cret dbname=d", "host=h password=*** dbname=d"),
        ("password='s3 cret' x", "password='***' x"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("a = b @ c", "a = b @ c"),
    ],
)
def test_secrets_of_all_kinds_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_driver_that_repeats_a_piece_of_a_password_is_scrubbed() -> None:
    url = DatabaseUrl.parse("postgresql://me:p%40ss/w%zz@host/db?sslpassword=other1")
    for said in ('invalid token "p%40ss"', "w%zz", "p@ss/w%zz", "other1"):
        assert url.scrubbed(f"it says {said}!") in ("it says ***!", 'it says invalid token "***"!')


@example("0,0")
@example("none")
@example("null")
@example("~~~")
@given(st.text("abcXYZ0189%/:@!$+,;~._-", min_size=3, max_size=20))
def test_no_password_is_shown(password: str) -> None:
    url = DatabaseUrl.parse(f"postgresql+psycopg://someone:{password}@example.org:5432/lab")
    assert str(url) == "postgresql+psycopg://someone:***@example.org:5432/lab"
    assert password in passwords_in(url.secret)
    assert password not in url.scrubbed(f"could not connect with {password} as given")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite://", None),
        ("sqlite:////folder/file.db", "sqlite:////folder/file.db"),
        (
            "postgresql://lab:s3c:r@t@server/lab?password=s3cret&sslmode=require",
            "postgresql://lab@server/lab?sslmode=require",
        ),
        ("postgresql+psycopg:///lab?host=/tmp&sslpassword=s3cret", "postgresql+psycopg:///lab?host=/tmp&"),
    ],
)
def test_workers_elsewhere_are_told_no_password(url: str, told: str | None) -> None:
    assert DatabaseUrl.parse(url).for_workers(elsewhere=True) == told
    if told is not None:
        assert DatabaseUrl.parse(url).for_workers(elsewhere=False) == url


ODD_NAMES = (
    "plan b?",
    "a%20b",
    "x%zz?y=1&uri=true",
    "q#;@[ ]",
    "100%",
    "wie übel",
    "file:x",
    "sqlite:x",
    "a:b@c",
    "'\"",
)
"""Names of folders with signs that mean something in a URL."""


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_path_is_a_sqlite_file_whatever_it_is_called(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    upgrade(str(folder / "text.db"))
    with open_store(folder / "path.db") as store, store.start_run(RunStart()):
        pass
    there = DatabaseUrl.of_file(folder / "path.db")
    for again in (str(there), there.absolute().secret, there.for_workers(elsewhere=False), str(there.path), there.path):
        with Lab(again or "") as lab:
            assert len(lab.runs()) == 1
    monkeypatch.chdir(folder)
    with open_store("plain.db"), open_store("sqlite:///url.db"):
        pass
    made = {"text.db", "path.db", "plain.db", "url.db"}
    assert {path.name for path in folder.iterdir() if path.suffix == ".db"} == made
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_signs_are_spelt_out_in_urls() -> None:
    assert DatabaseUrl.parse("sqlite:///a%3Fb/c%25d.db").path == Path("a?b/c%d.db")
    assert str(DatabaseUrl.of_file(Path("a?b/c%d.db"))) == "sqlite:///a%3Fb/c%25d.db"
    assert DatabaseUrl.parse(":memory:").is_in_memory


def test_workers_open_a_file_from_any_folder() -> None:
    told = DatabaseUrl.parse("sqlite:///lab.db").for_workers(elsewhere=False)
    assert told == f"sqlite:///{Path.cwd() / 'lab.db'}"
