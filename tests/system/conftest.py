"""What journeys through several services may ask for."""

from __future__ import annotations

from tests.cli.conftest import commands

__all__ = ["commands"]
