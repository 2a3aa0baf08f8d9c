//! Versions of a document: whole numbers, or semantic versioning 2.0.0 (section 3.1.11 of the standard).
//!
//! Numbers stay texts and are compared as such, so that none is too large.

use std::cmp::Ordering;

/// A version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version<'a> {
    Integer(&'a str),
    Semantic { core: [&'a str; 3], pre_release: Option<&'a str>, build: Option<&'a str> },
}

impl<'a> Version<'a> {
    /// Reads a version.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if is_number(text) {
            return Some(Self::Integer(text));
        }
        let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
        let (core, pre_release) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
        let mut numbers = core.split('.');
        let core = [numbers.next()?, numbers.next()?, numbers.next()?];
        let is_identifier = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let is_pre_release = |part: &str| {
            is_identifier(part) && (is_number(part) || !part.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let ok = numbers.next().is_none()
            && core.iter().all(|number| is_number(number))
            && pre_release.is_none_or(|pre| pre.split('.').all(is_pre_release))
            && build.is_none_or(|build| build.split('.').all(is_identifier));
        ok.then_some(Self::Semantic { core, pre_release, build })
    }

    /// Returns the whole number, or the major version.
    pub(crate) const fn major(self) -> &'a str {
        match self {
            Self::Integer(number) => number,
            Self::Semantic { core: [major, ..], .. } => major,
        }
    }

    pub(crate) const fn is_semantic(self) -> bool {
        matches!(self, Self::Semantic { .. })
    }

    pub(crate) const fn pre_release(self) -> Option<&'a str> {
        if let Self::Semantic { pre_release, .. } = self { pre_release } else { None }
    }

    pub(crate) const fn build(self) -> Option<&'a str> {
        if let Self::Semantic { build, .. } = self { build } else { None }
    }

    /// Returns the version without its build metadata, and without its pre-release part unless that is to stay.
    pub(crate) const fn without_build(self, keep_pre_release: bool) -> Self {
        match self {
            Self::Semantic { core, pre_release, .. } => Self::Semantic {
                core,
                pre_release: if keep_pre_release { pre_release } else { None },
                build: None,
            },
            integer @ Self::Integer(_) => integer,
        }
    }

    /// Compares by precedence (semantic versioning, section 11): build metadata does not count, and a whole number `n` is
    /// as high as `n.0.0`.
    pub(crate) fn precedence(self, other: Self) -> Ordering {
        let core = |version: Self| match version {
            Self::Integer(number) => [number, "0", "0"],
            Self::Semantic { core, .. } => core,
        };
        let by_core = core(self).into_iter().zip(core(other)).map(|(one, other)| numbers(one, other));
        by_core.fold(Ordering::Equal, Ordering::then).then_with(|| {
            match (self.pre_release(), other.pre_release()) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(one), Some(other)) => pre_releases(one, other),
            }
        })
    }
}

/// Whether a text is a number without leading zeros.
fn is_number(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'))
}

/// Compares two numbers without leading zeros.
fn numbers(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

fn pre_releases(one: &str, other: &str) -> Ordering {
    let (mut ones, mut others) = (one.split('.'), other.split('.'));
    loop {
        let order = match (ones.next(), others.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(one), Some(other)) => match (is_number(one), is_number(other)) {
                (true, true) => numbers(one, other),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => one.cmp(other),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_standard_writes_them() {
        for text in [
            "0",
            "1",
            "10",
            "0.0.0",
            "1.2.3",
            "1.0.0-rc.1",
            "1.0.0-a-b+c.01",
            "1.0.0+0",
            "99999999999999999999999",
        ] {
            assert!(Version::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "01",
            "-1",
            "1.0",
            "1.0.0.0",
            "1.0.01",
            "1.0.0-",
            "1.0.0-01",
            "1.0.0+",
            "1.0.0-a..b",
            "v1",
            "1 ",
            "١",
        ] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn precedence_is_that_of_semantic_versioning() {
        let rising = [
            "0",
            "0.0.1",
            "0.1.0",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "2",
            "9.0.0",
            "10.0.0",
            "99999999999999999999999",
        ];
        for (at, one) in rising.iter().enumerate() {
            for (other_at, other) in rising.iter().enumerate() {
                let order = Version::parse(one).unwrap().precedence(Version::parse(other).unwrap());
                assert_eq!(order, at.cmp(&other_at), "{one} {other}");
            }
        }
        let (one, other) = (Version::parse("1.0.0+a").unwrap(), Version::parse("1").unwrap());
        assert_eq!(one.precedence(other), Ordering::Equal);
    }
}
