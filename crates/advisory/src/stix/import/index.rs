//! Objects of a bundle by their ids, and who refers to whom: looked up, never followed.

use std::collections::BTreeMap;

use crate::{
    csaf::json::Json,
    draft::Left,
    stix::{
        id::{is_id, kind_of},
        timestamp::unix_ms,
    },
};

/// Each object once, in its newest version.
pub(super) struct Index<'a> {
    objects: BTreeMap<&'a str, &'a Json>,
    /// Their ids, in the order of the bundle.
    order: Vec<&'a str>,
    /// Relationships by what they lead to, and by where they come from.
    to: BTreeMap<&'a str, Vec<&'a Json>>,
    from: BTreeMap<&'a str, Vec<&'a Json>>,
}

impl<'a> Index<'a> {
    /// Returns the objects of a bundle. One without an id, of another version of STIX, or revoked, is left out.
    pub(super) fn new(objects: &'a [Json], left: &mut Left) -> Self {
        let mut all: BTreeMap<&str, &Json> = BTreeMap::new();
        let mut order = Vec::new();
        let changed = |object: &Json| object.text("modified").and_then(unix_ms);
        for object in objects {
            let kind = object.text("type");
            let Some(id) = object.text("id").filter(|id| is_id(id) && kind == Some(kind_of(id))) else {
                left.out(object.text("id").or(kind).unwrap_or("an object"), "it has no id of its type");
                continue;
            };
            if object.text("spec_version") != Some("2.1") {
                left.out(id, "it is not of STIX 2.1");
            } else if all.get(id).is_none_or(|other| changed(other) < changed(object))
                && all.insert(id, object).is_none()
            {
                order.push(id);
            }
        }
        all.retain(|id, object| {
            let revoked = object.get("revoked") == Some(&Json::Bool(true));
            if revoked {
                left.out(id, "it was revoked");
            }
            !revoked
        });
        order.retain(|id| all.contains_key(id));
        let (mut to, mut from) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for relationship in order.iter().filter(|id| kind_of(id) == "relationship").map(|id| all[id]) {
            if let (Some(source), Some(target)) =
                (relationship.text("source_ref"), relationship.text("target_ref"))
            {
                to.entry(target).or_default().push(relationship);
                from.entry(source).or_default().push(relationship);
            }
        }
        Self { objects: all, order, to, from }
    }

    pub(super) fn get(&self, id: &str) -> Option<(&'a str, &'a Json)> {
        self.objects.get_key_value(id).map(|(id, object)| (*id, *object))
    }

    /// Returns every object with its id, in the order of the bundle.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a str, &'a Json)> {
        self.order.iter().filter_map(|id| self.get(id))
    }

    pub(super) fn of_kind(&self, kind: &'static str) -> impl Iterator<Item = (&'a str, &'a Json)> {
        self.all().filter(move |(id, _)| kind_of(id) == kind)
    }

    /// Returns the relationships that lead to an object.
    pub(super) fn to(&self, id: &str) -> &[&'a Json] {
        self.to.get(id).map_or(&[], Vec::as_slice)
    }

    /// Returns the relationships that come from an object.
    pub(super) fn from(&self, id: &str) -> &[&'a Json] {
        self.from.get(id).map_or(&[], Vec::as_slice)
    }

    /// Returns the kind of an object that is there.
    pub(super) fn kind(&self, id: Option<&str>) -> Option<&'a str> {
        self.get(id?).map(|(id, _)| kind_of(id))
    }
}
