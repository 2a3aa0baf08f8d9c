//! The terms of a meeting while one policy holds: what of the policy is told to those who were not there, without the
//! keys of anybody.
//!
//! ```text
//!  version u64 | SHA-256 of the signed policy 32 | floor | controls | suspended u8 | locked u8 [at ms u64]
//!  | hosts u16 | more rights: members u16, which u16 | less rights: members u16, which u16
//! ```
//!
//! `floor` and `controls` are a count u16 and pairs (number u8, value u16), as in the policy itself.

use sabha_admission::{
    Capabilities, Conduct, HOSTS_MAX, Policy, RIGHTS_MAX, Rights, SignedPolicy,
    controls::{CONTROLS_MAX, Controls},
};
use sha2::{Digest as _, Sha256};

use crate::{
    codec::{Malformed, Reader, Writer},
    log::Hash,
};

/// What holds by one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Version of the policy.
    pub version: u64,
    /// SHA-256 of the signed policy.
    pub policy: Hash,
    /// What the organisation demands.
    pub floor: Controls,
    /// What holds: at least as tight as the floor.
    pub controls: Controls,
    /// Whether participants may do nothing but be there.
    pub suspended: bool,
    /// Since when the meeting is locked by a host, in unix milliseconds.
    pub locked_at_ms: Option<u64>,
    /// Number of hosts.
    pub hosts: u16,
    /// Whom a host gave rights that the controls leave to hosts.
    pub more: Exceptions,
    /// From whom a host took rights.
    pub less: Exceptions,
}

/// Members whose rights differ from what everybody has: how many, and in what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// How many members.
    pub members: u16,
    /// Rights of any of them.
    pub rights: Capabilities,
}

impl Terms {
    /// Returns the terms of a policy.
    pub fn of(policy: &SignedPolicy) -> Self {
        let Policy { version, hosts, locked_at_ms, conduct, .. } = &policy.body;
        let Conduct { floor, controls, suspended, rights, .. } = conduct;
        let count = |of: fn(&Rights) -> Capabilities| {
            let changed = rights.values().map(of).filter(|rights| *rights != Capabilities::NONE);
            changed.fold(Exceptions::default(), |all, rights| Exceptions {
                members: all.members.saturating_add(1),
                rights: all.rights.union(rights),
            })
        };
        Self {
            version: *version,
            policy: policy.hash(),
            floor: floor.clone(),
            controls: controls.clone(),
            suspended: *suspended,
            locked_at_ms: *locked_at_ms,
            hosts: u16::try_from(hosts.len()).unwrap_or(u16::MAX),
            more: count(|rights| rights.given),
            less: count(|rights| rights.taken),
        }
    }

    /// Returns what stands for a policy in the meeting's log: SHA-256 of a label and the terms. So the log says, from
    /// the moment of its head, under which terms the meeting was; and who has the terms can look for them in it.
    pub fn hash(&self) -> Hash {
        let terms = self.write(Writer::default()).done();
        Sha256::new().chain_update(b"sabha log policy v1").chain_update(terms).finalize().into()
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        let writer = writer.u64(self.version).array(&self.policy);
        let writer = write_controls(&self.controls, write_controls(&self.floor, writer));
        let writer = writer.u8(u8::from(self.suspended)).u8(u8::from(self.locked_at_ms.is_some()));
        let writer = self.locked_at_ms.into_iter().fold(writer, Writer::u64).u16(self.hosts);
        [self.more, self.less]
            .into_iter()
            .fold(writer, |writer, Exceptions { members, rights }| writer.u16(members).u16(rights.bits()))
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let terms = Self {
            version: reader.u64()?,
            policy: reader.array()?,
            floor: read_controls(reader)?,
            controls: read_controls(reader)?,
            suspended: reader.flag()?,
            locked_at_ms: if reader.flag()? { Some(reader.u64()?) } else { None },
            hosts: reader.u16()?,
            more: Exceptions::read(reader)?,
            less: Exceptions::read(reader)?,
        };
        if terms.is_sound() { Ok(terms) } else { Err(Malformed) }
    }

