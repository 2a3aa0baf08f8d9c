"""Makes events of MISP of the bundles of a folder by misp-stix, and STIX 2.1 of the events again. A line of JSON each: the malware and
the opinions that came through. A sighting comes through only if it says who saw it, which ours leave open."""

import json
import pathlib
import sys
import warnings

import stix2
from misp_stix_converter import ExternalSTIX2toMISPParser, MISPtoSTIX21Parser

warnings.simplefilter("ignore")


def dated(part):
    """Takes the offset from the times of opinions, which the way back adds once more and then cannot read."""
    for opinion in part.get("Opinion", []):
        for key in ("created", "modified"):
            opinion[key] = opinion[key].removesuffix("+00:00")


for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    there = ExternalSTIX2toMISPParser()
    there.load_stix_bundle(stix2.parse(path.read_text(), allow_custom=False))
    there.parse_stix_bundle()
    event = json.loads(there.misp_event.to_json())
    for part in (event, *event.get("Attribute", []), *event.get("Object", [])):
        dated(part)
    back = MISPtoSTIX21Parser()
    back.parse_misp_event(event)
    found = [json.loads(one.serialize()) for one in back.stix_objects]
    print(json.dumps({
        "file": path.name,
        "malware": sorted(
            [one["name"], one["is_family"], one.get("malware_types", []), one.get("description")]
            for one in found if one["type"] == "malware"
        ),
        "opinions": sorted([one["opinion"], one.get("explanation")] for one in found if one["type"] == "opinion"),
    }))
