"""The nodes of graph.json. The model is a stand-in that reads a script, so that the example runs anywhere and always the same."""

import json
import os
from pathlib import Path
from typing import Any

from bldr_node import Answer, NodeError, View, emit, interrupt, node, patch, plan, run

SCRIPT = [json.loads(line) for line in Path(__file__).with_name("script.jsonl").open()]
ORDERS = {"1001": {"item": "lamp", "paid": 40}, "1002": {"item": "chair", "paid": 120}}


def note(view: View) -> None:
    """Writes down that a call was performed: AGENT_LOG is what the tests look at."""
    if "AGENT_LOG" in os.environ:
        with open(os.environ["AGENT_LOG"], "a") as log:
            log.write(f"{view.key}\n")


@node
def model(view: View) -> dict[str, Any]:
    """What the assistant says next: the script's line for as many messages as it has said already."""
    note(view)
    said = sum(m["role"] == "assistant" for m in view.state["messages"])
    if said >= len(SCRIPT):
        raise NodeError("the script has no more lines", "LIMIT")
    line = SCRIPT[said]
    emit(line["content"], "message")
    call = line.get("call")
    return {
        "messages": {"role": "assistant", "content": line["content"]},
        "call": call,
        "approved": "needed" if call and call["tool"] == "refund" else None,
    }


@node
def approve(view: View) -> Answer | dict[str, Any]:
    """Asks a person; the thread waits without a process until there is an answer."""
    note(view)
    if not view.results:
        call = view.state["call"]
        return plan(interrupt(f"Refund {call['amount']} for order {call['order']}?", call=call))
    return {"approved": bool(view.results[0].value)}


@node
def tool(view: View) -> Answer:
    """Does what the model wants, unless the person has said no."""
    note(view)
    call, spent = view.state["call"], 0
    if view.state.get("approved") is False:
        result: Any = "refused by a person"
    elif call["tool"] == "look_up":
        result = ORDERS.get(call["order"], "no such order")
    elif call["tool"] == "refund":
        result, spent = "refunded", call["amount"]
    else:
        raise NodeError(f"there is no tool {call['tool']!r}", "NOT_FOUND")
    return patch({"messages": {"role": "tool", "content": json.dumps(result)}, "spent": spent})


run()
