//! What a run makes of each file that came.

use std::collections::VecDeque;

use sha2::{Digest as _, Sha256, Sha512};

use super::{Asked, HOPS_MAX, KEYS_MAX, List, PAGES_MAX, Part, Run};
use crate::csaf::{
    mirror::{
        Address, Answer, Fetch, Judge, Known, LISTED_MAX, Listed, Mirrored, ProviderMetadata, Role, Source,
        Trouble, cut,
        document::{admit, goes_on},
        lists,
    },
    provider::HashKind,
};

impl<J: Judge> Run<J> {
    pub(super) fn take(&mut self, asked: &Asked, fetch: &Fetch, answer: Answer) -> Result<(), Trouble> {
        let unanswered =
            |what: &str| Trouble::Unanswered { address: fetch.address.to_string(), what: cut(what) };
        let file = match answer {
            Answer::Found(file) if file.len() <= fetch.bytes_max => Some(file),
            Answer::Found(_) => return Err(unanswered("the answer is too long")),
            Answer::Failed(what) => return Err(unanswered(&what)),
            Answer::Missing | Answer::Moved(_) => None,
        };
        let missing = || unanswered("there is no such file, or not for everybody");
        match asked {
            Asked::Metadata => self.take_metadata(file.ok_or_else(missing)?, &fetch.address),
            Asked::SecurityTxt => self.take_security_txt(&file.ok_or_else(missing)?, &fetch.address),
            Asked::Key(fingerprint) => {
                // One key that has expired among others is no reason to stop.
                match file
                    .ok_or_else(|| "there is no such file".to_owned())
                    .and_then(|file| self.judge.key(&file, fingerprint))
                {
                    Ok(key) => self.keys.push(key),
                    Err(why) => self.bad_key = Some(cut(&why)),
                }
                Ok(())
            }
            Asked::Feed(address) => {
                let (documents, next) = lists::feed(&file.ok_or_else(missing)?, address, &self.order.reach)?;
                self.add(documents, &fetch.address)?;
                next.map_or(Ok(()), |next| self.add_page(next))
            }
            Asked::Changes(base) => match file {
                Some(file) => self.add(lists::changes(&file, base)?, &fetch.address),
                None => {
                    self.lists.push_front(List::Index(base.clone()));
                    Ok(())
                }
            },
            // Folders of other labels are closed, as they should be.
            Asked::Index(base) => match file {
                Some(file) => self.add(lists::index(&file, base)?, &fetch.address),
                None => Ok(()),
            },
            Asked::Document => {
                if let Some(part) = &mut self.part {
                    part.content = Some(file.ok_or_else(missing)?);
                }
                Ok(())
            }
            Asked::Hash(kind) => self.take_hash(*kind, file, &fetch.address),
            Asked::Signature => {
                let part = self.part.take();
                part.map_or(Ok(()), |part| self.take_signature(part, file))
            }
        }
    }

    fn take_security_txt(&mut self, file: &[u8], at: &Address) -> Result<(), Trouble> {
        let text = String::from_utf8_lossy(file);
        let line = text.lines().find_map(|line| line.strip_prefix("CSAF:"));
        let what = "it has no line that begins with CSAF:".to_owned();
        let line = line.ok_or_else(|| Trouble::Unanswered { address: at.to_string(), what })?;
        self.source = Some(Source::Metadata(self.order.reach.address(line.trim())?));
        Ok(())
    }

    fn take_metadata(&mut self, file: Vec<u8>, at: &Address) -> Result<(), Trouble> {
        let metadata = ProviderMetadata::read(&file)?;
        let canonical = self.order.reach.address(&metadata.canonical_url)?;
        self.hops.push(at.clone());
        if canonical != *at {
            if self.hops.contains(&canonical) || self.hops.len() > HOPS_MAX {
                return Err(Trouble::Loop(canonical.to_string()));
            }
            self.source = Some(Source::Metadata(canonical));
            return Ok(());
        }
        if !metadata.may_be_listed {
            return Err(Trouble::NotListed);
        }
        let now = &metadata.publisher.namespace;
        if let Some(before) = self.order.namespace.as_ref().filter(|before| *before != now) {
            return Err(Trouble::Renamed { before: cut(before), now: cut(now) });
        }
        let pinned = |fingerprint: &str| {
            self.order.pinned.as_ref().is_none_or(|pinned| pinned.eq_ignore_ascii_case(fingerprint))
        };
        let keys: Vec<_> =
            metadata.keys.iter().filter(|key| pinned(&key.fingerprint)).take(KEYS_MAX).collect();
        if self.order.pinned.is_some() && keys.is_empty() {
            return Err(Trouble::Pinned);
        }
        if self.order.mirror && !metadata.may_be_mirrored {
            self.outcome.faults.push(Trouble::NotMirrored);
        } else if self.order.mirror && metadata.role != Role::TrustedProvider {
            self.outcome.faults.push(Trouble::Untrusted);
        } else if self.order.mirror {
            let mut files = VecDeque::new();
            for key in keys {
                files.push_back((self.order.reach.address(&key.url)?, key.fingerprint.clone()));
            }
            self.key_files = files;
            self.lists = self.lists_of(&metadata)?;
        }
        self.keep_metadata = Some(file);
        self.metadata = Some(metadata);
        Ok(())
    }

