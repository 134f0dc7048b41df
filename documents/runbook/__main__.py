"""`python -m documents.runbook [--en]`: the runbook on standard output, as docs/runbook.md holds it."""

from __future__ import annotations

import sys

from documents.runbook.render import LANGUAGES, runbook


def main(arguments: list[str]) -> int:
    """Writes the runbook, Chinese unless `--en` is given; exit 2 for anything else."""
    if arguments not in ([], ["--en"]):
        sys.stderr.write("python -m documents.runbook [--en]\n")
        return 2
    language = LANGUAGES["en" if arguments else "zh"]
    sys.stdout.buffer.write(runbook(language).encode("utf-8"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
