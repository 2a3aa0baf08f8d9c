//! Brings the index of objects up to what is published: when it is asked for, so that nothing that publishes needs to know of it.

use super::{Refusal, Shared, page::bundle};
use crate::storage::Unindexed;

/// Revisions that are indexed in one transaction: some 10 MB, and some ten thousand rows at most.
const BATCH: usize = 20;

/// Indexes what is published and not indexed yet. Each batch stays, whatever becomes of the request.
pub(super) async fn bring_up_to_date(state: &Shared) -> Result<(), Refusal> {
    loop {
        let new = state.store.unindexed(BATCH).await?;
        let is_last = new.len() < BATCH;
        if !new.is_empty() {
            let work = move || new.into_iter().map(with_objects).collect::<Vec<_>>();
            let found = tokio::task::spawn_blocking(work).await.unwrap_or_default();
            state.store.index_objects(&found).await?;
        }
        if is_last {
            return Ok(());
        }
    }
}

fn with_objects(of: Unindexed) -> (Unindexed, Vec<[u8; 16]>) {
    let bundle = bundle(&of.revision);
    let objects = bundle.iter().flat_map(|bundle| bundle.objects());
    let ids = objects.filter_map(|object| uuid(object["id"].as_str()?)).collect();
    (of, ids)
}

/// Returns the UUID of an id.
pub(super) fn uuid(id: &str) -> Option<[u8; 16]> {
    let digits = id.rsplit_once("--")?.1.replace('-', "").to_ascii_lowercase();
    data_encoding::HEXLOWER.decode(digits.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uuid_of_an_id_is_what_stands_after_its_type() {
        let id = "course-of-action--00000000-0000-4000-8000-0000000000Ff";
        assert_eq!(uuid(id).unwrap()[15], 0xFF);
        for id in ["", "--", "report", "report--x", "report--00000000-0000-4000-8000-0000000000"] {
            assert_eq!(uuid(id), None, "{id}");
        }
    }
}
