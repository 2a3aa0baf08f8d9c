//! Which objects are asked for: filters, and where to go on (sections 3.4 and 3.5).

use axum::http::StatusCode;
use sabha_advisory::stix::unix_ms;
use sabha_protocol::{Rule, bulletin::SharingGroupId};

use super::Refusal;
use crate::storage::Told;

/// Most objects of one answer, and how many there are if nobody says less.
pub(super) const PAGE_MAX: usize = 1000;

/// Most values of one filter.
const VALUES_MAX: usize = 100;

/// Which versions of an object are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Version {
    All,
    First,
    Last,
    /// The one of this time, in milliseconds since 1970.
    Of(u64),
}

/// Where an answer goes on: a place in the order, and how many objects of it were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct From {
    pub(super) told: Told,
    pub(super) given: usize,
}

/// What a query asks for. What is absent filters nothing, but for versions, of which the last is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    /// Only what was added after this, in milliseconds since 1970.
    pub(super) added_after_ms: Option<u64>,
    pub(super) limit: usize,
    pub(super) from: From,
    pub(super) ids: Option<Vec<String>>,
    pub(super) types: Option<Vec<String>>,
    pub(super) versions: Vec<Version>,
    /// Whether STIX 2.1 is among the versions of STIX that are asked for.
    pub(super) is_2_1: bool,
    /// Of which collection, if that is a sharing group's.
    pub(super) group: Option<SharingGroupId>,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            added_after_ms: None,
            limit: PAGE_MAX,
            from: From::default(),
            ids: None,
            types: None,
            versions: vec![Version::Last],
            is_2_1: true,
            group: None,
        }
    }
}

impl Filter {
    /// Reads a query. Parameters that are none of TAXII's are read over, as section 3.1 has it.
    pub(super) fn read(query: &str) -> Result<Self, Refusal> {
        let mut filter = Self::default();
        let mut seen = Vec::new();
        for (key, value) in form(query) {
            if seen.contains(&key) {
                return Err(invalid(format!("{key} stands twice: put its values together with commas")));
            }
            match key.as_str() {
                "added_after" => {
                    filter.added_after_ms =
                        Some(unix_ms(&value).ok_or_else(|| invalid("added_after is a time of RFC 3339"))?);
                }
                "limit" => {
                    let limit = value.parse::<usize>().ok().filter(|limit| *limit > 0);
                    filter.limit = limit.ok_or_else(|| invalid("limit is a number from 1"))?.min(PAGE_MAX);
                }
                "next" => {
                    filter.from =
                        From::read(&value).ok_or_else(|| invalid("next is none that was given here"))?
                }
                "match[id]" => filter.ids = Some(values(&value)?),
                "match[type]" => filter.types = Some(values(&value)?),
                "match[spec_version]" => {
                    filter.is_2_1 = values(&value)?.iter().any(|version| version == "2.1")
                }
                "match[version]" => {
                    filter.versions = values(&value)?
                        .iter()
                        .map(|word| match word.as_str() {
                            "all" => Ok(Version::All),
                            "first" => Ok(Version::First),
                            "last" => Ok(Version::Last),
                            time => unix_ms(time).map(Version::Of).ok_or_else(|| {
                                invalid("match[version] is all, first, last, or a time of RFC 3339")
                            }),
                        })
                        .collect::<Result<_, _>>()?;
                }
                _ => {}
            }
            seen.push(key);
        }
        Ok(filter)
    }
}

impl From {
    /// Writes the place for `next`, which means nothing to anybody else.
    pub(super) fn write(self) -> String {
        let Told { at_ms, document, number, withdrawn } = self.told;
        let document = data_encoding::HEXLOWER.encode(&document);
        format!("{at_ms}-{document}-{number}-{}-{}", u8::from(withdrawn), self.given)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut part = || parts.next();
        let told = Told {
            at_ms: part()?.parse().ok()?,
            document: data_encoding::HEXLOWER.decode(part()?.as_bytes()).ok()?.try_into().ok()?,
            number: part()?.parse().ok()?,
            withdrawn: match part()? {
                "0" => false,
                "1" => true,
                _ => return None,
            },
        };
        let from = Self { told, given: part()?.parse().ok()? };
        part().is_none().then_some(from)
    }
}

fn values(text: &str) -> Result<Vec<String>, Refusal> {
    let values: Vec<String> = text.split(',').map(|value| value.trim().to_owned()).collect();
    if values.len() > VALUES_MAX {
        return Err(invalid(format!("a filter has {VALUES_MAX} values at most")));
    }
    Ok(values)
}

/// Returns keys and values of a query (WHATWG URL, `application/x-www-form-urlencoded`).
fn form(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key), decoded(value))
    })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| after.get(..2)).flatten();
        let escaped = escaped.and_then(|digits| data_encoding::HEXUPPER_PERMISSIVE.decode(digits).ok());
        match escaped {
            Some(byte) => {
                bytes.extend(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(if first == b'+' { b' ' } else { first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::with_status(StatusCode::BAD_REQUEST, Rule::WellFormed, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read() {
        let filter = Filter::read(
            "added_after=2026-11-27T10:00:00Z&limit=5&match%5Btype%5D=report,indicator&match[version]=first,2026-11-27T10%3A00%3A00.001Z&x=y",
        )
        .unwrap();
        assert_eq!(filter.added_after_ms, Some(1_795_773_600_000));
        assert_eq!(filter.limit, 5);
        assert_eq!(filter.types.unwrap(), ["report", "indicator"]);
        assert_eq!(filter.versions, [Version::First, Version::Of(1_795_773_600_001)]);
        assert_eq!(Filter::read("").unwrap(), Filter::default());
        assert_eq!(Filter::read("limit=1000000").unwrap().limit, PAGE_MAX);
        assert!(!Filter::read("match[spec_version]=2.0").unwrap().is_2_1);
        assert!(Filter::read("match[spec_version]=2.0,2.1").unwrap().is_2_1);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let many = format!("match[id]={}", "a,".repeat(VALUES_MAX));
        for query in [
            "added_after=yesterday",
            "added_after=2026-11-27",
            "limit=0",
            "limit=-1",
            "limit=x",
            "limit=",
            "next=1",
            "next=1-00-1-0-0",
            "match[version]=newest",
            "match[type]=a&match[type]=b",
            &many,
        ] {
            assert!(Filter::read(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let told = Told { at_ms: 7, document: [0xAB; 16], number: 3, withdrawn: true };
        let from = From { told, given: 42 };
        assert_eq!(From::read(&from.write()), Some(from));
        assert_eq!(From::read(&format!("{}-0", from.write())), None);
    }
}
