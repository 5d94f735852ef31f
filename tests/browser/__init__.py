"""A real browser for tests: headless Chromium, spoken to through a pipe."""

from tests.browser.chromium import Chromium, Page
from tests.browser.install import chromium_path

__all__ = ["Chromium", "Page", "chromium_path"]
