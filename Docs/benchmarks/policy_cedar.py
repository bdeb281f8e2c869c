# policy_cedar.py — the rules of `bench policy COUNT FILE` as Cedar decides them, by cedarpy 4.12 (PyPI).
#
#     pip install cedarpy && python3 policy_cedar.py FILE [COUNT]
#
# Prints CSV like the bench: what, rules, decisions, p50, p90, p99 in microseconds. Policies and entities are
# parsed once. A call also passes the binding, which reads a request from Python: what that costs shows the
# decision about one policy of the same shape.
import random, sys, time
import cedarpy

text = open(sys.argv[1]).read()
count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
rules = text.count("permit(")
entities = cedarpy.Entities.from_json_str("[]")
random.seed(1)


def request(index):
    number = random.randrange(rules)
    folder = "data" if index % 2 == 0 else "other"
    return {
        "principal": 'User::"model"', "action": f'Action::"t{number % 50}"', "resource": 'Tool::"x"',
        "context": {"path": f"/srv/{folder}/{number}/a/b.txt", "method": "GET", "n": number},
    }


def measure(what, text, rule_count):
    policies = cedarpy.PolicySet.from_str(text)
    times, allowed = [], 0
    for index in range(count):
        call = request(index)
        start = time.perf_counter()
        decision = cedarpy.is_authorized(call, policies, entities)
        times.append((time.perf_counter() - start) * 1e6)
        allowed += decision.allowed
    times.sort()
    p = [times[min(len(times) - 1, len(times) * part // 100)] for part in (50, 90, 99)]
    print(f"{what},{rule_count},{count},{p[0]:.2f},{p[1]:.2f},{p[2]:.2f}")
    return allowed


allowed = measure("cedarpy", text, rules)
assert allowed == (count + 1) // 2, allowed
measure("cedarpy one policy", text.split("\n};")[0].split(";")[0] + ";", 1)
