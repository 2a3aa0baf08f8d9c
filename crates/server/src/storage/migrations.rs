//! The schema's history, oldest first. A migration that was released never changes.
//!
//! Listed here rather than read by sqlx's macro from its folder: the macro would have the compiler build
//! SQLite and sqlx a second time for itself, about two minutes of a cold build on two cores.

use std::sync::LazyLock;

use sqlx::{
    SqlStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// Number, name and text of each migration; the file is named for the first two.
const FILES: &[(i64, &str, &str)] = &[
    (1, "meetings", include_str!("../../migrations/sqlite/0001_meetings.sql")),
    (2, "accounts", include_str!("../../migrations/sqlite/0002_accounts.sql")),
    (3, "floors", include_str!("../../migrations/sqlite/0003_floors.sql")),
    (4, "plans", include_str!("../../migrations/sqlite/0004_plans.sql")),
    (6, "ways_in", include_str!("../../migrations/sqlite/0006_ways_in.sql")),
];

/// Brings a database to the newest schema, or finds out that it is newer.
pub(super) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let migration = |&(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, SqlStr::from_static(sql), false)
    };
    Migrator::with_migrations(FILES.iter().map(migration).collect())
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_in_the_folder_is_listed_under_its_name() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        let listed: Vec<String> =
            FILES.iter().map(|(version, name, _)| format!("{version:04}_{name}.sql")).collect();
        assert_eq!(found, listed);
    }
}
