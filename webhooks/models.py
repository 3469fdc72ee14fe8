"""Tells other systems what happened, over HTTP."""
