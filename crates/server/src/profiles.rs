//! Policy profiles as they come to the server: those that are shipped with it, and files.
//!
//! The shipped ones render public advisories of 2020 in Sabha's own words. The authorities they name have neither
//! written nor signed them.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use sabha_protocol::{limits::PROFILE_BYTES_MAX, wire::profile::ProfileFile};

/// Shipped profiles, the ones that `profiles/` of the source tree holds: id and text.
const SHIPPED: &[(&str, &str)] = &[
    ("in.gov.mha.2020-04-12", include_str!("../../../profiles/in.gov.mha.2020-04-12.json")),
    ("in.org.cert-in.ciad-2020-0010", include_str!("../../../profiles/in.org.cert-in.ciad-2020-0010.json")),
    ("us.gov.cisa.2020", include_str!("../../../profiles/us.gov.cisa.2020.json")),
    ("us.gov.nsa.2020-04-24", include_str!("../../../profiles/us.gov.nsa.2020-04-24.json")),
];

/// Why there is no profile to look at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableProfile {
    /// The text is not in the format.
    #[error("{name} is not a policy profile: {detail}")]
    Form {
        /// File, or id of a shipped profile.
        name: String,
        /// Where it differs, fit to be shown.
        detail: String,
    },
    /// The file cannot be read.
    #[error("{name} cannot be read")]
    Read {
        /// The file.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is larger than any profile.
    #[error("{name} is no policy profile: it has more than {PROFILE_BYTES_MAX} bytes")]
    TooLong {
        /// The file.
        name: String,
    },
}

/// Returns the shipped profiles, in the order of their ids.
///
/// # Errors
/// [`UnreadableProfile::Form`], which a test excludes.
pub fn shipped() -> Result<Vec<ProfileFile>, UnreadableProfile> {
    SHIPPED.iter().map(|(id, text)| parse(id, text.as_bytes())).collect()
}

/// Returns the shipped profile of that id, if there is one.
///
/// # Errors
/// [`UnreadableProfile::Form`], which a test excludes.
pub fn shipped_as(id: &str) -> Option<Result<ProfileFile, UnreadableProfile>> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == id).map(|(id, text)| parse(id, text.as_bytes()))
}

/// Reads the text of a file, which people know by `name`.
///
/// # Errors
/// [`UnreadableProfile`].
pub fn from_text(name: &str, text: &str) -> Result<ProfileFile, UnreadableProfile> {
    if text.len() > PROFILE_BYTES_MAX {
        return Err(UnreadableProfile::TooLong { name: name.to_owned() });
    }
    parse(name, text.as_bytes())
}

/// Returns the shipped profile of that id, or what the file of that name says.
///
/// # Errors
/// [`UnreadableProfile`].
pub fn find(name: &str) -> Result<ProfileFile, UnreadableProfile> {
    shipped_as(name).unwrap_or_else(|| read(Path::new(name)))
}

