from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vocab.canaries import CANARIES, MARK
from zigzag_lab.vocab.masking import Masker, masked, masked_value, masked_words

PASSWORDS = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="!$*-._~@:"), min_size=4)


@given(PASSWORDS, st.text())
def test_no_password_of_a_known_uri_is_left(password: str, around: str) -> None:
    uri = f"postgresql://me:{password}@host/lab"
    scrub = Masker.of(uri)
    assert f":{password}@" not in scrub(f"{around} {uri}\n  @decorated {around}")
    assert password in scrub.secrets


@pytest.mark.parametrize(
    ("uri", "secret"),
    [
        ("https://tokentoken@host/x", "tokentoken"),
        ("https://me:pass%40word@host/x", "pass%40word"),
        ("https://me:pass%40word@host/x", "pass@word"),
        ("postgresql://host/x?user=me&password=hidden1", "hidden1"),
    ],
)
def test_secrets_in_any_dress(uri: str, secret: str) -> None:
    assert secret not in Masker.of(uri)(f"cannot open {uri}, tried '{secret}' twice")


def test_urls_that_nobody_told_us_of_lose_theirs_on_every_line() -> None:
    text = "could not open postgresql://me:hidden1@host/lab\n  @dataclass\nnor mysql://me:hidden2@host/lab"
    shown = Masker()(text)
    assert "hidden" not in shown
    assert shown.splitlines()[1] == "  @dataclass"


def test_secrets_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "abcdefgh")
    assert Masker.of()("Bearer abcdefgh") == "Bearer ***"


def test_an_error_in_one_short_line() -> None:
    error = ValueError("first\n   second (Background on this error at: somewhere)")
    assert Masker().in_a_line(error) == "first second"
    assert Masker().in_a_line(TimeoutError()) == "TimeoutError"
    assert len(Masker().in_a_line(ValueError("x" * 1000))) == 300


DIFF = "".join(f"+{line}\n" for one in CANARIES for line in one.split("\n"))


@pytest.mark.parametrize("one", CANARIES)
def test_canaries_in_a_text_a_difference_a_line_and_a_sentence(one: str) -> None:
    signed = "".join(f"+{line}\n" for line in one.split("\n"))
    texts = [one, signed, f"before\n{one}\nafter", signed.replace("+", "-"), signed.replace("+", " ", 1)]
    if "\n" not in one and not one.startswith("Ab1"):  # a line of a key file is told by being a line:
        texts.append(f"Error: it says '{one}'. Try again.")
    for text in texts:
        assert MARK not in masked(text)
        assert masked(masked(text)) == masked(text)


def test_what_stands_around_a_canary_stays() -> None:
    kept = masked("alpha = 1\n" + DIFF + "omega: 2\n")
    assert kept.startswith("alpha = 1\n")
    assert kept.endswith("omega: 2\n")
    assert MARK not in kept
    for word in ("SECRET_KEY=", "@host/db", '"user": "me"', "Uid=me", "&se=2", "--fast", "login me"):
        assert word in kept


@pytest.mark.parametrize(
    "text",
    [
        "tpu_like.yaml: memories.sram.size: found 'x'; expected a number. Check it.",
        "--input-shape token=1,16 --input-shape tokens=4",
        "bypass: [O]\nbypass: {O: [sram_2MB]}\nn_tokens = 128\nmax_tokens: 4096",
        "author: me\nkeys: [a, b]\nkey: value\nquery_key_value = 1",
        "my_secret_chip.yaml: line 3: this is not YAML",
        "postgresql://me@host/db and sqlite:////folder/lab.db",
        "password authentication failed for user \"me\"",
        "passwords are not shown; a token is a word",
        "commit 0123456789abcdef0123456789abcdef01234567\nindex 0123456..89abcde 100644",
        "  File \"/home/me/lab.py\", line 3, in run\n    token = None",
        "0123456789abcdef" * 4,
        "C:/folder/lab.db at 12:30:45",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked(text) == text


@given(st.text())
def test_a_text_is_masked_once(text: str) -> None:
    assert masked(masked(text)) == masked(text)


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8), st.sampled_from("=:"))
def test_a_value_beside_a_name(value: str, sign: str) -> None:
    assert masked(f"x DB_PASSWORD{sign}{value} y").split() == ["x", f"DB_PASSWORD{sign}***", "y"]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["a", "--tag", "api_key=s3cret,b"], ["a", "--tag", "api_key=***"]),
        (["a", "--password", "-s3cret", "b"], ["a", "--password", "***", "b"]),
        (["a", "--token=s3cret", "--db", "x://u:p@h"], ["a", "--token=***", "--db", "x://u:***@h"]),
        (["a", "--limit", "3"], ["a", "--limit", "3"]),
    ],
)
def test_command_lines(words: list[str], shown: list[str]) -> None:
    assert masked_words(words) == shown


@pytest.mark.parametrize("name", ["api_key", "GITHUB_TOKEN", "password2", "client-secret", "auth", "myCredentials"])
def test_values_of_names(name: str) -> None:
    assert masked_value("s3cret", name) == "***"
    assert masked_value("none", name) == "none"


@pytest.mark.parametrize("name", ["tokens", "author", "bypass", "key", "paper", "monkey", "authority"])
def test_values_of_other_names(name: str) -> None:
    assert masked_value("kept", name) == "kept"


def test_variables_with_such_names_are_known_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEBODYS_API_KEY", "abcdefgh")
    monkeypatch.setenv("MY_TOKEN_FILE", "/folder/file")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "falsehood")
    assert Masker.of()("it said abcdefgh to /folder/file, a falsehood") == "it said *** to /folder/file, a falsehood"


@pytest.mark.parametrize(
    "piece",
    ["x", "a-", "://", "token=", '"password":', "-----BEGIN PRIVATE KEY-----", "password:\n ", "'", '"', " ", "\\"],
)
def test_no_text_takes_long(piece: str) -> None:
    """The work grows with the text: what is repeated ten thousand times is done with."""
    masked(piece * 10_000)


@pytest.mark.parametrize("password", ["none", "NULL", "true", "~", "[]", "{}", "0,0", "12,34,56"])
@pytest.mark.parametrize(
    "login",
    [
        "connect to postgresql://lab:{}@server/lab now",
        "https://lab:{}@server/",
        "curl -u lab:{} there",
        "server:5432:lab:someone:{}",
        "machine server login lab password {}",
    ],
)
def test_a_login_s_password_is_one_whatever_it_is(login: str, password: str) -> None:
    assert masked(login.format(password)) == login.format("***")
