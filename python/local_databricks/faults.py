"""The fault plan: what goes wrong on purpose, on which route, how often. Tests switch it on; it ends with the process."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from starlette.requests import Request

from local_databricks.errors import ApiError, invalid

DROP = "local_databricks.drop"  # the type of a message to whoever has the connection: close it, answer nothing
# Neither faults nor the log touch what is no part of Databricks; links to results are: the cloud has them elsewhere.
UNWATCHED = re.compile(r"/_workspace/(?!results/)")
KINDS = ("status", "drop_before", "drop_after", "slow", "stale", "cluster")
# error code and message of an answered fault, where the rule says none
SAID = {
    408: ("REQUEST_TIMEOUT", "The request timed out."),
    429: ("REQUEST_LIMIT_EXCEEDED", "Too many requests. Please wait a moment and try again."),
    500: ("INTERNAL_ERROR", "Internal error."),
    502: ("BAD_GATEWAY", "Bad gateway."),
    503: ("TEMPORARILY_UNAVAILABLE", "The service is temporarily unavailable."),
    504: ("DEADLINE_EXCEEDED", "Timed out."),
}


@dataclass
class Rule:
    """One fault.

    `route`: "METHOD /path", each of which may have `*`; the first rule that matches strikes.
    `kind`: `status` answers `status` with `retry_after` (seconds or an HTTP date; None: no such header) instead of doing
    anything, with `after` instead of the answer to what was done; `drop_before` and `drop_after` close the connection
    without an answer, before or after the request was applied; `slow` waits `seconds` first, with `after` between doing
    and answering; `stale` answers the first read of each URL as if nothing were there yet (404);
    `cluster` lets the cluster of a job's task not start: `route` is then the task's key.
    `contains`: strikes only where path and query contain it. `skip`: so many that match go by first. `times`: strikes so
    often, 0 for ever. `struck`: how often it has.
    """

    route: str
    kind: str
    status: int = 429
    retry_after: str | int | None = None
    error_code: str | None = None
    message: str | None = None
    seconds: float = 1.0
    after: bool = False
    contains: str = ""
    skip: int = 0
    times: int = 1
    struck: int = 0
    seen: set[str] = field(default_factory=set, repr=False)

    def described(self) -> dict[str, Any]:
        """As JSON."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "seen"}

    def error(self) -> ApiError:
        """What a `status` or `stale` rule answers."""
        if self.kind == "stale":
            return ApiError(
                404, "RESOURCE_DOES_NOT_EXIST", self.message or "The resource does not exist."
            )
        code, message = SAID.get(self.status, ("UNKNOWN", "Fault."))
        headers = None if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return ApiError(
            self.status, self.error_code or code, self.message or message, headers=headers
        )

    def _strikes(self, subject: str, whole: str) -> bool:
        if not fnmatchcase(subject, self.route) or self.contains not in whole:
            return False
        if self.times and self.struck >= self.times:
            return False
        if self.kind == "stale":
            if whole in self.seen:
                return False
            self.seen.add(whole)
        elif self.skip > 0:
            self.skip -= 1
            return False
        self.struck += 1
        return True


class Faults:
    """The plan of one workspace, used from all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, wish: Mapping[str, Any]) -> Rule:
        """A rule from JSON. Raises ApiError (400)."""
        known = {f.name: f.type for f in fields(Rule) if f.name not in ("seen", "struck")}
        for name in wish:
            if name not in known:
                raise invalid(f"A fault has no field '{name}'; it has {', '.join(known)}.")
        if wish.get("kind") not in KINDS:
            raise invalid(f"A fault's kind is one of {', '.join(KINDS)}.")
        route = wish.get("route")
        shape = r".+" if wish["kind"] == "cluster" else r"\S+ [/*]\S*"
        if not isinstance(route, str) or not re.fullmatch(shape, route):
            raise invalid("A fault's route is like 'POST /api/2.2/jobs/*'.")
        rule = Rule(**({"times": 0} if wish["kind"] == "stale" else {}) | dict(wish))
        with self._lock:
            self._rules.append(rule)
        return rule

    def rules(self) -> list[dict[str, Any]]:
        """All of them with what became of them."""
        with self._lock:
            return [rule.described() for rule in self._rules]

    def clear(self) -> None:
        """Nothing goes wrong on purpose any more."""
        with self._lock:
            self._rules.clear()

    def strike(self, method: str, path: str, query: str) -> Rule | None:
        """The rule that strikes this request; it is counted."""
        whole = f"{path}?{query}"
        with self._lock:
            for rule in self._rules:
                if rule.kind != "cluster" and rule._strikes(f"{method} {path}", whole):
                    return rule
        return None

    def cluster(self, task_key: str) -> str | None:
        """For the jobs: why the cluster of this task does not start, when it does not."""
        with self._lock:
            for rule in self._rules:
                if rule.kind == "cluster" and rule._strikes(task_key, task_key):
                    return rule.message or "Cluster failed to start: CLOUD_PROVIDER_LAUNCH_FAILURE."
        return None


class Strikes:
    """In front of the application: lets the plan's faults happen. Sends a message DROP where nothing is to be answered."""

    def __init__(self, app: Any, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        rule = None
        if scope["type"] == "http" and not UNWATCHED.match(scope["path"]):
            query = scope["query_string"].decode("latin-1")
            rule = self._faults.strike(scope["method"], scope["path"], query)
        if rule is None:
            await self._app(scope, receive, send)
            return
        scope["fault"] = rule.kind
        if rule.kind == "slow":
            await self._slow(rule, scope, receive, send)
            return
        if rule.after or rule.kind == "drop_after":
            await self._app(scope, receive, _swallow)
        else:
            await _read_all(scope, receive)
        if rule.kind in ("drop_before", "drop_after"):
            await send({"type": DROP})
            return
        from local_databricks.app import error_response

        await error_response(rule.error())(scope, receive, send)

    async def _slow(self, rule: Rule, scope: Any, receive: Any, send: Any) -> None:
        if not rule.after:
            receive = await _heard(receive)
            await asyncio.sleep(rule.seconds)
            await self._app(scope, receive, send)
            return

        async def later(message: Any) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(rule.seconds)
            await send(message)

        await self._app(scope, receive, later)


async def _swallow(_: Any) -> None:
    """Nobody hears the answer."""


async def _heard(receive: Any) -> Any:
    """The whole request is read now: whoever sent it may hang up meanwhile, and it is done all the same."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    kept = iter(messages)

    async def replay() -> Any:
        return next(kept, None) or await receive()

    return replay


async def _read_all(scope: Any, receive: Any) -> None:
    """The request has arrived, as the log must be able to say, though nothing is done about it."""
    async for _ in Request(scope, receive).stream():
        pass
