"""Makes the helpers of the other tests importable here."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / "deploy"), str(TESTS / "template"), str(TESTS.parent / "tools")]
