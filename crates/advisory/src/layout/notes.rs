//! In which section a note stands.

use super::Part;

/// What agencies write above their sections. A title counts whatever its letters are, and with or without a colon.
const TITLES: [(Part, &[&str]); 11] = [
    (
        Part::Affected,
        &[
            "affected software",
            "affected systems",
            "component affected",
            "software affected",
            "systems affected",
            "प्रभावित प्रणालियाँ",
            "متاثرہ نظام",
        ],
    ),
    (Part::Overview, &["overview", "summary", "सारांश", "خلاصہ"]),
    (Part::Audience, &["audience", "target audience", "किसके लिए", "کس کے لیے"]),
    (Part::Risk, &["risk", "risk assessment", "जोखिम", "خطرہ"]),
    (Part::Impact, &["impact", "impact assessment", "प्रभाव", "اثر"]),
    (Part::Description, &["description", "विवरण", "تفصیل"]),
    (
        Part::Solution,
        &[
            "best practices",
            "mitigation",
            "recommendations",
            "solution",
            "workaround",
            "workarounds",
            "समाधान",
            "حل",
        ],
    ),
    (Part::Vendor, &["vendor information", "निर्माता की जानकारी", "بنانے والے کی معلومات"]),
    (Part::References, &["references", "संदर्भ", "حوالہ جات"]),
    (Part::Contact, &["contact", "contact information", "संपर्क", "رابطہ"]),
    (Part::Disclaimer, &["disclaimer", "अस्वीकरण", "اعلان لاتعلقی"]),
];

/// Returns which section a title names, if it names one.
pub(crate) fn part_named(title: &str) -> Option<Part> {
    let title = title.trim_end_matches(':').trim_end().to_lowercase();
    TITLES.iter().find(|(_, titles)| titles.contains(&title.as_str())).map(|(part, _)| *part)
}

/// Returns where a note belongs by its title, else by its category, and whether the title only names the section.
pub(super) fn part_of(category: Option<&str>, title: Option<&str>) -> (Part, bool) {
    if let Some(part) = title.and_then(part_named) {
        return (part, true);
    }
    let part = match category {
        Some("summary") => Part::Overview,
        Some("legal_disclaimer") => Part::Disclaimer,
        _ => Part::Description,
    };
    (part, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_says_where_a_note_stands_before_its_category_does() {
        assert_eq!(part_of(Some("other"), Some("Risk Assessment:")), (Part::Risk, true));
        assert_eq!(part_of(Some("summary"), Some("IMPACT")), (Part::Impact, true));
        assert_eq!(part_of(Some("summary"), Some("In short")), (Part::Overview, false));
        assert_eq!(part_of(Some("legal_disclaimer"), None), (Part::Disclaimer, false));
        assert_eq!(part_of(Some("faq"), Some("Risk of what?")), (Part::Description, false));
        assert_eq!(part_of(None, None), (Part::Description, false));
    }

    #[test]
    fn no_title_names_two_sections() {
        let mut titles: Vec<&str> = TITLES.iter().flat_map(|(_, titles)| titles.iter().copied()).collect();
        let count = titles.len();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), count);
        assert!(titles.iter().all(|title| *title == title.to_lowercase()));
    }
}
