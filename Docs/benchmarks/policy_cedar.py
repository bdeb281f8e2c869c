# policy_cedar.py — the rules of `bench policy COUNT FILE` as Cedar decides them, by cedarpy (PyPI).
#
#     pip install cedarpy && python3 policy_cedar.py FILE [COUNT]
#
# Prints CSV like the bench: what, rules, decisions, p50, p90, p99 in microseconds. The binding parses the
# policies in each call, so the text is also timed alone, as a decision about one policy of the same shape.
import json, random, sys, time
import cedarpy

text = open(sys.argv[1]).read()
count = int(sys.argv[2]) if len(sys.argv) > 2 else 300
rules = text.count("permit(")
random.seed(1)


def request(index):
    number = random.randrange(rules)
    folder = "data" if index % 2 == 0 else "other"
    return {
        "principal": 'User::"model"', "action": f'Action::"t{number % 50}"', "resource": 'Tool::"x"',
        "context": {"path": f"/srv/{folder}/{number}/a/b.txt", "method": "GET", "n": number},
    }


def measure(what, policies, rule_count):
    times, allowed = [], 0
    for index in range(count):
        call = request(index)
        start = time.perf_counter()
        decision = cedarpy.is_authorized(call, policies, [])
        times.append((time.perf_counter() - start) * 1e6)
        allowed += decision.allowed
    times.sort()
    p = [times[min(len(times) - 1, len(times) * part // 100)] for part in (50, 90, 99)]
    print(f"{what},{rule_count},{count},{p[0]:.2f},{p[1]:.2f},{p[2]:.2f}")
    return allowed


allowed = measure("cedarpy", text, rules)
assert allowed == (count + 1) // 2, allowed
measure("cedarpy one policy", text.split("\n};")[0].split(";")[0] + ";", 1)
