//! All that such a note states, line by line.
//!
//! ```text
//! ipv4 198.51.100.7 # command and control
//! seen 2026-11-01T08:00:00.000Z # in two banks
//!
//! malware Emotet (downloader, trojan) # spread by mail
//! domain evil.example
//! url https://evil.example/login
//! ```
//!
//! Lines after malware indicate it, up to the next malware. An indicator of two stands below both.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
};

use super::{INDICATORS_MAX, Indicator, IndicatorKind, Malware, Sighting};

/// Something with where it was sighted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<T> {
    /// What.
    pub what: T,
    /// Where and when.
    pub sightings: Vec<Sighting>,
}

impl<T> Seen<T> {
    const fn new(what: T) -> Self {
        Self { what, sightings: Vec::new() }
    }
}

/// Malware with what indicates it; or indicators of none that is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// What they indicate.
    pub malware: Option<Seen<Malware>>,
    /// The indicators.
    pub indicators: Vec<Seen<Indicator>>,
}

/// Reads the lines of a note: what they state, at most [`INDICATORS_MAX`] lines, and whether every line but empty ones was read.
pub fn read(text: &str) -> (Vec<Group>, bool) {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (mut groups, mut all) = (Vec::<Group>::new(), true);
    for (at, line) in lines.enumerate() {
        all &= at < INDICATORS_MAX && take(&mut groups, line);
    }
    (groups, all)
}

/// Takes what a line states, and returns whether it states something.
fn take(groups: &mut Vec<Group>, line: &str) -> bool {
    if let Some(sighting) = Sighting::of_line(line) {
        let Some(last) = groups.last_mut() else { return false };
        match (last.indicators.last_mut(), &mut last.malware) {
            (Some(indicator), _) => indicator.sightings.push(sighting),
            (None, Some(malware)) => malware.sightings.push(sighting),
            (None, None) => return false,
        }
    } else if let Some(malware) = Malware::of_line(line) {
        groups.push(Group { malware: Some(Seen::new(malware)), indicators: Vec::new() });
    } else if let Some(indicator) = Indicator::of_line(line) {
        if groups.is_empty() {
            groups.push(Group::default());
        }
        groups.last_mut().expect("one was put in above, or was there").indicators.push(Seen::new(indicator));
    } else {
        return false;
    }
    true
}

/// Writes groups as the text of a note. Indicators of no malware have to come first.
pub fn write(groups: &[Group]) -> String {
    let mut text = String::new();
    for Group { malware, indicators } in groups {
        if !text.is_empty() {
            text.push('\n');
        }
        if let Some(malware) = malware {
            lines(malware, &mut text);
        }
        indicators.iter().for_each(|indicator| lines(indicator, &mut text));
    }
    text
}

fn lines<T: fmt::Display>(Seen { what, sightings }: &Seen<T>, text: &mut String) {
    // Cannot fail: a String takes any text.
    let _ = writeln!(text, "{what}");
    for sighting in sightings {
        let _ = writeln!(text, "{sighting}");
    }
}

/// Groups while they are put together from what others share: each thing once, and never more lines than are read again.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    indicators: Vec<Seen<Indicator>>,
    /// Which of them there are.
    places: BTreeMap<(IndicatorKind, String), usize>,
    malware: Vec<Seen<Malware>>,
    /// Of each malware which of the indicators indicate it.
    indicates: Vec<BTreeSet<usize>>,
    lines: usize,
}

/// There are as many lines as there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Full;

impl Gathering {
    pub(crate) const fn is_empty(&self) -> bool {
        self.indicators.is_empty() && self.malware.is_empty()
    }

    /// Adds an indicator, or finds the one that is there, and returns its place.
    pub(crate) fn indicator(&mut self, indicator: Indicator) -> Result<usize, Full> {
        let key = (indicator.kind(), indicator.value().to_owned());
        if let Some(place) = self.places.get(&key) {
            return Ok(*place);
        }
        self.line()?;
        self.places.insert(key, self.indicators.len());
        self.indicators.push(Seen::new(indicator));
        Ok(self.indicators.len() - 1)
    }

    /// Adds malware, and returns its place.
    pub(crate) fn malware(&mut self, malware: Malware) -> Result<usize, Full> {
        self.line()?;
        self.malware.push(Seen::new(malware));
        self.indicates.push(BTreeSet::new());
        Ok(self.malware.len() - 1)
    }

    /// Says that an indicator indicates malware, both by their places.
    pub(crate) fn indicates(&mut self, indicator: usize, malware: usize) -> Result<(), Full> {
        if self.indicates[malware].contains(&indicator) {
            return Ok(());
        }
        // Below the first it stands on the line that it has; below each other it is written once more.
        if self.indicates.iter().any(|indicators| indicators.contains(&indicator)) {
            self.line()?;
        }
        self.indicates[malware].insert(indicator);
        Ok(())
    }

