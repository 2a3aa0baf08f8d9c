//! Member organisations, memberships of accounts in them, and sharing groups.

use std::collections::BTreeSet;

use sabha_advisory::clearance::{Place, Reader};
use sabha_protocol::{
    account::{Label, UserId},
    bulletin::{BulletinRoles, OrganisationId, SharingGroupId},
    limits::{MEMBER_ORGANISATIONS_MAX, SHARING_GROUPS_MAX},
    wire::{
        accounts::AuditAction,
        bulletin::{MemberOrganisation, Membership, SetMembership, SetSharingGroup, SharingGroup},
    },
};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{BulletinError, role_bits, roles_of};
use crate::storage::{
    Author, Store, StoreError,
    accounts::{decode, sixteen, stored, time},
    audit::{self, Event},
};

/// Who says who is of which organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// An administrator of the server: of any.
    Server,
    /// An administrator of this organisation: what its people may do, and that they leave it.
    Organisation(OrganisationId),
}

/// As whom somebody reads and acts, with the name of their organisation.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The reader.
    pub reader: Reader,
    /// Their organisation's name.
    pub organisation: Option<Label>,
}

impl Store {
    /// Returns as whom `user` reads now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn bulletin_standing(&self, user: UserId) -> Result<Standing, StoreError> {
        let row = sqlx::query(
            "SELECT organisation, roles, name FROM memberships
             JOIN member_organisations ON id = organisation WHERE user = $1",
        )
        .bind(&user.as_bytes()[..])
        .fetch_optional(&self.reader)
        .await?;
        let Some(row) = row else {
            return Ok(Standing { reader: Reader::Person { user, membership: None }, organisation: None });
        };
        let organisation = OrganisationId::from_bytes(sixteen(row.try_get("organisation")?)?);
        let groups: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT sharing_group FROM group_organisations WHERE organisation = $1")
                .bind(&organisation.as_bytes()[..])
                .fetch_all(&self.reader)
                .await?;
        let groups = groups
            .into_iter()
            .map(|id| Ok(SharingGroupId::from_bytes(sixteen(id)?)))
            .collect::<Result<BTreeSet<_>, sqlx::Error>>()?;
        let place = Place { organisation, roles: roles_of(row.try_get("roles")?), groups };
        let name: String = row.try_get("name")?;
        Ok(Standing {
            reader: Reader::Person { user, membership: Some(place) },
            organisation: Some(name.try_into().map_err(decode)?),
        })
    }

    /// Returns the organisations that take part, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn member_organisations(&self) -> Result<Vec<MemberOrganisation>, StoreError> {
        let rows =
            sqlx::query("SELECT id, name FROM member_organisations WHERE left_ms IS NULL ORDER BY name")
                .fetch_all(&self.reader)
                .await?;
        let organisation = |row: &SqliteRow| {
            Ok(MemberOrganisation {
                id: OrganisationId::from_bytes(sixteen(row.try_get("id")?)?),
                name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
            })
        };
        Ok(rows.iter().map(organisation).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Lets an organisation take part.
    ///
    /// # Errors
    /// [`BulletinError::Taken`] if one has the name, also one that left; [`BulletinError::Full`].
    pub async fn add_organisation(
        &self,
        author: Author,
        id: OrganisationId,
        name: &Label,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM member_organisations")
            .fetch_one(&mut *transaction)
            .await?;
        if count.unsigned_abs() >= MEMBER_ORGANISATIONS_MAX as u64 {
            return Err(BulletinError::Full);
        }
        sqlx::query("INSERT INTO member_organisations (id, name, created_ms) VALUES ($1, $2, $3)")
            .bind(&id.as_bytes()[..])
            .bind(name.as_str())
            .bind(stored(now_ms))
            .execute(&mut *transaction)
            .await?;
        let event = Event::new(author, AuditAction::BulletinOrganisation, id).detail("added".to_owned());
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Has an organisation leave: nobody is of it any more, and no group has it. Its documents stay as they are.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`].
    pub async fn remove_organisation(
        &self,
        author: Author,
        id: OrganisationId,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let left = "UPDATE member_organisations SET left_ms = $2 WHERE id = $1 AND left_ms IS NULL";
        let done = sqlx::query(left)
            .bind(&id.as_bytes()[..])
            .bind(stored(now_ms))
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(BulletinError::Unknown);
        }
        for query in [
            "DELETE FROM memberships WHERE organisation = $1",
            "DELETE FROM group_organisations WHERE organisation = $1",
            "DELETE FROM webhooks WHERE organisation = $1",
        ] {
            sqlx::query(query).bind(&id.as_bytes()[..]).execute(&mut *transaction).await?;
        }
        let event = Event::new(author, AuditAction::BulletinOrganisation, id).detail("left".to_owned());
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Returns who is of which organisation; `of` one, or of all. By name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn memberships(&self, of: Option<OrganisationId>) -> Result<Vec<Membership>, StoreError> {
        let rows = sqlx::query(
            "SELECT memberships.*, users.name FROM memberships JOIN users ON users.id = memberships.user
             WHERE $1 IS NULL OR organisation = $1 ORDER BY users.name, users.id",
        )
        .bind(of.map(|of| of.as_bytes().to_vec()))
        .fetch_all(&self.reader)
        .await?;
        let membership = |row: &SqliteRow| {
            Ok(Membership {
                user: UserId::from_bytes(sixteen(row.try_get("user")?)?),
                name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
                organisation: OrganisationId::from_bytes(sixteen(row.try_get("organisation")?)?),
                roles: roles_of(row.try_get("roles")?),
                since_ms: time(row, "since_ms")?,
            })
        };
        Ok(rows.iter().map(membership).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Makes somebody one of an organisation, or gives them other roles there. Holds from their next request on.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`] if there is no such user or organisation, or none of which `keeper` has to say.
    pub async fn set_membership(
        &self,
        author: Author,
        keeper: Keeper,
        set: &SetMembership,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let known: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM users WHERE id = $1)
             AND EXISTS (SELECT 1 FROM member_organisations WHERE id = $2 AND left_ms IS NULL)",
        )
        .bind(&set.user.as_bytes()[..])
        .bind(&set.organisation.as_bytes()[..])
        .fetch_one(&mut *transaction)
        .await?;
        // Whom an organisation takes in is for the server's administrators: else it could take anybody's people.
        let kept = match keeper {
            Keeper::Server => true,
            Keeper::Organisation(own) => {
                own == set.organisation && organisation_of(&mut transaction, set.user).await? == Some(own)
            }
        };
        if !known || !kept || set.roles.is_empty() {
            return Err(BulletinError::Unknown);
        }
        sqlx::query(
            "INSERT INTO memberships (user, organisation, roles, since_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (user) DO UPDATE SET organisation = $2, roles = $3,
                 since_ms = CASE organisation WHEN $2 THEN since_ms ELSE $4 END",
        )
        .bind(&set.user.as_bytes()[..])
        .bind(&set.organisation.as_bytes()[..])
        .bind(role_bits(&set.roles))
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        let words = format!("{} {}", set.organisation, words(&set.roles));
        let event = Event::new(author, AuditAction::BulletinMembership, set.user).detail(words);
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Has somebody leave their organisation.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`] if they are of none, or of none of which `keeper` has to say.
    pub async fn remove_membership(
        &self,
        author: Author,
        keeper: Keeper,
        user: UserId,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let of = organisation_of(&mut transaction, user).await?;
        let kept = match keeper {
            Keeper::Server => of.is_some(),
            Keeper::Organisation(own) => of == Some(own),
        };
        if !kept {
            return Err(BulletinError::Unknown);
        }
        sqlx::query("DELETE FROM memberships WHERE user = $1")
            .bind(&user.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        let event = Event::new(author, AuditAction::BulletinMembership, user).detail("left".to_owned());
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Returns sharing groups, by name: those in which `of` is, or all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sharing_groups(&self, of: Option<OrganisationId>) -> Result<Vec<SharingGroup>, StoreError> {
        let rows = sqlx::query(
            "SELECT sharing_groups.id, name, organisation FROM sharing_groups
             LEFT JOIN group_organisations ON sharing_group = sharing_groups.id
             WHERE $1 IS NULL OR sharing_groups.id IN
                 (SELECT sharing_group FROM group_organisations WHERE organisation = $1)
             ORDER BY name, organisation",
        )
        .bind(of.map(|of| of.as_bytes().to_vec()))
        .fetch_all(&self.reader)
        .await?;
        let mut groups: Vec<SharingGroup> = Vec::new();
        for row in &rows {
            let id = SharingGroupId::from_bytes(sixteen(row.try_get("id")?)?);
            if groups.last().is_none_or(|last| last.id != id) {
                let name = row.try_get::<String, _>("name")?.try_into().map_err(decode)?;
                groups.push(SharingGroup { id, name, organisations: Vec::new() });
            }
            if let Some(organisation) = row.try_get::<Option<Vec<u8>>, _>("organisation")? {
                let organisation = OrganisationId::from_bytes(sixteen(organisation)?);
                groups
                    .last_mut()
                    .expect("one was put in above, or was there")
                    .organisations
                    .push(organisation);
            }
        }
        Ok(groups)
    }

    /// Makes a sharing group.
    ///
    /// # Errors
    /// [`BulletinError::Taken`] if one has the name; [`BulletinError::Nobody`] if an organisation does not take part;
    /// [`BulletinError::Full`].
    pub async fn add_group(
        &self,
        author: Author,
        id: SharingGroupId,
        set: &SetSharingGroup,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM sharing_groups").fetch_one(&mut *transaction).await?;
        if count.unsigned_abs() >= SHARING_GROUPS_MAX as u64 {
            return Err(BulletinError::Full);
        }
        sqlx::query("INSERT INTO sharing_groups (id, name, created_ms) VALUES ($1, $2, $3)")
            .bind(&id.as_bytes()[..])
            .bind(set.name.as_str())
            .bind(stored(now_ms))
            .execute(&mut *transaction)
            .await?;
        fill_group(&mut transaction, author, id, set, now_ms).await?;
        Ok(transaction.commit().await?)
    }

    /// Gives a sharing group another name and other organisations. What is for the group is for them from now on.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`]; else as [`Store::add_group`].
    pub async fn change_group(
        &self,
        author: Author,
        id: SharingGroupId,
        set: &SetSharingGroup,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query("UPDATE sharing_groups SET name = $2 WHERE id = $1")
            .bind(&id.as_bytes()[..])
            .bind(set.name.as_str())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(BulletinError::Unknown);
        }
        fill_group(&mut transaction, author, id, set, now_ms).await?;
        Ok(transaction.commit().await?)
    }
}

