"""Who may do what with a job. Its creator owns it; administrators may everything."""

from typing import Any

from local_databricks.errors import denied, invalid
from local_databricks.jobs.model import Json
from local_databricks.jobs.store import Job

LEVELS = ("CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER")
_PRINCIPALS = ("user_name", "service_principal_name", "group_name")
_EVERYBODY = "users"


def given(entries: Any) -> list[Json]:
    """An access_control_list from outside, checked; raises ApiError (400)."""
    found = []
    if not isinstance(entries or [], list):
        raise invalid("access_control_list must be a list.")
    for entry in entries or []:
        if not isinstance(entry, dict):
            raise invalid("An entry of access_control_list must be an object.")
        names = [name for name in _PRINCIPALS if isinstance(entry.get(name), str)]
        if len(names) != 1 or entry.get("permission_level") not in LEVELS:
            raise invalid(
                "An entry of access_control_list needs one principal and a known permission_level."
            )
        found.append({names[0]: entry[names[0]], "permission_level": entry["permission_level"]})
    return found


def merged(old: list[Json], new: list[Json]) -> list[Json]:
    """The list after a PATCH: one entry per principal, the newer one."""
    return list({_who(entry): entry for entry in old + new}.values())


def _who(entry: Json) -> tuple[str, str]:
    return next((name, entry[name]) for name in _PRINCIPALS if name in entry)


def may(caller: Any, job: Job, level: str) -> bool:
    """Whether the caller has at least `level` on the job."""
    if caller.admin or caller.name == job.creator:
        return True
    mine = [e["permission_level"] for e in job.acl if _who(e)[1] in (caller.name, _EVERYBODY)]
    return any(LEVELS.index(have) >= LEVELS.index(level) for have in mine)


def require(caller: Any, job: Job, level: str) -> None:
    """Raises ApiError (403) when the caller has less than `level`."""
    if not may(caller, job, level):
        raise denied(f"{caller.name} does not have the permission {level} on job {job.job_id}.")


def shown(job: Job) -> Json:
    """permissions/jobs/{id}."""
    kind = "user_name" if "@" in job.creator else "service_principal_name"
    entries = [{kind: job.creator, "permission_level": "IS_OWNER"}, *job.acl]
    listed = []
    for entry in {_who(e): e for e in reversed(entries)}.values():
        name, value = _who(entry)
        level = {"permission_level": entry["permission_level"], "inherited": False}
        listed.append({name: value, "all_permissions": [level]})
    return {
        "object_id": f"/jobs/{job.job_id}",
        "object_type": "job",
        "access_control_list": list(reversed(listed)),
    }
