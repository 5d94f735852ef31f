"""Random layers, accelerators and mappings for the differential tests."""
