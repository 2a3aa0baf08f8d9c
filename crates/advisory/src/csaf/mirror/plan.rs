//! Which documents of a provider's lists are wanted: those that are not there, and those that the list says are newer.

use std::{cmp::Ordering, collections::BTreeMap};

use super::{Address, Known, Listed, Trouble};
use crate::csaf::instant::Instant;

/// Returns what is to be fetched, the oldest first, what has no time last; each address once, with its latest time.
///
/// # Errors
/// [`Trouble::NotNewer`]: a list says that a document is older than what is mirrored of it.
pub fn plan(listed: Vec<Listed>, known: &BTreeMap<String, Known>) -> Result<Vec<Listed>, Trouble> {
    let mut latest: BTreeMap<Address, Option<String>> = BTreeMap::new();
    for document in listed {
        let time = latest.entry(document.address).or_default();
        if compare(document.updated.as_deref(), time.as_deref()).is_gt() {
            *time = document.updated;
        }
    }
    let mut wanted = Vec::new();
    for (address, updated) in latest {
        let Some(known) = known.get(&address.to_string()) else {
            wanted.push(Listed { address, updated });
            continue;
        };
        // What has no time is only known to be there.
        let Some(time) = &updated else { continue };
        // The list's time can be later than the document's own, and another kind of list can have another.
        match compare(Some(time), Some(known.listed.as_ref().unwrap_or(&known.updated))) {
            Ordering::Greater => wanted.push(Listed { address, updated }),
            Ordering::Less if compare(Some(time), Some(&known.updated)).is_lt() => {
                return Err(Trouble::NotNewer {
                    address: address.to_string(),
                    found: time.clone(),
                    before: known.updated.clone(),
                });
            }
            _ => {}
        }
    }
    wanted.sort_by(|one, other| match (&one.updated, &other.updated) {
        (Some(first), Some(second)) => compare(Some(first), Some(second)),
        (first, second) => first.is_none().cmp(&second.is_none()),
    });
    Ok(wanted)
}

/// Compares times; none is before every other.
pub(super) fn compare(one: Option<&str>, other: Option<&str>) -> Ordering {
    one.and_then(Instant::parse).cmp(&other.and_then(Instant::parse))
}
