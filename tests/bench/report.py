#!/usr/bin/env python3
"""Figures of scripts/bench beside their goals: a Markdown table, and JSON if asked for."""

import argparse
import csv
import json
import operator
import os
import platform
import statistics
import subprocess
import sys
from collections import defaultdict

HERE = os.path.dirname(os.path.abspath(__file__))
COMPARE = {"<=": operator.le, ">=": operator.ge}


def read_goals(parts):
    with open(os.path.join(HERE, "goals.tsv"), encoding="utf-8") as file:
        rows = (line for line in file if not line.startswith("#"))
        return [row for row in csv.DictReader(rows, delimiter="\t") if row["part"] in parts]


def read_values(path):
    values = defaultdict(list)
    with open(path, encoding="utf-8") as file:
        for line in file:
            key, value = line.rstrip("\n").split("\t")
            values[key].append(float(value))
    return values


def is_met(goal, value):
    """None: there is no goal."""
    if goal == "-":
        return None
    comparison, limit = goal.split()
    return COMPARE[comparison](value, float(limit.replace(",", "")))


def result(row, values):
    median = statistics.median(values)
    return {
        "what": row["what"], "unit": row["unit"], "goal": row["goal"], "stretch": row["stretch"],
        "median": median, "min": min(values), "max": max(values), "rounds": len(values),
        "met": is_met(row["goal"], median), "stretch_met": is_met(row["stretch"], median),
    }


def first_line(command):
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout.strip().split("\n")[0]


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return models[0] if models else platform.machine()


def machine(directory):
    with open(os.path.join(directory, "fsync"), encoding="utf-8") as file:
        fsync = float(file.read())
    return {
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "file_system": first_line(["stat", "--file-system", "--format=%T", directory]),
        "fsync_us": fsync,
        "commit": first_line(["git", "-C", HERE, "describe", "--always", "--dirty"]),
    }


def number(value):
    """Three digits that count, as people write them."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def goal_text(goal, stretch):
    def text(bound):
        comparison, limit = bound.split()
        return {"<=": "≤", ">=": "≥"}[comparison] + " " + number(float(limit.replace(",", "")))

    if goal == "-":
        return "-"
    return text(goal) if stretch == "-" else f"{text(goal)}, stretch {text(stretch)}"


def met_text(one):
    if one["met"] is None:
        return "-"
    return "stretch" if one["stretch_met"] else "yes" if one["met"] else "**no**"


def print_table(described, results, scale):
    print(f"{described['cpu']}, {described['cores']} cores, {described['memory_gib']} GiB; "
          f"Linux {described['kernel']}; {described['file_system']}, "
          f"fsync {number(described['fsync_us'])} µs; commit {described['commit']}"
          + (f"; sizes divided by {scale}: goals are of full ones" if scale != 1 else ""))
    print("\n| key | what | goal | median | min to max | rounds | met |")
    print("| --- | --- | --- | ---: | ---: | ---: | --- |")
    for key, one in results.items():
        print(f"| `{key}` | {one['what']}, {one['unit']} "
              f"| {goal_text(one['goal'], one['stretch'])} | {number(one['median'])} "
              f"| {number(one['min'])} to {number(one['max'])} | {one['rounds']} | {met_text(one)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--directory", required=True, help="has the files values and fsync")
    parser.add_argument("--json")
    parser.add_argument("parts", nargs="+")
    arguments = parser.parse_args()

    goals = read_goals(arguments.parts)
    values = read_values(os.path.join(arguments.directory, "values"))
    results = {row["key"]: result(row, values[row["key"]]) for row in goals if values[row["key"]]}
    described = machine(arguments.directory)
    print_table(described, results, arguments.scale)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"machine": described, "scale": arguments.scale, "results": results}, file,
                      indent=1, ensure_ascii=False)
            file.write("\n")

    missing = [row["key"] for row in goals if row["key"] not in results]
    unknown = sorted(set(values) - {row["key"] for row in goals})
    for key in missing:
        print(f"report: no figure of {key}", file=sys.stderr)
    for key in unknown:
        print(f"report: {key} is not in goals.tsv", file=sys.stderr)
    return 1 if missing or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
