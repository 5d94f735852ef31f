"""Spoilt inputs by the thousand: whatever they hold, a run ends with numbers or with one clear error, soon."""
