"""What every test shares: hypothesis does not mind a busy machine."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("zigzag_lab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("zigzag_lab")
