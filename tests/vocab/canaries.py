"""Secrets in thirty-odd dresses, each with a mark of its own that must not be seen again."""

from __future__ import annotations

MARK = "cAnAry7"


def canary(number: int) -> str:
    """A secret that looks like one."""
    return f"{MARK}x{number:02}Qz"


_DRESSES = (
    "SECRET_KEY=@",
    'API_KEY = "@"',
    "export GITHUB_TOKEN=@",
    "DB_PASSWORD: @",
    '  "password": "@",',
    '{"user": "me", "clientSecret": "@", "n": 1}',
    "db: {user: me, password: '@', host: h}",
    "aws_secret_access_key = @",
    "postgresql://me:@@host/db",
    "sqlite://u:@@x",
    "https://@@host/repo.git",
    "https:/me:@@host/x.onnx",
    "program --tag api_key=@",
    "program --api-key @ --fast",
    'call(["program", "--password", "@"])',
    'os.environ["API_TOKEN"] = "@"',
    'key = os.getenv("ACCESS_KEY", "@")',
    'def connect(user: str, password: str = "@") -> None: ...',
    "<password>@</password>",
    "Authorization: Bearer @",
    'curl -H "X-Api-Key: @" https://host',
    "curl -u me:@ https://host",
    "machine host login me password @",
    "localhost:5432:lab:me:@",
    "passphrase: correct horse @ staple",
    "Server=h;Uid=me;Pwd=@;Encrypt=yes",
    "AccountName=me;AccountKey=@==;End",
    "https://host/blob?sv=1&sig=@&se=2",
    "ALTER USER me PASSWORD '@'",
    r'text = "{\"password\": \"two @ words\"}"',
    'password = """first\n@ second"""',
    "token: |\n    first @\n    second @",
    "password:\n    @",
    "- name: DB_PASSWORD\n  value: @",
    "ghp_@0123456789abcdef",
    "npm set //registry/:_authToken=@",
    "spring.datasource.password=@",
    "-----BEGIN RSA PRIVATE KEY-----\nMII@\nAAAA@==\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl@\nQyNT@",
    f"{'Ab1' * 20}@AbCd",
    'PEM="-----BEGIN PRIVATE KEY-----\\nMII@\\n-----END PRIVATE KEY-----"',
)
CANARIES = tuple(
    dress.replace("@@", "\0").replace("@", canary(n)).replace("\0", canary(n) + "@") for n, dress in enumerate(_DRESSES)
)
