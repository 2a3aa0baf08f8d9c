"""Gives medallion, OASIS' own server, the objects of a TAXII server and asks both the same.

Arguments: the URL of a readable collection, and an API key. Writes one object of JSON: how many questions, and where the two differ.
"""

import itertools
import json
import pathlib
import sys
import tempfile

import medallion
import requests

url, key = sys.argv[1:]
ACCEPT = {"Accept": "application/taxii+json;version=2.1"}
COLLECTION = "00000000-0000-4000-8000-000000000001"


def ours(path, query, headers=ACCEPT):
    answer = requests.get(url + path, params=query, headers=headers, auth=("feed", key), timeout=30)
    return answer.status_code, answer.json(), answer.headers


everything = {"match[version]": "all"}
objects = ours("objects/", everything)[1]["objects"]
manifest = ours("manifest/", everything)[1]["objects"]

# What was added in one moment, medallion sorts by id. So that it keeps the order, it is told of moments a microsecond apart.
told = [
    {**entry, "date_added": f"{entry['date_added'][:-1]}{at:03}Z"} for at, entry in enumerate(manifest)
]

collection = {
    "id": COLLECTION,
    "title": "The same",
    "can_read": True,
    "can_write": False,
    "media_types": ["application/stix+json;version=2.1"],
    "objects": objects,
    "manifest": told,
}
root = {"information": {"title": "The same", "versions": [], "max_content_length": 1}, "status": [], "collections": [collection]}
with tempfile.TemporaryDirectory() as folder:
    data = pathlib.Path(folder) / "data.json"
    data.write_text(json.dumps({"/discovery": {"title": "The same", "api_roots": []}, "root": root}))
    config = pathlib.Path(folder) / "config.json"
    config.write_text(json.dumps({
        "users": {"feed": "feed"},
        "taxii": {"max_page_size": 1000},
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(data),
        },
    }))
    app = medallion.load_app(str(config))
    client = (app or medallion.application_instance).test_client()


def theirs(path, query, headers=ACCEPT):
    answer = client.get(
        f"/root/collections/{COLLECTION}/{path}", query_string=query, headers=headers, auth=("feed", "feed")
    )
    return answer.status_code, answer.get_json(), answer.headers


def gist(answer):
    """What both have to say alike."""
    status, body, headers = answer
    if status != 200:
        return [status]
    found = body.get("objects", body.get("versions", []))
    names = [
        [one["id"], one.get("version", one.get("modified"))] if isinstance(one, dict) else one for one in found
    ]
    # medallion sets the second header for two objects and more.
    ends = ("X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last")[: len(found)]
    dates = [to_millisecond(headers[end]) for end in ends]
    return [status, names, body.get("more", False), dates]


def to_millisecond(date):
    return date[:-1][:23] + "Z"


report = next(one for one in objects if one["type"] == "report")
dates = sorted({f"{entry['date_added'][:-1]}999Z" for entry in manifest})
added = [{}, {"added_after": dates[0]}, {"added_after": dates[-1]}, {"added_after": "2001-01-01T00:00:00.000Z"}]
matches = [
    {},
    {"match[type]": "report"},
    {"match[type]": "identity,marking-definition"},
    {"match[id]": report["id"]},
    {"match[id]": f"{report['id']},nothing"},
    {"match[version]": "first", "match[type]": "report"},
    {"match[version]": "last", "match[type]": "report"},
    {"match[version]": "all", "match[type]": "report"},
    {"match[version]": report["modified"], "match[type]": "report"},
    {"match[spec_version]": "2.1"},
    {"match[spec_version]": "2.0"},
]
limits = [{}, {"limit": "1"}, {"limit": "2"}, {"limit": "500"}]
asked, differ = 0, []
questions = [
    (path, {**one, **other, **limit}, ACCEPT)
    for path, one, other, limit in itertools.product(("objects/", "manifest/"), added, matches, limits)
    # Of what was added after, medallion takes the first version; we take the first, if it was added after.
    if not (one and other.get("match[version]") == "first")
]
for path in (f"objects/{report['id']}/", f"objects/{report['id']}/versions/"):
    questions += [(path, query, ACCEPT) for query in ({}, {"added_after": dates[0]})]
questions += [(f"objects/{report['id']}/", {"match[version]": word}, ACCEPT) for word in ("first", "last", "all")]
unknown = "report--00000000-0000-4000-8000-00000000ffff"
questions += [(f"objects/{unknown}/", {}, ACCEPT), (f"objects/{unknown}/versions/", {}, ACCEPT)]
for bad in ("application/json", "application/taxii+json;version=2.0"):
    questions += [(path, {}, {"Accept": bad}) for path in ("objects/", "manifest/")]
for path, query, headers in questions:
    asked += 1
    one, other = gist(ours(path, query, headers)), gist(theirs(path, query, headers))
    if one != other:
        differ.append({"path": path, "query": query, "accept": headers["Accept"], "ours": one, "theirs": other})
print(json.dumps({"asked": asked, "differ": differ}))