    /// Returns whether a policy can have these terms: within its bounds, and no control below the floor.
    pub(super) fn is_sound(&self) -> bool {
        usize::from(self.hosts) <= HOSTS_MAX
            && self.controls.below(&self.floor).is_none()
            && self.more.is_sound()
            && self.less.is_sound()
    }
}

impl Exceptions {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let members = reader.u16()?;
        Ok(Self { members, rights: reader.u16()?.try_into().map_err(|_| Malformed)? })
    }

    fn is_sound(self) -> bool {
        usize::from(self.members) <= RIGHTS_MAX
            && (self.members == 0) == (self.rights == Capabilities::NONE)
            && self.rights.is_subset_of(Capabilities::PARTICIPANT)
    }
}

fn write_controls(controls: &Controls, writer: Writer) -> Writer {
    // There are as many controls as fit into a byte.
    let writer = writer.u16(u16::try_from(controls.iter().len()).unwrap_or(u16::MAX));
    controls.iter().fold(writer, |writer, (control, setting)| writer.u8(control.number()).u16(setting.rank()))
}

fn read_controls(reader: &mut Reader<'_>) -> Result<Controls, Malformed> {
    let count = usize::from(reader.u16()?);
    if count > CONTROLS_MAX {
        return Err(Malformed);
    }
    let pairs =
        (0..count).map(|_| Ok((reader.u8()?, reader.u16()?))).collect::<Result<Vec<_>, Malformed>>()?;
    Controls::from_numbers(pairs).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::testing::{policy, terms};

    fn read(bytes: &[u8]) -> Result<Terms, Malformed> {
        let mut reader = Reader::new(bytes);
        let terms = Terms::read(&mut reader)?;
        reader.end().map(|()| terms)
    }

    fn written(terms: &Terms) -> Vec<u8> {
        terms.write(Writer::default()).done()
    }

    /// CERT-01
    #[test]
    fn terms_have_one_form() {
        let mut terms = terms(3);
        terms.more = Exceptions { members: 2, rights: Capabilities::SCREEN };
        terms.locked_at_ms = Some(7);
        assert_eq!(read(&written(&terms)), Ok(terms.clone()));
        for cut in 0..written(&terms).len() {
            assert_eq!(read(&written(&terms)[..cut]), Err(Malformed), "{cut}");
        }
        let wrong = |change: fn(&mut Terms)| {
            let mut terms = terms.clone();
            change(&mut terms);
            read(&written(&terms))
        };
        assert_eq!(wrong(|terms| terms.more.rights = Capabilities::NONE), Err(Malformed));
        assert_eq!(wrong(|terms| terms.less.members = 1), Err(Malformed));
        assert_eq!(wrong(|terms| terms.more.rights = Capabilities::ADMIT), Err(Malformed));
        assert_eq!(wrong(|terms| terms.hosts = 17), Err(Malformed));
        assert_eq!(wrong(|terms| terms.controls = Controls::default()), Err(Malformed), "below the floor");
    }

    #[test]
    fn every_field_is_in_what_the_log_says_of_a_policy() {
        let changes: [fn(&mut Terms); 9] = [
            |terms| terms.version += 1,
            |terms| terms.policy[0] ^= 1,
            |terms| terms.floor = Controls::default(),
            |terms| terms.controls = Controls::of(sabha_admission::controls::Tier::High),
            |terms| terms.suspended = true,
            |terms| terms.locked_at_ms = Some(1),
            |terms| terms.hosts += 1,
            |terms| terms.more = Exceptions { members: 1, rights: Capabilities::SCREEN },
            |terms| terms.less = Exceptions { members: 1, rights: Capabilities::CHAT },
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut changed = terms(3);
            change(&mut changed);
            assert_ne!(changed.hash(), terms(3).hash(), "{at}");
        }
    }

    #[test]
    fn terms_name_nobody() {
        let policy = policy(3);
        let bytes = written(&Terms::of(&policy));
        for host in &policy.hosts {
            assert!(!bytes.windows(32).any(|part| part == host.subject.as_bytes()));
        }
    }
}
