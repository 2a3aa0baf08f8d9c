//! The value of all controls: what a floor, a template or a meeting says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use sabha_protocol::{ControlSetting, ControlSettings, ControlWord};

use crate::{
    Control, Scale, Tier,
    level::{Chat, Encryption, End, Entry, External, HostSignIn, Link, Lobby, Pass, Share},
};

/// Most settings in one value: one for each control.
pub const CONTROLS_MAX: usize = 64;

/// What a control is set to: the rank of a level, or a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Setting(u16);

impl Setting {
    /// No limit.
    pub const UNLIMITED: Self = Self(u16::MAX);

    /// Returns the setting of that rank; whether a control takes it is asked of [`Control::takes`].
    pub const fn of_rank(rank: u16) -> Self {
        Self(rank)
    }

    /// Returns the rank of the level, 0 being the loosest, or the limit.
    pub const fn rank(self) -> u16 {
        self.0
    }
}

/// Why settings are no value of the controls.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// There is no control of that name or number.
    #[error("there is no control {0}")]
    Unknown(String),
    /// The control cannot be set to that.
    #[error("{control} cannot be {value}")]
    Value {
        /// Id of the control.
        control: &'static str,
        /// What was given, cut short.
        value: String,
    },
    /// Settings out of order, twice, or one that says nothing.
    #[error("settings are not in their one form")]
    Form,
}

/// The setting of every control. Where nothing was chosen the loosest holds.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Controls(BTreeMap<Control, Setting>);

/// A control that two values set differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which.
    pub control: Control,
    /// In the first value.
    pub before: Setting,
    /// In the second.
    pub after: Setting,
    /// Whether the second is the tighter one.
    pub tightens: bool,
}

impl Controls {
    /// Returns the settings of a tier.
    pub fn of(tier: Tier) -> Self {
        let mut controls = Self::default();
        for control in Control::ALL {
            controls.put(*control, control.in_tier(tier));
        }
        controls
    }

    /// Returns what a control is set to.
    pub fn get(&self, control: Control) -> Setting {
        self.0.get(&control).copied().unwrap_or(control.loosest())
    }

    /// Sets a control.
    ///
    /// # Errors
    /// [`Invalid::Value`] if it does not take that; nothing is changed then.
    pub fn set(&mut self, control: Control, setting: Setting) -> Result<(), Invalid> {
        if !control.takes(setting) {
            return Err(invalid(control, &setting.rank().to_string()));
        }
        self.put(control, setting);
        Ok(())
    }

    /// Sets a control by what a person writes: the name of a level, a number, or `none` for no limit.
    ///
    /// # Errors
    /// [`Invalid`]; nothing is changed then.
    pub fn set_named(&mut self, id: &str, value: &str) -> Result<(), Invalid> {
        let control = Control::named(id).ok_or_else(|| Invalid::Unknown(short(id)))?;
        let setting = match control.scale() {
            Scale::Always => (value == "always").then_some(Setting::of_rank(0)),
            Scale::Levels(names) => names
                .iter()
                .position(|name| *name == value)
                .and_then(|rank| u16::try_from(rank).ok())
                .map(Setting::of_rank),
            Scale::AtLeast { .. } | Scale::AtMost { .. } if value == "none" => Some(control.loosest()),
            // No limit is said in one way only.
            Scale::AtLeast { .. } | Scale::AtMost { .. } => {
                value.parse().ok().map(Setting::of_rank).filter(|setting| *setting != control.loosest())
            }
        };
        let setting =
            setting.filter(|setting| control.takes(*setting)).ok_or_else(|| invalid(control, value))?;
        self.put(control, setting);
        Ok(())
    }

    /// Returns what a person reads: the name of the level, the number, `none` or `always`.
    pub fn named(control: Control, setting: Setting) -> String {
        match control.scale() {
            Scale::Always => "always".to_owned(),
            Scale::Levels(names) => names.get(usize::from(setting.rank())).copied().unwrap_or("?").to_owned(),
            Scale::AtLeast { .. } | Scale::AtMost { .. } if setting == control.loosest() => "none".to_owned(),
            Scale::AtLeast { .. } | Scale::AtMost { .. } => setting.rank().to_string(),
        }
    }

    /// Returns what holds where both hold: of each control the tighter setting.
    #[must_use]
    pub fn tighten(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (&control, &setting) in &other.0 {
            both.put(control, control.tighter(self.get(control), setting));
        }
        both
    }

    /// Returns the first control that is looser here than in `floor`, if any is.
    pub fn below(&self, floor: &Self) -> Option<Control> {
        let tightest = |control: Control| control.tighter(self.get(control), floor.get(control));
        Control::ALL.iter().copied().find(|control| tightest(*control) != self.get(*control))
    }

    /// Returns what differs from `self` to `after`, in the order of the controls.
    pub fn difference(&self, after: &Self) -> Vec<Difference> {
        let pairs = Control::ALL.iter().map(|&control| (control, self.get(control), after.get(control)));
        pairs
            .filter(|(_, before, after)| before != after)
            .map(|(control, before, after)| {
                let tightens = control.tighter(before, after) == after;
                Difference { control, before, after, tightens }
            })
            .collect()
    }

