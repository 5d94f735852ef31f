"""Secrets in texts, and the one place that takes them out: URLs, command lines, settings, differences, key files.

What is recorded, published, logged or shown goes through :func:`masked`. It recognises a secret by the name beside it,
or by its form, and takes out too much rather than too little. A :class:`Masker` also replaces secrets given to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

HIDDEN = "***"

_SHORT = 256
_SHORTEST = 3  # of shorter passwords, every second word would be blanked
_SHORTEST_VARIABLE = 8

_KEYS = "access|account|api|auth|deploy|encryption|master|private|service|session|shared|signing|ssh|storage|webhook"
_NAME = (
    rf"(?<![\w-])(?:[\w-]*?(?:passw(?:or)?d|passphrase|pwd|secret|credential|(?:{_KEYS})[_-]?key(?![a-z]))[\w-]*"
    r"|[\w-]*?token(?:[_-]?\d+)?(?![\w-])|(?:[\w-]*?[_-])?(?:pass|o?auth|authorization|cookie)\d*(?![\w-]))"
)
"""Names of secrets. A run of letters is looked through once, so that long ones cost no more than their length."""

_TYPED = r"(?:[ \t]*:[ \t]*[A-Za-z][\w.\[\]| ]{0,80}(?==))?"
_SIGN = rf"(?:\\*[\"'`]\]?)?{_TYPED}[ \t]*(?:=>|:=|={{1,3}}|!=|:)[ \t]*(?!\d+(?:,\d+)+(?![\w,]))"
_QUOTED = (
    r"[bru]{0,2}(?:\"\"\"(?s:.*?)(?:\"\"\"|\Z)|'''(?s:.*?)(?:'''|\Z)"
    r"|(?P<escaped>\\+[\"'])[^\n]*?(?:(?P=escaped)|$)"
    r"|\"(?:[^\"\\\n]|\\.)*(?:\"|$)|'(?:[^'\\\n]|\\.)*(?:'|$)|`[^`\n]*(?:`|$))"
)
_WORD = r"(?:(?:basic|bearer|digest|negotiate|token)[ \t]+)?[^\s,;&\"'`<]*[^\s,;&\"'`<)\]}>\\]"
_LINE = r"^[+\-> ]?[ \t]*(?:[-*][ \t]+)?(?:(?:arg|declare -x|env|export|set|setenv|\$env:)[ \t]*)?[\"'`]?"
_BEGIN, _END = r"-----BEGIN[ A-Z0-9]*PRIVATE KEY[ A-Z]*-----", r"-----END[ A-Z0-9]*PRIVATE KEY"
_BASE64 = r"[+\- ]?[ \t]*[A-Za-z0-9+/]{4,}={0,2}"

_SECRETS = tuple(  # the group "login" is a secret whatever it holds; "secret" is none where it is no value, or counts
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        # logins of URLs, also where a path has lost one of the slashes
        r":/{1,3}[^/@:\s]*:(?P<login>\S{0,500})@",
        r"https?:/{1,2}(?P<login>[^/@:\s]{1,1000})@",
        # private keys: whole ones, beginnings, ends, and lines from the middle
        rf"{_BEGIN}(?P<secret>(?s:(?:(?!-----BEGIN).){{0,20000}}?)){_END}",
        rf"{_BEGIN}(?P<secret>(?:(?:\\n|\n){_BASE64})+)",
        rf"(?P<secret>(?:^{_BASE64}\n)+)[+\- ]?[ \t]*{_END}",
        r"^[+\- ]?[ \t]*(?P<secret>(?-i:(?=\S*[a-z])(?=\S*[A-Z]))(?=\S*\d)[A-Za-z0-9+/]{60,}={0,2})[ \t]*$",
        # below a name: blocks of YAML, values on the next line
        rf"^[+\- ]?(?P<indent>[ \t]*)(?:-[ \t]+)?[\"']?{_NAME}[\"']?[ \t]*:[ \t]*(?:[|>][+\-\d]*)?[ \t]*\n"
        r"(?P<secret>(?:[+\- ]?(?P=indent)[ \t]+\S.*(?:\n|\Z))+)",
        # beside a name: to the end of the line or of the quotes where it begins them, else what is quoted, or a word
        rf"{_LINE}{_NAME}{_SIGN}(?![\"'`\\]|[bru]{{1,2}}[\"']|\*\*\*)(?P<secret>\S.*)$",
        rf"(?P<quote>[\"'])-*{_NAME}[ \t]*[:=][ \t]*(?!\d+(?:,\d+)+(?![\w,]))(?P<secret>[^\"'\n]+)(?P=quote)",
        rf"{_NAME}{_SIGN}(?P<secret>{_QUOTED}(?:[ \t]*(?:\"[^\"\n]*\"|'[^'\n]*'))*|{_WORD})",
        rf"{_NAME}\\*[\"'][ \t]*,[ \t]*(?P<secret>{_QUOTED})",
        rf"<{_NAME}[^<>\n]*>(?P<secret>[^<\n]+)</",
        rf"\bname[\"']?[ \t]*:[ \t]*[\"']?{_NAME}[\"']?,?[\s+-]+[\"']?value[\"']?[ \t]*:[ \t]*"
        rf"(?P<secret>{_QUOTED}|\S.*$)",
        # options, logins of other programs
        rf"(?<!\S)[\"']?(?=-){_NAME}[ \t]+(?P<secret>{_QUOTED}|\S+)",
        r"(?<!\S)(?:-u|--user)[ \t=]+[^\s:]+:(?P<login>\S+)",
        r"\blogin\s+\S+\s+password\s+(?P<login>\S+)",
        r"\b(?:password|identified[ \t]+by)[ \t]+(?P<secret>'[^'\n]+'|\"[^\"\n]+\")",
        r"(?<![^\s+\-\"'])[\w.*]+:(?:\d{2,5}|\*):[^:\s]+:[^:\s]+:(?P<login>[^\s\"']+)",
        r"[?&](?:code|key|sig|signature|x-amz-credential|x-amz-signature)=(?P<secret>[^&#\s\"']+)",
        r"\bbearer[ \t]+(?P<secret>(?=\S*\d)[\w.~+/=-]{8,})",
        # forms of keys that services hand out
        r"(?<![A-Za-z0-9])(?P<secret>(?-i:gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|gl(?:dt|pat|rt)-[\w-]{16,}"
        r"|xapp-[\w-]{10,}|xox[a-z]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|[rs]k_(?:live|test)_\w{10,}|sk-[\w-]{20,}"
        r"|hf_[A-Za-z0-9]{20,}|AIza[\w-]{30,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{40,}"
        r"|dapi[0-9a-f]{32}|ya29\.[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,}|dop_v1_[0-9a-f]{40,}))",
    )
)
_SIGNS = (
    *("pass", "pwd", "secret", "token", "credential", "key", "auth", "cookie", ":/", "@", "bearer", "-u", "identified"),
    *("_pat_", "gho_", "ghp_", "ghr_", "ghs_", "ghu_", "gldt-", "glpat-", "glrt-", "xapp-", "xox", "akia", "asia"),
    *("k_live", "k_test", "sk-", "hf_", "aiza", "eyj", "npm_", "pypi-", "dapi", "ya29", "sg.", "dop_", "-----", ":*:"),
)
_SHAPES = re.compile(r"[a-z0-9+/]{60}|:\d+:")
"""One of these stands in every text that a pattern matches, case aside; most texts hold none, and are done with."""

_NO_SECRET = re.compile(r"(?i)(?:\\*[\"'`])*(?:none|null|true|false|~|\{\}|\[\]|\*\*\*|\d+(?:,\d+)+)?(?:\\*[\"'`])*")
_QUOTES = re.compile(r"(?s)(?P<before>[bru]{0,2}(?P<quote>\\*(?:[\"'`]{3}|[\"'`]))).*(?P<after>(?P=quote))")
_IS_NAME = re.compile(_NAME, re.IGNORECASE)


def masked(text: str) -> str:
    """Return a text with ``***`` in place of every secret that its name or form gives away.

    >>> masked("connect to postgresql://lab:hunter22@server/lab")
    'connect to postgresql://lab:***@server/lab'
    """
    return _masked_again(text) if len(text) <= _SHORT else _masked(text)


def _masked(text: str) -> str:
    folded = text.casefold()
    if any(map(folded.__contains__, _SIGNS)) or _SHAPES.search(folded):
        for pattern in _SECRETS:
            text = pattern.sub(_hidden, text)
    return text


_masked_again = lru_cache(maxsize=4096)(_masked)  # names of inputs and files come again with every run


def _hidden(found: re.Match[str]) -> str:
    group = "login" if "login" in found.re.groupindex else "secret"
    secret = found[group]
    if not secret or (group == "secret" and _NO_SECRET.fullmatch(secret.strip())):  # a login's password may be "none"
        return found[0]
    start, end = (place - found.start() for place in found.span(group))
    if quotes := _QUOTES.fullmatch(secret):
        hidden = quotes["before"] + HIDDEN + quotes["after"]
    else:
        hidden = HIDDEN + "\n" if secret.endswith("\n") else HIDDEN
    return found[0][:start] + hidden + found[0][end:]


def is_secret(name: str) -> bool:
    """Whether a name, such as that of a tag or a variable, is one of a secret."""
    return bool(_IS_NAME.fullmatch(name))


def masked_value(value: str, name: str) -> str:
    """The value of something that has a name, such as a tag or a setting."""
    return HIDDEN if is_secret(name) and not _NO_SECRET.fullmatch(value) else masked(value)


def masked_words(words: Sequence[str]) -> list[str]:
    """A command line, word by word: the word after an option for a secret is one as well."""
    shown = []
    for before, word in zip(["", *words], words, strict=False):
        is_given = before.startswith("-") and "=" not in before and is_secret(before)
        shown.append(HIDDEN if is_given else masked(word))
    return shown


def passwords_in(url: str) -> tuple[str, ...]:
    """The passwords of a URL, as they are written and decoded, longest first."""
    scheme, _, rest = url.partition("://")
    login = rest.rpartition("@")[0]
    user, separator, password = login.partition(":")
    lone = "" if separator or not scheme.startswith("http") else user  # a lone user name may be a token
    named = re.findall(r"(?i)[?&](?:ssl)?(?:password|token)=([^&#]*)", rest)
    found = {secret for whole in (password, lone, *named) for secret in (whole, unquote(whole))}
    return tuple(sorted((s for s in found if len(s) >= _SHORTEST), key=len, reverse=True))


@dataclass(frozen=True)
class Masker:
    """Blanks known secrets, wherever they stand, and all that :func:`masked` does.

    Attributes:
        secrets: texts that must not be seen, longest first.
    """

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, *uris: str) -> Masker:
        """Return a masker of the passwords of some URIs, and of environment variables with names of secrets."""
        found = {secret for uri in uris for secret in passwords_in(uri)}
        for name, value in os.environ.items():
            if is_secret(name) and len(value) >= _SHORTEST_VARIABLE and not value.startswith(("/", ".")):
                found |= {value, unquote(value)}
        return cls(tuple(sorted(found, key=len, reverse=True)))

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return masked(text)

    def in_a_line(self, error: BaseException, most: int = 300) -> str:
        """An error as one short line."""
        text = self(str(error).strip() or type(error).__name__)
        line = " ".join(text.split("(Background on this error")[0].split())
        return line if len(line) <= most else line[: most - 4] + " ..."
