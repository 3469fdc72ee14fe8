"""The engine beside ClickHouse and bare PostgreSQL: the same rows and questions, runs in turns (docs/bench.md)."""
