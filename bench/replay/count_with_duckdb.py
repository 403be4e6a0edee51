"""Counts the same as count_with_json.py. Prints the seconds that the query took, too: Python's start is no part of it."""

import sys
import time

import duckdb

start = time.perf_counter()
((long, large),) = duckdb.sql(
    f"""
    select count(*) filter (timeoutInMinutes > 60),
           count(*) filter (environment.computeType = 'BUILD_GENERAL1_2XLARGE')
    from read_json('{sys.argv[1]}', format = 'newline_delimited',
        columns = {{timeoutInMinutes: 'INTEGER', environment: 'STRUCT(computeType VARCHAR)'}})
    """
).fetchall()
print(long, large, time.perf_counter() - start)
