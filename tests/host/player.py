"""A child that does what each call's view says; for test_children.c. No library: the protocol itself."""

import json
import os
import sys
import time


def say(line: object) -> None:
    print(json.dumps(line), flush=True)


for calls, text in enumerate(sys.stdin, 1):
    call = json.loads(text)
    view = call["view"]
    time.sleep(view.get("sleep", 0))
    match view["do"]:
        case "answer":
            say({"patch": {"set": view["set"]}})
        case "who":
            say({"patch": {"set": {"calls": calls, "key": call["key"], "node": call["node"]}}})
        case "pid":
            say({"patch": {"set": {"pid": os.getpid()}}})
        case "environment":
            say({"patch": {"set": {"names": sorted(os.environ), "cwd": os.getcwd()}}})
        case "emit":
            say({"emit": ["custom", {"step": 1}]})
            say({"emit": ["message", "Hel"]})
            say({"emit": ["message", "lo"]})
            say({"again": view["attempt"] if "attempt" in view else call["attempt"]})
        case "error":
            say({"error": view["error"]})
        case "crash":
            print("getting ready", file=sys.stderr)
            print("Disaster: no more", file=sys.stderr, flush=True)
            os._exit(3)
        case "die":
            os.kill(os.getpid(), 9)
        case "leave":
            sys.exit(0)
        case "write":
            print(view["text"] * view.get("times", 1), flush=True)
        case "close":
            os.close(1)
            time.sleep(100)
        case "eat":
            print("eating", file=sys.stderr, flush=True)
            food = [bytearray(1 << 20) for _ in range(4096)]
            say({"patch": {"set": {"n": len(food)}}})
        case "stray":
            say({"patch": {}})
            say({"patch": {}})
        case "shout":
            sys.stderr.write("x" * 99 + "\n" + ("y" * 99 + "\n") * 20000)
            sys.stderr.flush()
            os._exit(1)
        case "stay":
            while True:
                time.sleep(1)
