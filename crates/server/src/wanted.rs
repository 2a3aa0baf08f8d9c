//! What the organisation's floor can be made from: a tier, a profile, or a floor of before.

use sabha_policy::{
    Control, Controls, Invalid, Tier,
    profile::{self, Authorship, ProfileError},
};
use sabha_protocol::{CLIENT, key::ProfileKey, wire::profile::ProfileFile};

use crate::storage::{Store, StoreError};

/// Controls that somebody wants to be demanded.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// What they are.
    pub(crate) controls: Controls,
    /// From what they come, for the record: at most 117 characters, so that nothing of it is cut.
    pub(crate) origin: String,
    /// Under which key the profile's signature holds.
    pub(crate) signed_by: Option<ProfileKey>,
    /// The floor by which they were demanded before: they take the place of what is demanded now as they are.
    pub(crate) earlier: Option<i64>,
}

impl Wanted {
    /// Returns what a tier demands.
    pub(crate) fn tier(tier: Tier) -> Self {
        let origin = format!("tier {}", tier.name());
        Self { controls: Controls::of(tier), origin, signed_by: None, earlier: None }
    }

    /// Returns what a profile demands. With `by`, it must be signed with that key.
    ///
    /// # Errors
    /// [`ProfileError`]: nothing of it must be applied then.
    pub(crate) fn profile(file: &ProfileFile, by: Option<&ProfileKey>) -> Result<Self, ProfileError> {
        let checked = profile::check(file, by)?;
        check_client(&checked.controls)?;
        let signed_by = match checked.authorship {
            Authorship::Unsigned => None,
            Authorship::Verified { key } => Some(key),
        };
        let signed =
            signed_by.map_or_else(|| "not signed".to_owned(), |key| format!("key {}", String::from(key)));
        let origin = format!("{} revision {}, {signed}", file.profile.id, file.profile.revision);
        Ok(Self { controls: checked.controls, origin, signed_by, earlier: None })
    }

    /// Returns what was demanded by the floor of that number; by 0, what holds where nobody has chosen. `None` if
    /// there was no such floor.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn earlier(store: &Store, number: i64) -> Result<Option<Self>, StoreError> {
        let (controls, origin) = match number {
            0 => (Controls::of(Tier::default()), "what holds where nobody has chosen".to_owned()),
            number => match store.floor_numbered(number).await? {
                Some(row) => (row.floor, format!("floor {number}: {}", row.origin)),
                None => return Ok(None),
            },
        };
        Ok(Some(Self { controls, origin, signed_by: None, earlier: Some(number) }))
    }

    /// Returns the floor that this makes of today's. Nothing gets looser unless that is asked for.
    pub(crate) fn over(&self, today: &Controls, loosen: bool) -> Controls {
        if loosen || self.earlier.is_some() { self.controls.clone() } else { self.controls.tighten(today) }
    }
}

/// Refuses to demand a client that this server does not deliver: nobody could come in any more.
///
/// # Errors
/// [`Invalid::Value`].
pub(crate) fn check_client(controls: &Controls) -> Result<(), Invalid> {
    if controls.client_floor() <= CLIENT {
        return Ok(());
    }
    let value = controls.client_floor().to_string();
    Err(Invalid::Value { control: Control::ClientFloor.id(), value })
}

/// Returns the newest floor with its number, which is 0 where nobody has chosen.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn today(store: &Store) -> Result<(i64, Controls), StoreError> {
    let newest = store.floors().await?.into_iter().next();
    Ok(newest.map_or_else(|| (0, Controls::of(Tier::default())), |row| (row.number, row.floor)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles;

    #[test]
    fn the_longest_origin_is_not_cut() {
        let mut file = profiles::find("us.gov.cisa.2020").unwrap();
        file.profile.id = "a".repeat(48).try_into().unwrap();
        file.profile.revision = std::num::NonZeroU32::MAX;
        file.signature = Some(profile::sign(&file.profile, &[1; 32]));
        assert_eq!(Wanted::profile(&file, None).unwrap().origin.len(), 117);
    }

    /// ORG.CLIENT.FLOOR
    #[test]
    fn a_client_that_this_server_does_not_deliver_is_not_demanded() {
        let profile = |value: u16| {
            let mut file = profiles::find("us.gov.cisa.2020").unwrap();
            let entry = file
                .profile
                .controls
                .iter_mut()
                .find(|entry| entry.control.as_str() == Control::ClientFloor.id())
                .unwrap();
            entry.value = value.to_string().try_into().unwrap();
            Wanted::profile(&file, None).map(|wanted| wanted.controls.client_floor())
        };
        assert_eq!(profile(CLIENT), Ok(CLIENT));
        let refused = profile(CLIENT + 1).unwrap_err().to_string();
        assert_eq!(refused, format!("ORG.CLIENT.FLOOR cannot be {}", CLIENT + 1));
    }

    #[tokio::test]
    async fn only_an_earlier_floor_or_an_express_wish_loosens() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let (low, high) = (Controls::of(Tier::Low), Controls::of(Tier::High));
        assert_eq!(Wanted::tier(Tier::Low).over(&high, false), high);
        assert_eq!(Wanted::tier(Tier::Low).over(&high, true), low);
        store.apply_floor(&low, "asha", "tier low").await.unwrap();
        assert_eq!(today(&store).await.unwrap(), (1, low.clone()));
        let earlier = Wanted::earlier(&store, 1).await.unwrap().unwrap();
        assert_eq!((earlier.over(&high, false), earlier.origin.as_str()), (low, "floor 1: tier low"));
        assert!(Wanted::earlier(&store, 2).await.unwrap().is_none());
        assert_eq!(Wanted::earlier(&store, 0).await.unwrap().unwrap().controls, Controls::of(Tier::Medium));
    }
}
