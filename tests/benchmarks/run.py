"""`make bench`: searches, ingest, memory and time to ready on real parts, in one table.

Every figure stands beside its floor from the same rounds, because a laptop is busy with other things: read the
ratios and differences first. Nothing fails on a time.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from deploy.settings import PREFIX
from encoders.names import EncoderSettings
from encoders.registry import load_encoders
from tests.benchmarks.campaign import DEPTH, Campaign, Plan
from tests.benchmarks.table import markdown, rich_table

DRAWINGS = Path(__file__).parents[2] / ".cache" / "benchmarks"
FULL = Plan((2_000, 20_000), searches=200, new_products=1_024, batch=256, price_rounds=2, starts=1)
QUICK = Plan((2_000,), searches=20, new_products=128, batch=64, price_rounds=1, starts=0)
CAPTION = (
    "p50 · p99. “Known words” are in the API's memory and encoded no more, “first time” are not. “Engine” is the bare "
    "call that searches every arm to a depth of {depth:,}, “encode” the bare encoders, on a thread as the API has it: "
    "the floor. Beside it, and not part of it: “page” is the call that reads 20 products not yet shown, “HTTP alone” a "
    "`/livez`, “client” our client around the engine's call, with ids and scores read. The API is `vitrine demo` in "
    "another process on a copy of the same index; all take turns query by query. “Adds” is the median of API less "
    "floor: HTTP and the asking client are in it. The first {real:,} products of an index have vectors of "
    "their own, the others one of those plus noise, and titles, prices and BM25 weights of their own. The index is as "
    "ingest leaves it: without a graph."
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 products and a tenth of the rounds: about a minute")
    parser.add_argument("--markdown", action="store_true", help="the table as markdown on standard output")
    given = parser.parse_args()
    plan = QUICK if given.quick else FULL
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]  # what is measured is the default
    aside = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder:
        with aside.status("Loading the encoders …"):
            encoders = load_encoders(EncoderSettings())
        with Progress(*columns, TimeElapsedColumn(), console=aside) as progress:
            sections = Campaign(plan, encoders, Path(folder), DRAWINGS, progress).sections()
    caption = CAPTION.format(depth=DEPTH, real=plan.new_products)
    if given.markdown or not sys.stdout.isatty():
        sys.stdout.write(markdown(sections, caption))
    else:
        Console().print(rich_table(sections, caption))


if __name__ == "__main__":
    main()
