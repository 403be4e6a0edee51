"""The helpers of the other tests, which these stand on."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / "deploy"), str(TESTS / "template"), str(TESTS.parent / "tools")]
