"""Mandates: payers' words that we may debit their accounts, by SEPA or by ACH."""