    /// Returns feeds, or directories where there is no feed that everybody may read.
    fn lists_of(&mut self, metadata: &ProviderMetadata) -> Result<VecDeque<List>, Trouble> {
        let mut lists = VecDeque::new();
        for url in &metadata.feeds {
            let address = self.order.reach.address(url)?;
            self.pages.insert(address.clone());
            lists.push_back(List::Feed(address));
        }
        if lists.is_empty() {
            for url in &metadata.directories {
                // Some write it without the slash that makes it a folder.
                let url = if url.ends_with('/') { url.clone() } else { format!("{url}/") };
                lists.push_back(List::Directory(self.order.reach.address(&url)?));
            }
        }
        Ok(lists)
    }

    fn add(&mut self, documents: Vec<Listed>, list: &Address) -> Result<(), Trouble> {
        self.readable = true;
        if self.listed.len() + documents.len() > LISTED_MAX {
            let what = format!("the lists have more than {LISTED_MAX} documents");
            return Err(Trouble::List { list: list.to_string(), what });
        }
        self.listed.extend(documents);
        Ok(())
    }

    fn add_page(&mut self, page: Address) -> Result<(), Trouble> {
        if self.pages.len() >= PAGES_MAX || !self.pages.insert(page.clone()) {
            return Err(Trouble::Loop(page.to_string()));
        }
        self.lists.push_front(List::Feed(page));
        Ok(())
    }

    fn take_hash(&mut self, kind: HashKind, file: Option<Vec<u8>>, at: &Address) -> Result<(), Trouble> {
        let Some(part) = &mut self.part else { return Ok(()) };
        let content = part.content.as_deref().unwrap_or_default();
        if let Some(file) = file {
            let hash: &[u8] = match kind {
                HashKind::Sha256 => &Sha256::digest(content),
                HashKind::Sha512 => &Sha512::digest(content),
            };
            let wanted: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            let text = String::from_utf8_lossy(&file);
            let said = text.split_whitespace().next().unwrap_or_default();
            if !said.eq_ignore_ascii_case(&wanted) {
                return Err(Trouble::Hash(at.to_string()));
            }
            part.hashed = true;
        }
        if part.hashes.is_empty() && !part.hashed {
            return Err(Trouble::Unhashed(part.listed.address.to_string()));
        }
        Ok(())
    }

    fn take_signature(&mut self, part: Part, file: Option<Vec<u8>>) -> Result<(), Trouble> {
        let address = part.listed.address.to_string();
        let signature = file.ok_or_else(|| Trouble::Unsigned(address.clone()))?;
        let content = part.content.unwrap_or_default();
        let mut why = String::new();
        let signed = self.keys.iter().any(|key| match self.judge.verify(key, &content, &signature) {
            Ok(()) => true,
            Err(what) => {
                why = what;
                false
            }
        });
        if !signed {
            return Err(Trouble::Signature { address, what: why });
        }
        let Some(metadata) = &self.metadata else { return Ok(()) };
        let published = admit(&content, &part.listed.address, &metadata.publisher)?;
        let hash: [u8; 32] = Sha256::digest(&content).into();
        let other = |known: &&Known| {
            known.address != address && (known.id == published.id || known.file == published.file)
        };
        let (here, there) = (self.known.get(&address), self.known.values().find(other));
        goes_on(&published, &hash, &address, here, there)?;
        let listed = part.listed.updated;
        self.keep = Some(Box::new(Mirrored { address, listed, published, hash, content, signature }));
        Ok(())
    }

    /// Remembers what was kept.
    pub(super) fn note(&mut self, document: &Mirrored) {
        let known = Known {
            address: document.address.clone(),
            listed: document.listed.clone(),
            id: document.published.id.clone(),
            file: document.published.file.clone(),
            updated: document.published.updated.clone(),
            hash: document.hash,
        };
        self.known.insert(document.address.clone(), known);
    }
}