    /// Says that an indicator was sighted.
    pub(crate) fn saw_indicator(&mut self, place: usize, sighting: Sighting) -> Result<(), Full> {
        self.line()?;
        self.indicators[place].sightings.push(sighting);
        Ok(())
    }

    /// Says that malware was sighted.
    pub(crate) fn saw_malware(&mut self, place: usize, sighting: Sighting) -> Result<(), Full> {
        self.line()?;
        self.malware[place].sightings.push(sighting);
        Ok(())
    }

    /// Adds a group.
    pub(crate) fn take(&mut self, group: Group) -> Result<(), Full> {
        let malware = match group.malware {
            None => None,
            Some(Seen { what, sightings }) => {
                let place = self.malware(what)?;
                sightings.into_iter().try_for_each(|sighting| self.saw_malware(place, sighting))?;
                Some(place)
            }
        };
        for Seen { what, sightings } in group.indicators {
            let place = self.indicator(what)?;
            sightings.into_iter().try_for_each(|sighting| self.saw_indicator(place, sighting))?;
            malware.map_or(Ok(()), |malware| self.indicates(place, malware))?;
        }
        Ok(())
    }

    /// Returns what was gathered.
    pub(crate) fn groups(mut self) -> Vec<Group> {
        let named: BTreeSet<usize> = self.indicates.iter().flatten().copied().collect();
        let others = (0..self.indicators.len()).filter(|place| !named.contains(place));
        let others =
            Group { malware: None, indicators: others.map(|at| self.indicators[at].clone()).collect() };
        let mut groups = if others.indicators.is_empty() { Vec::new() } else { vec![others] };
        for (malware, indicators) in self.malware.into_iter().zip(self.indicates) {
            let indicators = indicators.into_iter().map(|at| {
                let one = self.indicators[at].clone();
                // Where it was sighted is said below the first.
                self.indicators[at].sightings.clear();
                one
            });
            groups.push(Group { malware: Some(malware), indicators: indicators.collect() });
        }
        groups
    }

    fn line(&mut self) -> Result<(), Full> {
        if self.lines == INDICATORS_MAX {
            return Err(Full);
        }
        self.lines += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_indicate_the_malware_above_them_and_are_sighted_by_the_line_below() {
        let text = "ipv4 198.51.100.7\nseen 3\n\nmalware Emotet\nseen\ndomain a.example\nseen # here\n\nmalware-sample x (bot)\n\
                    domain a.example\n\nmalware Alone\n";
        let (groups, all) = read(text);
        assert!(all);
        let said = |group: &Group| {
            let name = group.malware.as_ref().map(|one| (one.what.name().to_owned(), one.sightings.len()));
            (name, group.indicators.iter().map(|one| one.sightings.len()).collect::<Vec<_>>())
        };
        let malware = |name: &str, seen| Some((name.to_owned(), seen));
        assert_eq!(
            groups.iter().map(said).collect::<Vec<_>>(),
            [
                (None, vec![1]),
                (malware("Emotet", 1), vec![1]),
                (malware("x", 0), vec![0]),
                (malware("Alone", 0), vec![])
            ]
        );
        assert_eq!(write(&groups), text);
        assert!(!read("seen 3\nipv4 198.51.100.7").1, "there is nothing before it");
    }

    #[test]
    fn there_are_so_many_lines_and_no_more_however_they_are_gathered() {
        let text = "ipv4 198.51.100.7\n".repeat(INDICATORS_MAX + 1);
        let (groups, all) = read(&text);
        assert_eq!((groups[0].indicators.len(), all), (INDICATORS_MAX, false));

        let mut gathering = Gathering::default();
        let ip = |number: usize| {
            Indicator::new(IndicatorKind::Domain, &format!("a{number}.example"), None).unwrap()
        };
        let malware = |number: usize| Malware::new(&format!("m{number}"), true, &[], None).unwrap();
        let seen = Sighting::new(None, None, None, None).unwrap();
        for number in 0..60 {
            gathering.indicator(ip(number)).unwrap();
            gathering.malware(malware(number)).unwrap();
        }
        for one in (0..60).chain(0..60) {
            (0..60).for_each(|other| gathering.indicates(one, other).unwrap());
        }
        while gathering.saw_indicator(0, seen.clone()).is_ok() {}
        assert!(gathering.saw_malware(0, seen).is_err() && gathering.malware(malware(99)).is_err());
        assert!(gathering.indicator(ip(0)).is_ok() && gathering.indicator(ip(99)).is_err());
        let groups = gathering.groups();
        let text = write(&groups);
        assert_eq!(text.lines().filter(|line| !line.is_empty()).count(), INDICATORS_MAX);
        assert_eq!(read(&text), (groups, true));
    }
}
