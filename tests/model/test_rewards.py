#!/usr/bin/env python3
"""The model against numbers worked out by hand: python3 tests/model/test_rewards.py"""

import pathlib
import tempfile
import unittest

import rewards


def run(quorum, *files):
    """files: rows of one oracle each, without the header"""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, rows in enumerate(files):
            path = pathlib.Path(folder) / f"{number}.csv"
            path.write_text("epoch,node,uptime_bps,bandwidth\n" + "".join(row + "\n" for row in rows))
            paths.append(path)
        return rewards.rewards(paths, quorum)


def nodes(result, epoch):
    keys = ("uptime_bps", "bandwidth", "score", "reward_atoms", "reason")
    return [tuple(node[key] for key in keys) for node in result["epochs"][epoch]["nodes"]]


class Rewards(unittest.TestCase):
    def test_the_lower_of_two_middle_values_counts(self):
        result = run(2, ["0,a,9000,500000"], ["0,a,8000,"], ["0,a,,300000"])
        # quality (5,000 · 10,000 + 5,000 · 3,000) / 10,000 = 6,500; score 8,000 · 6,500 = 52,000,000, all of the emission;
        # the rate is floored, so an atom is left.
        self.assertEqual(nodes(result, 0), [(8_000, 300_000, 52_000_000, 999_999_999_999, "scored")])

    def test_every_reason_in_its_order(self):
        result = run(1, ["0,a,4999,1", "0,b,5000,", "0,c,10000,1000001", "0,d,10000,1000000", "1,e,,7"])
        self.assertEqual([node[4] for node in nodes(result, 0)],
                         ["below_minimum_uptime", "no_bandwidth_quorum", "capped", "scored", "no_uptime_quorum"])
        # 5,000 · 5,000; 10,000 · 10,000 for the one above the cap and the one at it.
        self.assertEqual([node[2] for node in nodes(result, 0)], [0, 25_000_000, 100_000_000, 100_000_000, 0])

    def test_below_the_quorum_is_not_measured(self):
        result = run(2, ["0,a,9000,500000"], ["0,b,9000,1"], ["0,b,9000,"])
        self.assertEqual(nodes(result, 0)[0], (None, None, 0, 0, "no_uptime_quorum"))
        self.assertEqual(nodes(result, 0)[1][:3], (9_000, None, 45_000_000))

    def test_eight_empty_epochs_in_a_row_carry_and_the_ninth_lapses(self):
        result = run(1, ["11,a,10000,1000000"])
        tokens = [epoch["emission_atoms"] // 10**12 for epoch in result["epochs"]]
        # Epochs 0 to 7 carry; 8, 9 and 10 lapse; 11 pays its own thousand and the eight carried.
        self.assertEqual(tokens, [1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8, 9])
        # 10^8 divides 9 · 10^12, so the rate is exact and so is the reward.
        self.assertEqual(result["balances"], [{"node": "a", "atoms": 9 * 10**12}])


if __name__ == "__main__":
    unittest.main()
