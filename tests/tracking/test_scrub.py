from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.tracking.scrub import Scrubber

PASSWORDS = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="!$*-._~@:"), min_size=4)


@given(PASSWORDS, st.text())
def test_no_password_of_a_known_uri_is_left(password: str, around: str) -> None:
    uri = f"postgresql://me:{password}@host/lab"
    scrub = Scrubber.of(uri)
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
    assert secret not in Scrubber.of(uri)(f"cannot open {uri}, tried '{secret}' twice")


def test_urls_that_nobody_told_us_of_lose_theirs_on_every_line() -> None:
    text = "could not open postgresql://me:hidden1@host/lab\n  @dataclass\nnor mysql://me:hidden2@host/lab"
    shown = Scrubber()(text)
    assert "hidden" not in shown
    assert shown.splitlines()[1] == "  @dataclass"


def test_secrets_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "abcdefgh")
    assert Scrubber.of()("Bearer abcdefgh") == "Bearer ***"


def test_an_error_in_one_short_line() -> None:
    error = ValueError("first\n   second (Background on this error at: somewhere)")
    assert Scrubber().in_a_line(error) == "first second"
    assert Scrubber().in_a_line(TimeoutError()) == "TimeoutError"
    assert len(Scrubber().in_a_line(ValueError("x" * 1000))) == 300
