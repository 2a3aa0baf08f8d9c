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
    (5, "health_scope", include_str!("../../migrations/sqlite/0005_health_scope.sql")),
    (6, "ways_in", include_str!("../../migrations/sqlite/0006_ways_in.sql")),
    (7, "templates", include_str!("../../migrations/sqlite/0007_templates.sql")),
    (8, "mails", include_str!("../../migrations/sqlite/0008_mails.sql")),
    (10, "farewells", include_str!("../../migrations/sqlite/0010_farewells.sql")),
    (11, "bulletin", include_str!("../../migrations/sqlite/0011_bulletin.sql")),
    (12, "csaf", include_str!("../../migrations/sqlite/0012_csaf.sql")),
    (13, "advisory_policy", include_str!("../../migrations/sqlite/0013_advisory_policy.sql")),
    (14, "taxii", include_str!("../../migrations/sqlite/0014_taxii.sql")),
    (15, "notices", include_str!("../../migrations/sqlite/0015_notices.sql")),
    (16, "mirror", include_str!("../../migrations/sqlite/0016_mirror.sql")),
    (17, "facets", include_str!("../../migrations/sqlite/0017_facets.sql")),
    (18, "listings", include_str!("../../migrations/sqlite/0018_listings.sql")),
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
        // By it a program knows a database that is newer or older than itself.
        for (version, name, sql) in FILES {
            assert!(sql.contains(&format!("PRAGMA user_version = {version};")), "{name}");
        }
    }

    #[tokio::test]
    async fn severities_of_what_is_there_already_are_read_once() {
        let directory = tempfile::tempdir().unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(directory.path().join("sabha.db"))
            .create_if_missing(true)
            .foreign_keys(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let earlier = MIGRATIONS.iter().filter(|one| one.version < 17).cloned().collect();
        Migrator::with_migrations(earlier).run(&pool).await.unwrap();
        let scored = r#"{"vulnerabilities":[{"scores":[{"cvss_v3":{"baseSeverity":"LOW"}},{"cvss_v2":{}}]},{"cve":"x"},
            {"scores":[{"cvss_v3":{"baseSeverity":"HIGH"}},{"cvss_v3":{"baseSeverity":"MEDIUM"}}]}]}"#;
        let said = |word: &str| {
            scored.replacen('{', &format!(r#"{{"document":{{"aggregate_severity":{{"text":"{word}"}}}},"#), 1)
        };
        let contents = [
            scored.to_owned(),
            said(" Critical "),
            said("Grave"),
            "{}".to_owned(),
            "no JSON".to_owned(),
            said("Moderate"),
        ];
        sqlx::raw_sql(
            "INSERT INTO member_organisations VALUES (zeroblob(16), 'CERT', 0, NULL);
            INSERT INTO documents VALUES (zeroblob(16), 'advisory', zeroblob(16), 0, NULL)",
        )
        .execute(&pool)
        .await
        .unwrap();
        let mut expected = Vec::new();
        for (number, content) in (1_i64..).zip(&contents) {
            // Published, as what is there already mostly is.
            sqlx::query(
                "INSERT INTO revisions (row, document, number, stage, tlp, title, hash, changed_ms, published_ms, content)
                 VALUES ($1, zeroblob(16), $1, 4, 0, 'x', zeroblob(32), 0, 0, $2)",
            )
            .bind(number)
            .bind(content.as_bytes())
            .execute(&pool)
            .await
            .unwrap();
            let value = serde_json::from_str(content).unwrap_or_default();
            expected.extend(sabha_advisory::severity(&value).map(|severity| (number, severity as i64)));
        }
        MIGRATIONS.run(&pool).await.unwrap();
        let found: Vec<(i64, i64)> =
            sqlx::query_as("SELECT revision, severity FROM revision_severities ORDER BY revision")
                .fetch_all(&pool)
                .await
                .unwrap();
        assert_eq!(found, expected);
        assert_eq!(found, [(1, 3), (2, 4), (6, 2)]);
        pool.close().await;
    }

    #[tokio::test]
    async fn a_key_of_an_earlier_schema_is_still_good_and_new_ones_can_do_more() {
        let directory = tempfile::tempdir().unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(directory.path().join("sabha.db"))
            .create_if_missing(true)
            .foreign_keys(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let earlier = MIGRATIONS.iter().filter(|one| one.version < 5).cloned().collect();
        Migrator::with_migrations(earlier).run(&pool).await.unwrap();
        let insert = "INSERT INTO users (id, name, roles, created_ms) VALUES (zeroblob(16), 'Asha', 1, 0);
            INSERT INTO api_keys VALUES (zeroblob(16), zeroblob(32), zeroblob(16), 'script', 63, 1, NULL, 2)";
        sqlx::raw_sql(insert).execute(&pool).await.unwrap();
        MIGRATIONS.run(&pool).await.unwrap();
        let kept: (String, i64) =
            sqlx::query_as("SELECT label, scopes FROM api_keys").fetch_one(&pool).await.unwrap();
        assert_eq!(kept, ("script".to_owned(), 63));
        sqlx::query("UPDATE api_keys SET scopes = 64").execute(&pool).await.unwrap();
        sqlx::query("DELETE FROM users").execute(&pool).await.unwrap();
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM api_keys").fetch_one(&pool).await.unwrap();
        assert_eq!(left, 0, "a key goes with its user");
    }
}
