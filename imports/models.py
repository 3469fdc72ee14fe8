"""Brings data in from files: contacts, orders and activities."""
