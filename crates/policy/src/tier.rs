//! Three sets of settings to choose from, as NIST's tips sort meetings by sensitivity.

/// How sensitive meetings are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Open gatherings.
    Low,
    /// The nine points of the home ministry's advisory of April 2020. What holds where nobody has chosen.
    #[default]
    Medium,
    /// Everything that can be asked of people who know each other.
    High,
}

impl Tier {
    /// Every tier, the loosest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// Returns the name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Returns the tier of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.name() == name)
    }
}
