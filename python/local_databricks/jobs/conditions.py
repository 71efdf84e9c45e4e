"""Condition tasks: two texts compared, the outcome is "true" or "false"."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from local_databricks.jobs import states
from local_databricks.jobs.model import Attempt, Done

_ORDER: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "GREATER_THAN": lambda left, right: left > right,
    "GREATER_THAN_OR_EQUAL": lambda left, right: left >= right,
    "LESS_THAN": lambda left, right: left < right,
    "LESS_THAN_OR_EQUAL": lambda left, right: left <= right,
}


def compare(operator: str, left: str, right: str) -> bool:
    """Whether `left operator right` holds: equality compares the texts, order compares numbers.

    Raises ValueError when an order is asked for and a side is no number.
    """
    if operator == "EQUAL_TO":
        return left == right
    if operator == "NOT_EQUAL":
        return left != right
    return _ORDER[operator](_number(left), _number(right))


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if number.is_nan():
        raise ValueError(f"'{text}' is not a number")
    return number


def decide(attempt: Attempt) -> Done:
    """The end of a condition task's run; its output holds the outcome."""
    asked = attempt.task["condition_task"]
    try:
        holds = compare(asked["op"], str(asked["left"]), str(asked["right"]))
    except ValueError as error:
        message = f"Failed to evaluate the condition: {error}."
        return Done(states.wrong_configuration(message), {"error": message})
    return Done(states.success(), {"outcome": "true" if holds else "false"})
