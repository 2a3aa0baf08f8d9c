//! What a document's file is called (section 5.1 of the standard).

/// Returns the file name of the document with this tracking id: its letters in small, one `_` for each run of what is
/// neither a letter, a digit, `+` nor `-`, and `.json`.
pub fn filename(tracking_id: &str) -> String {
    named(tracking_id, ".json")
}

/// Returns the file name of a document with this tracking id that is not valid: it says so.
pub fn filename_of_invalid(tracking_id: &str) -> String {
    named(tracking_id, "_invalid.json")
}

fn named(tracking_id: &str, ending: &str) -> String {
    let mut name = String::with_capacity(tracking_id.len() + ending.len());
    for c in tracking_id.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '+' | '-') {
            name.push(c);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    // Otherwise `a_` and `_invalid` would make a run of two.
    if ending.starts_with('_') && name.ends_with('_') {
        name.pop();
    }
    name + ending
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_named_as_section_5_1_says() {
        assert_eq!(filename("Example Company - 2019-YH3234"), "example_company_-_2019-yh3234.json");
        assert_eq!(filename("RHBA-2019:0024"), "rhba-2019_0024.json");
        assert_eq!(
            filename_of_invalid("cisco-sa-20190513-secureboot"),
            "cisco-sa-20190513-secureboot_invalid.json"
        );
        assert_eq!(filename("../../etc/passwd"), "_etc_passwd.json");
        assert_eq!(filename("A__B::C+"), "a_b_c+.json");
        assert_eq!(filename("CIAD-2026-0001 हिन्दी"), "ciad-2026-0001_.json");
        assert_eq!(filename_of_invalid("a:"), "a_invalid.json");
    }
}
