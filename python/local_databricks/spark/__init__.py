"""Spark of the local workspace: one Connect server per folder, its catalogue, the SQL in front of it."""