/// Reads a file.
///
/// # Errors
/// [`UnreadableProfile`].
pub fn read(path: &Path) -> Result<ProfileFile, UnreadableProfile> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    let read =
        fs::File::open(path).and_then(|file| file.take(PROFILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    if let Err(source) = read {
        return Err(UnreadableProfile::Read { name, source });
    }
    if bytes.len() > PROFILE_BYTES_MAX {
        return Err(UnreadableProfile::TooLong { name });
    }
    parse(&name, &bytes)
}

fn parse(name: &str, bytes: &[u8]) -> Result<ProfileFile, UnreadableProfile> {
    serde_json::from_slice(bytes).map_err(|error| {
        // The message can have names from the file in it: nothing of them steers a terminal.
        let detail = error.to_string().chars().filter(|letter| !letter.is_control()).take(200).collect();
        UnreadableProfile::Form { name: name.to_owned(), detail }
    })
}

#[cfg(test)]
mod tests {
    use sabha_policy::{Control, Controls, Scale, Source, Tier, profile};
    use serde_json::Value;

    use super::*;

    fn controls(id: &str) -> Controls {
        profile::check(&find(id).unwrap(), None).unwrap().controls
    }

    #[test]
    fn every_profile_in_the_folder_is_shipped_under_its_id() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../profiles");
        let mut found: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
            .collect();
        found.sort();
        let shipped = shipped().unwrap();
        assert_eq!(shipped.iter().map(|file| file.profile.id.as_str()).collect::<Vec<_>>(), found);
        for (id, file) in SHIPPED.iter().map(|(id, _)| id).zip(&shipped) {
            assert_eq!(file.profile.id.as_str(), *id);
        }
    }

    #[test]
    fn shipped_profiles_ask_only_for_what_the_catalogue_says_their_authors_ask_for() {
        for file in shipped().unwrap() {
            profile::check(&file, None).unwrap();
            let by = |source: &Source| match file.profile.id.as_str() {
                "in.gov.mha.2020-04-12" => matches!(source, Source::Mha(_)),
                "in.org.cert-in.ciad-2020-0010" => matches!(source, Source::CertIn(_)),
                "us.gov.cisa.2020" => matches!(source, Source::Cisa(_)),
                "us.gov.nsa.2020-04-24" => matches!(source, Source::Nsa(_)),
                other => panic!("{other}: whose is it?"),
            };
            for entry in &file.profile.controls {
                let control = Control::named(entry.control.as_str()).unwrap();
                assert!(control.sources().iter().any(by), "{}: {}", file.profile.id, control.id());
                assert_eq!(control.scale() == Scale::Always, entry.value.as_str() == "always");
            }
        }
    }

    #[test]
    fn shipped_profiles_stand_in_the_docs() {
        let docs = include_str!("../../../docs/policy.md");
        for (id, _) in SHIPPED {
            assert!(docs.contains(&format!("| `{id}` |")), "{id}");
        }
    }

    #[test]
    fn the_example_in_the_docs_is_a_profile() {
        let docs = include_str!("../../../docs/policy.md");
        let (_, example) = docs.split_once("```json\n").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        let example = example
            .replace("PUBLIC_KEY", &"A".repeat(43))
            .replace("\"SIGNATURE\"", &format!("\"{}\"", "A".repeat(86)));
        let mut file = parse("the example", example.as_bytes()).unwrap();
        file.signature = None;
        profile::check(&file, None).unwrap();
    }

    #[test]
    fn tier_medium_holds_the_nine_points() {
        let file = find("in.gov.mha.2020-04-12").unwrap();
        assert_eq!(Controls::of(Tier::Medium).below(&controls("in.gov.mha.2020-04-12")), None);
        for point in 1..=9 {
            let cited = file.profile.controls.iter().any(|entry| {
                entry.source.as_str().ends_with(&format!("point {point}"))
                    && Control::named(entry.control.as_str())
                        .is_some_and(|control| control.sources().contains(&Source::Mha(point)))
            });
            assert!(cited, "point {point}");
        }
    }

    #[test]
    fn tier_high_holds_every_shipped_profile() {
        for file in shipped().unwrap() {
            assert_eq!(Controls::of(Tier::High).below(&controls(file.profile.id.as_str())), None);
        }
    }

    /// Fails if `value` is not what `schema` says. Knows the words that the profile's schema uses, patterns apart,
    /// and no others.
    fn fits(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
        for (word, says) in schema.as_object().unwrap() {
            let length = || value.as_str().map(|text| text.chars().count() as u64);
            let number = |holds: fn(u64, u64) -> bool, found: Option<u64>| {
                found.zip(says.as_u64()).is_some_and(|(found, bound)| holds(found, bound))
            };
            let holds = match word.as_str() {
                "$schema" | "$defs" | "title" | "description" | "pattern" => true,
                "$ref" => {
                    let target = says.as_str().unwrap().strip_prefix('#').unwrap();
                    fits(root, root.pointer(target).unwrap(), value)?;
                    true
                }
                "const" => value == says,
                "type" => match says.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_u64(),
                    other => panic!("type {other}"),
                },
                "minLength" => number(|found, bound| found >= bound, length()),
                "maxLength" => number(|found, bound| found <= bound, length()),
                "minimum" => number(|found, bound| found >= bound, value.as_u64()),
                "maximum" => number(|found, bound| found <= bound, value.as_u64()),
                "maxItems" => {
                    number(|found, bound| found <= bound, value.as_array().map(|list| list.len() as u64))
                }
                "items" => {
                    value.as_array().unwrap().iter().try_for_each(|item| fits(root, says, item))?;
                    true
                }
                "required" => {
                    says.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
                }
                "additionalProperties" => {
                    assert_eq!(says, &Value::Bool(false));
                    value.as_object().unwrap().keys().all(|name| schema["properties"].get(name).is_some())
                }
                "properties" => {
                    for (name, schema) in says.as_object().unwrap() {
                        value.get(name).map_or(Ok(()), |field| fits(root, schema, field))?;
                    }
                    true
                }
                other => panic!("the schema uses {other}, which this test does not know"),
            };
            if !holds {
                return Err(format!("{word}: {value}"));
            }
        }
        Ok(())
    }

    fn schema() -> Value {
        serde_json::from_str(include_str!("../../../docs/schemas/policy-profile.schema.json")).unwrap()
    }

    #[test]
    fn shipped_profiles_fit_the_schema_signed_or_not() {
        let schema = schema();
        for mut file in shipped().unwrap() {
            assert_eq!(fits(&schema, &schema, &serde_json::to_value(&file).unwrap()), Ok(()));
            file.signature = Some(profile::sign(&file.profile, &[1; 32]));
            assert_eq!(fits(&schema, &schema, &serde_json::to_value(&file).unwrap()), Ok(()));
        }
    }

    #[test]
    fn schema_and_program_refuse_the_same() {
        let schema = schema();
        let good = serde_json::to_value(find("us.gov.nsa.2020-04-24").unwrap()).unwrap();
        let long = "x".repeat(401);
        for (pointer, wrong) in [
            ("/format", Value::from("other")),
            ("/version", Value::from(2)),
            ("/profile/revision", Value::from(0)),
            ("/profile/revision", Value::from(1_u64 << 32)),
            ("/profile/title", Value::from(long.clone())),
            ("/profile/title", Value::from("")),
            ("/profile/issued", Value::from("12 April 2020")),
            ("/profile/language", Value::from("e")),
            ("/profile/id", Value::from("a".repeat(49))),
            ("/profile/controls/0/source", Value::from(long)),
            ("/profile/controls/0/value", Value::from("x".repeat(41))),
            ("/profile/controls", Value::from(vec![good["profile"]["controls"][0].clone(); 65])),
            (
                "/profile/controls/0",
                serde_json::json!({ "control": "A", "value": "b", "source": "c", "more": 1 }),
            ),
            ("/profile/controls/0", serde_json::json!({ "control": "A", "value": "b" })),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = wrong;
            assert!(fits(&schema, &schema, &bad).is_err(), "{pointer}");
            assert!(serde_json::from_value::<ProfileFile>(bad).is_err(), "{pointer}");
        }
    }

    #[test]
    fn what_is_no_profile_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        assert!(matches!(read(&path), Err(UnreadableProfile::Read { .. })));
        fs::write(&path, "{").unwrap();
        assert!(matches!(read(&path), Err(UnreadableProfile::Form { .. })));
        fs::write(&path, "{\"\\u001b[2J\": 1}").unwrap();
        let said = read(&path).unwrap_err().to_string();
        assert!(said.contains("unknown field") && !said.contains('\u{1b}'), "{said:?}");
        fs::write(&path, vec![b' '; PROFILE_BYTES_MAX + 1]).unwrap();
        assert!(matches!(read(&path), Err(UnreadableProfile::TooLong { .. })));
        assert!(read(&path).unwrap_err().to_string().contains("a.json"));
    }
}
