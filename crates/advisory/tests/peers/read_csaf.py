"""Reads the documents of a folder by csaf-tool. A line of JSON each."""

import json
import pathlib
import sys

from csaf.parser import CSAFParser

for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    parser = CSAFParser()
    parser.parse_file(str(path))
    print(json.dumps({
        "file": path.name,
        "metadata": parser.get_metadata(),
        "products": parser.get_product(),
        "vulnerabilities": parser.get_vulnerabilities(),
    }))
