//! What is urgent and open: documents that are high or critical, of which the reader's organisation has said nothing yet.

use sabha_advisory::clearance::Reader;
use sabha_protocol::{
    account::UserId,
    bulletin::{DocumentId, Severity},
    limits::ALERTS_MAX,
    wire::bulletin_notices::{BulletinAlert, BulletinAlerts},
};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{severity, severity_number};
use crate::storage::{
    BulletinError, Store, StoreError,
    accounts::{decode, sixteen, time},
    bulletin::{
        clearance::{Reading, as_reader, may_read},
        reading::{kind, label},
    },
};

impl Store {
    /// Returns the urgent documents that are open for `reader`: in force, by their newest revision that the reader may know, not of
    /// their own organisation, and not dismissed. None for who is of no organisation, since nobody speaks for them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn bulletin_alerts(&self, reader: &Reader) -> Result<BulletinAlerts, StoreError> {
        let query = sqlx::query(concat!(
            "WITH known AS (
                 SELECT d.id, d.kind, d.owner, r.row, r.number, r.tlp, r.title, r.published_ms,
                        ROW_NUMBER() OVER (PARTITION BY d.id ORDER BY r.number DESC) AS nth
                 FROM documents AS d JOIN revisions AS r ON r.document = d.id
                 WHERE r.stage >= 3 AND d.withdrawn_ms IS NULL AND d.owner <> $2 AND ",
            may_read!(),
            ")
             SELECT known.*, severity, m.name, count(*) OVER () AS count
             FROM known JOIN revision_severities ON revision = row
             JOIN member_organisations AS m ON m.id = known.owner
             WHERE nth = 1 AND severity >= $4
             AND NOT EXISTS (SELECT 1 FROM acknowledgements AS said WHERE said.document = known.id
                             AND said.number = known.number AND said.organisation = $2)
             AND NOT EXISTS (SELECT 1 FROM dismissed_alerts AS gone WHERE gone.document = known.id
                             AND gone.number = known.number AND gone.user = $1)
             ORDER BY severity DESC, published_ms DESC, known.id LIMIT $5"
        ));
        let rows = as_reader!(query, Reading::of(reader))
            .bind(severity_number(Severity::High))
            .bind(i64::try_from(ALERTS_MAX).unwrap_or(i64::MAX))
            .fetch_all(&self.reader)
            .await?;
        let count: u32 = rows.first().map(|row| row.try_get("count")).transpose()?.unwrap_or(0);
        let alerts = rows.iter().filter_map(|row| alert(row).transpose()).collect::<Result<Vec<_>, _>>()?;
        let shown = u32::try_from(alerts.len()).unwrap_or(u32::MAX);
        Ok(BulletinAlerts { alerts, more: count.saturating_sub(shown) })
    }

    /// Shows `user` no banner of a revision any more.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`] if there is none that `reader`, who they are, may know of.
    pub async fn dismiss_alert(
        &self,
        reader: &Reader,
        user: UserId,
        document: DocumentId,
        revision: u32,
    ) -> Result<(), BulletinError> {
        let query = sqlx::query(concat!(
            "INSERT INTO dismissed_alerts (user, document, number)
             SELECT $6, d.id, r.number FROM documents AS d JOIN revisions AS r ON r.document = d.id
             WHERE d.id = $4 AND r.number = $5 AND r.stage >= 3 AND ",
            may_read!(),
            " ON CONFLICT DO UPDATE SET number = number"
        ));
        let done = as_reader!(query, Reading::of(reader))
            .bind(&document.as_bytes()[..])
            .bind(revision)
            .bind(&user.as_bytes()[..])
            .execute(&self.writer)
            .await?;
        if done.rows_affected() == 0 { Err(BulletinError::Unknown) } else { Ok(()) }
    }
}

fn alert(row: &SqliteRow) -> Result<Option<BulletinAlert>, StoreError> {
    let Some(severity) = severity(row)? else { return Ok(None) };
    Ok(Some(BulletinAlert {
        document: DocumentId::from_bytes(sixteen(row.try_get("id")?)?),
        revision: row.try_get("number")?,
        kind: kind(row)?,
        tlp: label(row)?,
        title: row.try_get("title")?,
        owner_name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
        severity,
        published_ms: time(row, "published_ms")?,
    }))
}
