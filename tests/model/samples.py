#!/usr/bin/env python3
"""Recomputes the committed samples from the raw data and compares them.

    python3 tests/model/samples.py netrics  RAW_CSV

The raw data is not part of the repository; app/cli/samples/*/README.md say where it comes from. Written independently of the
Rust code from the rules in those pages: plain integers, no floats. Exits with 1 if a sample differs.
"""

import csv
import datetime
import pathlib
import sys

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "app/cli/samples"
DAY_SECS = 86_400

# file: (column that says that the node was up, column of its bandwidth in Mbit/s)
NETRICS = {
    "ookla.csv": ("google_rtt_max_ms", "speedtest_ookla_download"),
    "ndt7.csv": ("dns_query_avg_ms", "speedtest_ndt7_download"),
    "iperf.csv": ("google_rtt_max_ms", "iperf_udp_download"),
}
NETRICS_GENESIS = "2021-06-30 00:00:00+00:00"
NETRICS_WINDOW_SECS = 300


def microseconds(text):
    """Microseconds since 1970 of an ISO time with an offset."""
    stamp = datetime.datetime.strptime(
        text.replace("T", " "),
        "%Y-%m-%d %H:%M:%S.%f%z" if "." in text else "%Y-%m-%d %H:%M:%S%z",
    )
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (stamp - epoch) // datetime.timedelta(microseconds=1)


def kbit(text):
    """Mbit/s to kbit/s: the decimal point moves by three digits, and what is behind it then is cut off."""
    whole, _, fraction = text.partition(".")
    assert whole.isdigit() and (fraction == "" or fraction.isdigit()), text
    return int(whole + (fraction + "000")[:3])


def netrics(raw):
    genesis = microseconds(NETRICS_GENESIS)
    with open(raw, newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    files = {}
    for name, (up_column, bandwidth_column) in NETRICS.items():
        windows, speeds = {}, {}
        for row in rows:
            day, within = divmod(microseconds(row["time"]) - genesis, DAY_SECS * 1_000_000)
            key = (day, row["install"])
            if row[up_column]:
                windows.setdefault(key, set()).add(within // (NETRICS_WINDOW_SECS * 1_000_000))
            if row[bandwidth_column]:
                speeds.setdefault(key, []).append(kbit(row[bandwidth_column]))
        lines = []
        for key in sorted(set(windows) | set(speeds)):
            seen = windows.get(key)
            uptime = "" if seen is None else len(seen) * 10_000 // (DAY_SECS // NETRICS_WINDOW_SECS)
            values = sorted(speeds.get(key, []))
            bandwidth = values[(len(values) - 1) // 2] if values else ""
            lines.append(f"{key[0]},{key[1]},{uptime},{bandwidth}")
        files[f"netrics/{name}"] = lines
    return files


def main():
    if len(sys.argv) != 3 or sys.argv[1] != "netrics":
        sys.exit(__doc__)
    files = netrics(sys.argv[2])
    differs = False
    for name, lines in files.items():
        expected = "".join(line + "\n" for line in ["epoch,node,uptime_bps,bandwidth"] + lines)
        same = (SAMPLES / name).read_bytes() == expected.encode()
        differs |= not same
        print(f"{name}: {len(lines)} rows, {'same' if same else 'DIFFERENT'}")
    sys.exit(1 if differs else 0)


if __name__ == "__main__":
    main()