    /// Reads what a file or a message says.
    ///
    /// # Errors
    /// [`Invalid`]: also if a control is named twice.
    pub fn from_settings(settings: &ControlSettings) -> Result<Self, Invalid> {
        let mut controls = Self::default();
        let mut named = BTreeSet::new();
        for ControlSetting { control, value } in &settings.0 {
            if !named.insert(control.as_str()) {
                return Err(Invalid::Form);
            }
            controls.set_named(control.as_str(), value.as_str())?;
        }
        Ok(controls)
    }

    /// Returns what a file or a message says of them: the settings that are not the loosest.
    pub fn to_settings(&self) -> ControlSettings {
        let word = |text: String| ControlWord::try_from(text).ok();
        let settings = self.iter().filter_map(|(control, setting)| {
            let value = word(Self::named(control, setting))?;
            Some(ControlSetting { control: word(control.id().to_owned())?, value })
        });
        ControlSettings(settings.collect())
    }

    /// Returns the settings that are not the loosest, in the order of the controls.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Control, Setting)> {
        self.0.iter().map(|(control, setting)| (*control, *setting))
    }

    /// Reads the one form in which settings stand in signed bytes: by number, in order, without the loosest.
    ///
    /// # Errors
    /// [`Invalid`]: also of a control that this version does not know, since it could not be kept.
    pub fn from_numbers(pairs: impl IntoIterator<Item = (u8, u16)>) -> Result<Self, Invalid> {
        let mut controls = Self::default();
        let mut last = 0;
        for (number, rank) in pairs {
            let control = Control::numbered(number).ok_or_else(|| Invalid::Unknown(number.to_string()))?;
            let setting = Setting::of_rank(rank);
            if number <= last || setting == control.loosest() {
                return Err(Invalid::Form);
            }
            last = number;
            controls.set(control, setting)?;
        }
        Ok(controls)
    }

    /// Returns who may write to all.
    pub fn chat(&self) -> Chat {
        Chat::of(self.get(Control::ChatSafe).rank())
    }

    /// Returns the number of the oldest client that is let in; 0 where any is.
    pub fn client_floor(&self) -> u16 {
        self.get(Control::ClientFloor).rank()
    }

    /// Returns which suites there may be.
    pub fn encryption(&self) -> Encryption {
        Encryption::of(self.get(Control::E2eeRequired).rank())
    }

    /// Returns what a last host can do.
    pub fn end(&self) -> End {
        End::of(self.get(Control::EndAll).rank())
    }

    /// Returns what is on at entry.
    pub fn entry(&self) -> Entry {
        Entry::of(self.get(Control::MuteEntry).rank())
    }

    /// Returns who may take part besides the organisation's own accounts.
    pub fn external(&self) -> External {
        External::of(self.get(Control::External).rank())
    }

    /// Returns how a meeting's maker has signed in.
    pub fn host_sign_in(&self) -> HostSignIn {
        HostSignIn::of(self.get(Control::Mfa).rank())
    }

    /// Returns by which links one comes in.
    pub fn link(&self) -> Link {
        Link::of(self.get(Control::LinkPrivate).rank())
    }

    /// Returns who lets in.
    pub fn lobby(&self) -> Lobby {
        Lobby::of(self.get(Control::LobbyOn).rank())
    }

    /// Returns after how many minutes a meeting locks, or `None` where it does not by itself.
    pub fn lock_minutes(&self) -> Option<u16> {
        Some(self.get(Control::LockAuto)).filter(|setting| *setting != Setting::UNLIMITED).map(Setting::rank)
    }

    /// Returns what one needs to be let in.
    pub fn pass(&self) -> Pass {
        Pass::of(self.get(Control::PassRequired).rank())
    }

    /// Returns who may share.
    pub fn share(&self) -> Share {
        Share::of(self.get(Control::ShareHost).rank())
    }

    /// Sets what the control takes; the loosest is not kept, so that one value has one form.
    fn put(&mut self, control: Control, setting: Setting) {
        debug_assert!(control.takes(setting));
        if setting == control.loosest() {
            self.0.remove(&control);
        } else {
            self.0.insert(control, setting);
        }
    }
}

impl fmt::Debug for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.iter().map(|(control, setting)| (control.id(), Self::named(control, setting)));
        f.debug_map().entries(named).finish()
    }
}

fn invalid(control: Control, value: &str) -> Invalid {
    Invalid::Value { control: control.id(), value: short(value) }
}

