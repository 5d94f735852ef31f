"""Write the generated parts of the documents anew: ``python -m tests.docs``."""

from tests.docs.generated import ROOT, documents

for _path, _text in documents().items():
    if not _path.exists() or _path.read_text(encoding="utf-8") != _text:
        _path.write_text(_text, encoding="utf-8")
        print(f"{_path.relative_to(ROOT)}: written")
