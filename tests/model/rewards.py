#!/usr/bin/env python3
"""The rewards of measurement files, worked out without any of the project's code.

    python3 tests/model/rewards.py --quorum 2 app/cli/samples/netrics/{ookla,ndt7,iperf}.csv  > tests/model/netrics.expected.json
    python3 tests/model/rewards.py --check      compared with what is committed; exits with 1 if it differs

One file an oracle. Written independently of the Rust code from DESIGN, "The life of an epoch" and "Arithmetic": plain
integers, no floats. All nodes of all files are registered before the genesis with a boost of 100 %; epochs run from 0
to the last one in any file.
"""

import argparse
import csv
import json
import pathlib
import sys

FULL_BPS = 10_000
UPTIME_WEIGHT_BPS = 5_000
BANDWIDTH_WEIGHT_BPS = 5_000
BANDWIDTH_CAP = 1_000_000
MIN_UPTIME_BPS = 5_000
BOOST_BPS = 10_000
EMISSION_ATOMS = 1_000 * 10**9
# An epoch in which nothing scored carries its emission on, up to so many in a row; that of a further one lapses.
MAX_EMPTY_EPOCHS = 8

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMITTED = {
    "netrics.expected.json": (2, ["netrics/ookla.csv", "netrics/ndt7.csv", "netrics/iperf.csv"]),
}


def read(path):
    """{(epoch, node): (uptime or None, bandwidth or None)}"""
    with open(path, newline="", encoding="utf-8") as opened:
        rows = csv.DictReader(opened)
        assert rows.fieldnames == ["epoch", "node", "uptime_bps", "bandwidth"], path
        return {
            (int(row["epoch"]), row["node"]): (
                int(row["uptime_bps"]) if row["uptime_bps"] else None,
                int(row["bandwidth"]) if row["bandwidth"] else None,
            )
            for row in rows
        }


def agreed(values, quorum):
    """The lower median of what was measured; None if fewer than the quorum measured it."""
    measured = sorted(value for value in values if value is not None)
    return measured[(len(measured) - 1) // 2] if len(measured) >= quorum else None


def assess(uptime, bandwidth):
    """(score, reason) of one node in one epoch."""
    if uptime is None:
        return 0, "no_uptime_quorum"
    if uptime < MIN_UPTIME_BPS:
        return 0, "below_minimum_uptime"
    counted = min(bandwidth or 0, BANDWIDTH_CAP)
    quality = (
        UPTIME_WEIGHT_BPS * FULL_BPS + BANDWIDTH_WEIGHT_BPS * counted * FULL_BPS // BANDWIDTH_CAP
    ) // FULL_BPS
    score = uptime * quality * BOOST_BPS // FULL_BPS
    if bandwidth is None:
        return score, "no_bandwidth_quorum"
    return score, "capped" if bandwidth > BANDWIDTH_CAP else "scored"


def rewards(paths, quorum):
    oracles = [read(path) for path in paths]
    keys = set().union(*oracles)
    nodes = sorted({node for _, node in keys})
    balances = dict.fromkeys(nodes, 0)
    epochs, carried, empty_in_a_row = [], 0, 0
    for epoch in range(max(epoch for epoch, _ in keys) + 1):
        rows = []
        for node in nodes:
            measured = [oracle.get((epoch, node), (None, None)) for oracle in oracles]
            uptime = agreed([uptime for uptime, _ in measured], quorum)
            bandwidth = agreed([bandwidth for _, bandwidth in measured], quorum)
            score, reason = assess(uptime, bandwidth)
            rows.append({"node": node, "uptime_bps": uptime, "bandwidth": bandwidth,
                         "score": score, "reward_atoms": 0, "reason": reason})
        total = sum(row["score"] for row in rows)
        lapses = total == 0 and empty_in_a_row >= MAX_EMPTY_EPOCHS
        emission = carried if lapses else carried + EMISSION_ATOMS
        if total:
            rate = (emission << 64) // total
            for row in rows:
                row["reward_atoms"] = row["score"] * rate >> 64
                balances[row["node"]] += row["reward_atoms"]
        carried = emission - sum(row["reward_atoms"] for row in rows)
        assert carried >= 0
        empty_in_a_row = 0 if total else empty_in_a_row + 1
        epochs.append({"epoch": epoch, "emission_atoms": emission, "total_score": total, "nodes": rows})
    return {"epochs": epochs,
            "balances": [{"node": node, "atoms": balances[node]} for node in nodes]}


def text_of(result):
    """JSON with one node a line, so that a difference is readable."""
    lines = ["{", '  "epochs": [']
    for number, epoch in enumerate(result["epochs"], 1):
        head = {key: epoch[key] for key in ("epoch", "emission_atoms", "total_score")}
        lines.append("    " + json.dumps(head)[:-1] + ', "nodes": [')
        lines.append(",\n".join("      " + json.dumps(node, ensure_ascii=False) for node in epoch["nodes"]))
        lines.append("    ]}" + ("," if number < len(result["epochs"]) else ""))
    lines += ["  ],", '  "balances": [']
    lines.append(",\n".join("    " + json.dumps(balance, ensure_ascii=False) for balance in result["balances"]))
    lines += ["  ]", "}", ""]
    return "\n".join(lines)


def check():
    differs = False
    for name, (quorum, files) in COMMITTED.items():
        result = rewards([ROOT / "app/cli/samples" / file for file in files], quorum)
        same = (ROOT / "tests/model" / name).read_text(encoding="utf-8") == text_of(result)
        differs |= not same
        print(f"{name}: {len(result['epochs'])} epochs, {len(result['balances'])} nodes, {'same' if same else 'DIFFERENT'}")
    return 1 if differs else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quorum", type=int, default=1)
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    if arguments.check:
        sys.exit(check())
    if not arguments.files:
        parser.error("name a measurement file, or pass --check")
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text_of(rewards(arguments.files, arguments.quorum)))


if __name__ == "__main__":
    main()
