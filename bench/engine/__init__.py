"""The engine beside ClickHouse and bare PostgreSQL: the same rows, the same questions, runs in turns (docs/bench.md)."""
