"""Reads the events of a folder by PyMISP and writes them again; makes STIX 2.1 of them by misp-stix. A line of JSON each."""

import json
import pathlib
import sys
import warnings

from misp_stix_converter import MISPtoSTIX21Parser
from pymisp import MISPEvent

warnings.simplefilter("ignore")

for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    event = MISPEvent()
    event.load(path.read_text())
    parser = MISPtoSTIX21Parser()
    parser.parse_misp_event(json.loads(path.read_text())["Event"])
    errors = [str(error) for found in parser.errors.values() for error in found]
    types = {found.type for found in parser.stix_objects}
    if not types & {"report", "grouping"} or "indicator" not in types:
        errors.append(f"only {sorted(types)}")
    print(json.dumps({
        "file": path.name,
        "errors": errors,
        "event": {"Event": json.loads(event.to_json())},
        "tlp": [tag.name for tag in event.tags if tag.name.startswith("tlp:")],
    }))
