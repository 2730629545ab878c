"""Roles: what a member may do."""
