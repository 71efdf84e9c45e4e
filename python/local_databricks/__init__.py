"""A Databricks workspace on this machine: its REST surface on loopback, backed by SQLite, files and, where asked for, Spark.

    python -m local_databricks start --folder DIR

It is for tests and for trying things out. What it serves and how it differs from the cloud is in docs/workspace.md.
"""
