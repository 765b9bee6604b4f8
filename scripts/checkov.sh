#!/usr/bin/env bash
# Looks through infra/ with checkov, in an environment of its own: it pins packages that ours wants newer. Fails where a
# check does, and where a file could not be read, of which checkov itself says nothing.
set -euo pipefail

cd "$(dirname "$0")/.."
version=3.3.30
home=.checkov/$version

if [ ! -x "$home/bin/checkov" ]; then
    .venv/bin/uv venv --quiet --python .venv/bin/python "$home"
    .venv/bin/uv pip install --quiet --python "$home/bin/python" "checkov==$version"
fi

report=$(mktemp)
trap 'rm -f "$report"' EXIT
"$home/bin/checkov" --directory infra --framework terraform --skip-download --compact --output json >"$report" 2>/dev/null || true
.venv/bin/python - "$report" <<'PYTHON'
import json
import sys
from pathlib import Path

found = json.loads(Path(sys.argv[1]).read_text() or "{}")
told, results = found.get("summary", {}), found.get("results", {})
for each in results.get("failed_checks", []):
    print(f"{each['file_path']}:{each['file_line_range'][0]} {each['resource']}: {each['check_id']} {each['check_name']}")
for each in results.get("parsing_errors", []):
    print(f"{each}: could not be read")
for each in results.get("skipped_checks", []):
    if not (each["check_result"].get("suppress_comment") or "").strip():
        print(f"{each['file_path']} {each['check_id']}: skipped without a reason")
        told["failed"] = 1
counts = ", ".join(f"{told.get(name, 0)} {name}" for name in ("passed", "failed", "skipped", "parsing_errors"))
print(f"checkov: {counts}")
sys.exit(0 if told.get("passed") and not told.get("failed") and not told.get("parsing_errors") else 1)
PYTHON
