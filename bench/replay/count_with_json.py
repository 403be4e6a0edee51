"""Counts, for each of the two rules, the builds that break it. Prints the two numbers."""

import json
import sys

long = large = 0
for line in open(sys.argv[1]):
    build = json.loads(line)
    long += build["timeoutInMinutes"] > 60
    large += build["environment"]["computeType"] == "BUILD_GENERAL1_2XLARGE"
print(long, large)