async fn fill_group(
    transaction: &mut Transaction<'_, Sqlite>,
    author: Author,
    id: SharingGroupId,
    set: &SetSharingGroup,
    now_ms: u64,
) -> Result<(), BulletinError> {
    sqlx::query("DELETE FROM group_organisations WHERE sharing_group = $1")
        .bind(&id.as_bytes()[..])
        .execute(&mut **transaction)
        .await?;
    for organisation in set.organisations.iter().collect::<BTreeSet<_>>() {
        let done = sqlx::query(
            "INSERT INTO group_organisations (sharing_group, organisation)
             SELECT $1, id FROM member_organisations WHERE id = $2 AND left_ms IS NULL",
        )
        .bind(&id.as_bytes()[..])
        .bind(&organisation.as_bytes()[..])
        .execute(&mut **transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Err(BulletinError::Nobody);
        }
    }
    Ok(audit::append(transaction, now_ms, Event::new(author, AuditAction::BulletinGroup, id)).await?)
}

async fn organisation_of(
    transaction: &mut Transaction<'_, Sqlite>,
    user: UserId,
) -> Result<Option<OrganisationId>, sqlx::Error> {
    let of: Option<Vec<u8>> = sqlx::query_scalar("SELECT organisation FROM memberships WHERE user = $1")
        .bind(&user.as_bytes()[..])
        .fetch_optional(&mut **transaction)
        .await?;
    of.map(|of| Ok(OrganisationId::from_bytes(sixteen(of)?))).transpose()
}

fn words(roles: &BulletinRoles) -> String {
    roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(" ")
}
