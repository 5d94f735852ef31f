"""What ONNX operators become. A module of this folder registers what it implements; all are imported here."""

from importlib import import_module
from pkgutil import iter_modules

for _module in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
