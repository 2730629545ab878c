"""Payouts: money that we send to somebody's account, by a file for the bank."""
