"""Notebooks: their formats, and the process that runs one."""
