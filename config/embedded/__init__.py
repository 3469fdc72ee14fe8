"""PostgreSQL and Valkey from wheels, for machines which run neither.

Nothing here imports Django: `manage.py` and pytest ask for the addresses before settings are read.

How it holds together: each service has a *keeper*, a process of its own which starts the server and stops it as
soon as nobody holds a *lease* on it (a shared file lock, which the kernel drops even when its holder is killed).
So the first command starts the services, later ones join, and the last one out turns them off.
Source: docs/decisions/001-embedded-services.md.
"""
