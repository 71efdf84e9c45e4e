"""What the notebooks of an emitted pipeline share: session and parameters, reading, loading, audit, checks, governance.

It travels with the notebooks (`pipeline/bldr_ingest`), needs PySpark 4.0 and nothing else, and stays within what Spark
Connect and serverless compute allow.
"""
