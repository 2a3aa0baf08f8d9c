//! The weaknesses of CWE, by number.

use std::sync::LazyLock;

/// Returns the names of a weakness: the one it has now, then those it had since CWE 4.0. None if there is no such weakness.
///
/// A document of version 2.0 does not say which version of CWE it means, so a name that was right stays right.
pub(crate) fn names(number: u32) -> &'static [&'static str] {
    let table = &*TABLE;
    let first = table.numbers.partition_point(|&known| known < number);
    let last = table.numbers.partition_point(|&known| known <= number);
    &table.names[first..last]
}

/// Numbers in rising order, and beside each its name.
struct Table {
    numbers: Vec<u32>,
    names: Vec<&'static str>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let lines = include_str!("data/weaknesses.txt").lines().filter_map(|line| line.split_once(' '));
    let (numbers, names) =
        lines.filter_map(|(number, name)| Some((number.parse::<u32>().ok()?, name))).unzip();
    Table { numbers, names }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weakness_has_its_name_and_those_it_had() {
        assert!(TABLE.numbers.is_sorted() && TABLE.numbers.len() > 1_000);
        let scripting =
            "Improper Neutralization of Input During Web Page Generation ('Cross-site Scripting')";
        assert_eq!(names(79), [scripting]);
        assert!(names(20).contains(&"Improper Input Validation"));
        assert_eq!(names(787).first(), Some(&"Out-of-bounds Write"));
        assert!(names(0).is_empty() && names(3).is_empty() && names(999_999).is_empty());
        assert!(TABLE.numbers.windows(2).any(|pair| pair[0] == pair[1]), "no weakness was ever renamed");
    }
}
