"""Fiscal years and periods: closing them, opening them again, and the lock date."""