/// Cuts what somebody gave to what an error message can carry.
fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_controls() -> impl Strategy<Value = Controls> {
        let each = Control::ALL.iter().map(|&control| {
            let ranks: Vec<u16> = match control.scale() {
                Scale::Always => vec![0],
                Scale::Levels(names) => (0..u16::try_from(names.len()).unwrap()).collect(),
                Scale::AtLeast { min, max, .. } => vec![0, min, min + 1, max],
                Scale::AtMost { min, max, .. } => vec![min, min + 1, max / 2, max, u16::MAX],
            };
            proptest::sample::select(ranks).prop_map(move |rank| (control, Setting::of_rank(rank)))
        });
        each.collect::<Vec<_>>().prop_map(|settings| {
            let mut controls = Controls::default();
            for (control, setting) in settings {
                controls.set(control, setting).unwrap();
            }
            controls
        })
    }

    proptest! {
        #[test]
        fn tightening_is_a_join_of_a_lattice(a in any_controls(), b in any_controls(), c in any_controls()) {
            prop_assert_eq!(a.tighten(&b), b.tighten(&a));
            prop_assert_eq!(a.tighten(&b).tighten(&c), a.tighten(&b.tighten(&c)));
            prop_assert_eq!(a.tighten(&a), a.clone());
            prop_assert_eq!(a.tighten(&Controls::default()), a);
        }

        #[test]
        fn what_is_tightened_by_a_floor_is_not_below_it(a in any_controls(), floor in any_controls()) {
            prop_assert_eq!(a.tighten(&floor).below(&floor), None);
            prop_assert_eq!(a.below(&floor).is_none(), a.tighten(&floor) == a);
        }

        #[test]
        fn one_value_has_one_form(a in any_controls()) {
            let numbers: Vec<_> = a.iter().map(|(control, setting)| (control.number(), setting.rank())).collect();
            prop_assert_eq!(Controls::from_numbers(numbers.clone()), Ok(a));
            let twice = numbers.iter().chain(numbers.first()).copied();
            prop_assert_eq!(Controls::from_numbers(twice).is_ok(), numbers.is_empty());
        }

        #[test]
        fn what_is_named_is_read_back(a in any_controls()) {
            let mut read = Controls::default();
            for (control, setting) in a.iter() {
                read.set_named(control.id(), &Controls::named(control, setting)).unwrap();
            }
            prop_assert_eq!(&read, &a);
            prop_assert_eq!(Controls::from_settings(&a.to_settings()), Ok(a));
        }

        #[test]
        fn a_difference_says_which_way_it_goes(a in any_controls(), b in any_controls()) {
            let back = b.difference(&a);
            for (there, back) in a.difference(&b).iter().zip(&back) {
                prop_assert_eq!(there.control, back.control);
                prop_assert!(there.tightens != back.tightens);
            }
            prop_assert_eq!(a.difference(&a), vec![]);
        }
    }

    #[test]
    fn what_no_control_takes_is_refused_by_name() {
        let mut controls = Controls::default();
        let refused = |result: Result<(), Invalid>| result.unwrap_err().to_string();
        assert_eq!(refused(controls.set_named("MEET.SHARE.HOST", "some")), "MEET.SHARE.HOST cannot be some");
        assert_eq!(refused(controls.set_named("MEET.LOCK.AUTO", "0")), "MEET.LOCK.AUTO cannot be 0");
        assert_eq!(refused(controls.set_named("MEET.LOCK.AUTO", "65535")), "MEET.LOCK.AUTO cannot be 65535");
        assert_eq!(refused(controls.set_named("ORG.CLIENT.FLOOR", "0")), "ORG.CLIENT.FLOOR cannot be 0");
        assert_eq!(
            refused(controls.set_named("ORG.CLIENT.FLOOR", "10000")),
            "ORG.CLIENT.FLOOR cannot be 10000"
        );
        assert_eq!(refused(controls.set_named("MEET.NONE", "x")), "there is no control MEET.NONE");
        assert_eq!(refused(controls.set_named("MEET.FILE.OFF", "never")), "MEET.FILE.OFF cannot be never");
        assert_eq!(controls, Controls::default());
        assert_eq!(Controls::from_numbers([(200, 1)]), Err(Invalid::Unknown("200".to_owned())));
        assert_eq!(Controls::from_numbers([(5, 0)]), Err(Invalid::Form));
        assert_eq!(Controls::from_numbers([(9, 1), (5, 1)]), Err(Invalid::Form));
    }

    #[test]
    fn of_two_oldest_clients_the_newer_is_tighter() {
        let at_least = |value: &str| {
            let mut controls = Controls::default();
            controls.set_named("ORG.CLIENT.FLOOR", value).unwrap();
            controls
        };
        assert_eq!(at_least("3").tighten(&at_least("7")).client_floor(), 7);
        assert_eq!(at_least("none"), Controls::default());
        assert_eq!(at_least("none").below(&at_least("1")), Some(Control::ClientFloor));
        assert_eq!(at_least("7").below(&at_least("3")), None);
    }

    #[test]
    fn where_nobody_has_chosen_the_nine_points_hold() {
        let controls = Controls::of(Tier::default());
        assert_eq!(controls.share(), Share::Granted);
        assert_eq!(controls.below(&Controls::of(Tier::Low)), None);
        assert_eq!(Controls::of(Tier::Low).below(&controls), Some(Control::ShareHost));
    }
}
