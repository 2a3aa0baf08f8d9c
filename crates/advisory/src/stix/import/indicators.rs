//! Indicators, the malware that they indicate, and where both were sighted.

use std::collections::BTreeMap;

use super::Reading;
use crate::{
    csaf::json::Json,
    draft::line,
    indicators::{Indicator, Malware, Sighting},
    stix::{id::kind_of, pattern, timestamp::unix_ms},
};

impl Reading<'_, '_> {
    pub(super) fn indicators(&mut self) {
        let index = self.index;
        let mut malware = BTreeMap::new();
        for (id, object) in index.of_kind("malware") {
            malware.extend(self.malware(id, object).map(|place| (id, place)));
        }
        let mut indicators = BTreeMap::new();
        for (id, object) in index.of_kind("indicator") {
            let places = self.indicator(id, object);
            for relation in index.from(id) {
                let indicates = relation.text("relationship_type") == Some("indicates");
                let target = relation.text("target_ref").filter(|_| indicates);
                let Some(of) = target.and_then(|target| malware.get(target)) else { continue };
                for place in &places {
                    self.draft.state(id, |indicators| indicators.indicates(*place, *of));
                }
            }
            indicators.extend(places.first().map(|place| (id, *place)));
        }
        for (id, object) in index.of_kind("sighting") {
            let of = object.text("sighting_of_ref").unwrap_or_default();
            let Some(sighting) = self.sighting(object) else {
                self.draft.left.out(id, "it ended before it began, or is counted in no number");
                continue;
            };
            if let Some(place) = indicators.get(of) {
                self.draft.state(id, |indicators| indicators.saw_indicator(*place, sighting));
            } else if let Some(place) = malware.get(of) {
                self.draft.state(id, |indicators| indicators.saw_malware(*place, sighting));
            } else {
                self.draft.left.out(id, "what was sighted is not in the document");
            }
        }
    }

    fn malware(&mut self, id: &str, object: &Json) -> Option<usize> {
        let is_family = object.get("is_family") == Some(&Json::Bool(true));
        let types: Vec<&str> = object.texts("malware_types").map(|(_, word)| word).collect();
        let name = object.text("name").unwrap_or_default();
        let Some(malware) = Malware::new(name, is_family, &types, object.text("description")) else {
            self.draft.left.out(id, "it has no name that stands on a line");
            return None;
        };
        for word in types.iter().filter(|word| !malware.types().contains(word)) {
            self.draft.left.out(word, "it is no type of malware that STIX names");
        }
        self.draft.state(id, |indicators| indicators.malware(malware))
    }

    /// Returns the places of what an indicator says: one for each value.
    fn indicator(&mut self, id: &str, object: &Json) -> Vec<usize> {
        if object.text("pattern_type") != Some("stix") {
            self.draft.left.out(id, "its pattern is not one of STIX");
            return Vec::new();
        }
        if object.texts("indicator_types").any(|(_, kind)| kind == "benign") {
            self.draft.left.out(id, "it is benign, and an indicator here is one of compromise");
            return Vec::new();
        }
        let Some(values) = object.text("pattern").and_then(pattern::read) else {
            self.draft.left.out(id, "its pattern says more than that something has a value");
            return Vec::new();
        };
        let mut places = Vec::new();
        for (kind, value) in values {
            let said = [object.text("description"), object.text("name")].into_iter().flatten();
            let mut said = said.filter(|text| *text != value && line(text, "") != self.draft.title);
            let indicator = Indicator::new(kind, &value, said.next());
            places.extend(self.draft.indicate(indicator, id));
        }
        places
    }

    /// Reads when, how often and where something was sighted. Of where the names are kept, if nothing else is said.
    fn sighting(&self, object: &Json) -> Option<Sighting> {
        let time = |key| match object.text(key) {
            None => Some(None),
            Some(text) => unix_ms(text).map(Some),
        };
        let count = match object.get("count") {
            None => None,
            Some(Json::Number(count)) => Some(count.to_string().parse().ok()?),
            Some(_) => return None,
        };
        let names: Vec<&str> = object
            .texts("where_sighted_refs")
            .filter_map(|(_, id)| self.index.get(id))
            .filter(|(id, _)| kind_of(id) == "identity")
            .filter_map(|(_, identity)| identity.text("name"))
            .collect();
        let names = names.join(", ");
        let said = object.text("description").or_else(|| object.text("summary")).unwrap_or(&names);
        Sighting::new(time("first_seen")?, time("last_seen")?, count, Some(said))
    }
}
