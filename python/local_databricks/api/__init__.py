"""The routes, one module per API; each has `routes(workspace) -> list[Route]`."""
