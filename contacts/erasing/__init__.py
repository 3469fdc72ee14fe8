"""Erasing people for good: at once from the tables, then from everything kept, with a proof that says nothing of them.

Source: docs/contacts.md, "Erasing".
"""
