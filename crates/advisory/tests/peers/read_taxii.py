"""Goes through a TAXII server by OASIS' client, taxii2-client: reads every endpoint, and sends an envelope.

Arguments: the URL of the server, and an API key. Writes one object of JSON: what was found.
"""

import json
import sys

import requests
import stix2
from taxii2client.v21 import Server, as_pages

url, key = sys.argv[1:]
found = {}

server = Server(url + "taxii2/", user="feed", password=key)
found["title"] = server.title
public, members, *groups = server.api_roots
found["default"] = server.default.url == public.url
for name, root in (("public", public), ("members", members), *((group.title, group) for group in groups)):
    found[name] = {"title": root.title, "versions": root.versions, "length": root.max_content_length}
    for collection in root.collections:
        here = found[name][collection.alias] = {"read": collection.can_read, "write": collection.can_write}
        if not collection.can_read:
            continue
        whole = collection.get_objects().get("objects", [])
        pages = [one for page in as_pages(collection.get_objects, per_request=3) for one in page.get("objects", [])]
        manifest = collection.get_manifest().get("objects", [])
        here["reports"] = [one["name"] for one in whole if one["type"] == "report"]
        here["pages"] = pages == whole
        here["manifest"] = [one["id"] for one in manifest] == [one["id"] for one in whole]
        # OASIS' library reads each of them.
        here["read_by_stix2"] = all(stix2.parse(one).id == one["id"] for one in whole)
        here["each"] = all(collection.get_object(one["id"])["objects"] == [one] for one in whole)
        here["versions"] = all(
            collection.object_versions(one["id"])["versions"] == [entry["version"]]
            for one, entry in zip(whole, manifest)
        )
        here["typed"] = {one["type"] for one in collection.get_objects(type="report,identity")["objects"]} == {
            "report",
            "identity",
        }
        last = max(entry["date_added"] for entry in manifest)
        here["after"] = collection.get_objects(added_after=last)
        # The client asks for no such thing where a collection says that it is not written.
        here["delete"] = requests.delete(
            f"{collection.objects_url}{whole[0]['id']}/",
            auth=("feed", key),
            headers={"Accept": "application/taxii+json;version=2.1"},
            timeout=30,
        ).status_code

for name, root in (("members", members), *((group.title, group) for group in groups)):
    drafts = next(one for one in root.collections if one.can_write)
    status = drafts.add_objects({"objects": [
        json.loads(stix2.Report(
            name="By the client", published="2026-11-27T10:00:00Z", report_types=["threat-report"], description="Text",
            object_refs=["malware--00000000-0000-4000-8000-000000000002"],
        ).serialize()),
        json.loads(stix2.Malware(name="Worm", is_family=False).serialize()),
    ]})
    again = root.get_status(status.id).status
    found[name]["status"] = [status.status, status.success_count, status.failure_count, again]
print(json.dumps(found))
