//! `sabha advisory site`: documents as a folder that any web server serves, a trusted provider of CSAF without a Sabha that runs.
//!
//! The files are those of `/.well-known/csaf` of a server with `[bulletin.provider]`, made by the same code. A folder asks nobody
//! who they are, so only documents that everybody may read have a place in it. The same documents and the same key give the same
//! bytes.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use axum::http::Uri;
use jiff::Timestamp;
use sabha_advisory::{
    Tlp,
    csaf::{
        Csaf, Occasion, Unfit,
        model::Publisher,
        provider::{self, File, Published},
    },
};

use super::{
    super::{key_file, print, report},
    bytes,
};
use crate::{
    bulletin::{CATEGORIES, KEYS_PATH, SigningKey},
    clock,
};

/// Documents of one folder.
const DOCUMENTS_MAX: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Where the folder will be served: https://host.
    #[arg(long, value_name = "URL")]
    origin: Uri,
    /// File with the secret key by which documents are signed, 32 bytes, for its owner only. A new key is drawn if it is not there.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// The folder, which must not be there yet.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// The documents, each CSAF 2.0 and TLP:CLEAR, all of one publisher.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Why no folder was written.
#[derive(Debug, thiserror::Error)]
enum SiteError {
    #[error("--origin is not an address of a server, https://host")]
    Origin,
    #[error("no document is named")]
    Nothing,
    #[error("{DOCUMENTS_MAX} documents are the most of one folder")]
    TooMany,
    #[error("{} cannot be used", path.display())]
    Unusable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is not fit to be published", path.display())]
    Unfit {
        path: PathBuf,
        #[source]
        source: Unfit,
    },
    #[error("{} has another publisher than {}", path.display(), first.display())]
    Publisher { path: PathBuf, first: PathBuf },
    #[error("{} would be the same file as another document: {file}", path.display())]
    Twice { path: PathBuf, file: String },
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    #[error(transparent)]
    Key(#[from] key_file::KeyFileError),
}

impl SiteError {
    fn remedy(&self) -> String {
        match self {
            Self::Origin => "Name it without a path: https://security.example.org.".to_owned(),
            Self::Nothing => "Name the files of the documents.".to_owned(),
            Self::TooMany => "Make a folder for each of several publishers.".to_owned(),
            Self::Unusable { .. } => "Name a path that this user can use.".to_owned(),
            Self::Unfit { path, source } => match source {
                Unfit::Found(found) => {
                    let named: Vec<String> =
                        found.findings().iter().take(5).map(ToString::to_string).collect();
                    format!("{}\nsabha advisory validate {} has the rest.", named.join("\n"), path.display())
                }
                _ => "CSAF documents are JSON in UTF-8.".to_owned(),
            },
            Self::Publisher { .. } => {
                "A provider publishes its own documents: give each publisher a folder.".to_owned()
            }
            Self::Twice { .. } => "Give the documents different ids, or name the newer one alone.".to_owned(),
            Self::Exists(_) => {
                "Name another folder, and put it in the place of the old one when it is whole.".to_owned()
            }
            Self::Key(error) => error.remedy(),
        }
    }
}

/// Does what was asked.
pub(super) fn run(args: &Args) -> ExitCode {
    match site(args) {
        Ok(said) => {
            print(&said);
            ExitCode::SUCCESS
        }
        Err(error) => {
            report(&error, &error.remedy());
            ExitCode::FAILURE
        }
    }
}

fn site(args: &Args) -> Result<String, SiteError> {
    let origin = origin(&args.origin)?;
    if args.files.len() > DOCUMENTS_MAX {
        return Err(SiteError::TooMany);
    }
    let (documents, publisher) = read(&args.files)?;
    if args.to.exists() {
        return Err(SiteError::Exists(args.to.clone()));
    }
    let (seed, is_new) = key_file::read_or_draw(&args.key_file)?;
    let key = SigningKey::new(&seed);
    let files = files(&origin, &publisher, &key, documents);
    write(&args.to, &files).map_err(|source| SiteError::Unusable { path: args.to.clone(), source })?;
    let drawn = if is_new {
        format!("\nA new key was drawn. Keep {} secret.", args.key_file.display())
    } else {
        String::new()
    };
    Ok(format!(
        "{}: {} files, signed with the key {}. Serve it at {origin}.{drawn}",
        args.to.display(),
        files.len(),
        key.fingerprint()
    ))
}

fn origin(url: &Uri) -> Result<String, SiteError> {
    let is_origin = url.scheme_str() == Some("https")
        && url.host().is_some()
        && url.query().is_none()
        && url.path() == "/";
    let authority = url.authority().filter(|authority| !authority.as_str().contains('@'));
    match authority {
        Some(authority) if is_origin => Ok(format!("https://{authority}")),
        _ => Err(SiteError::Origin),
    }
}

/// A document, as it was written, and as lists name it.
struct Document {
    published: Published,
    written: Vec<u8>,
}

/// Reads and judges the documents, all of one publisher.
fn read(files: &[PathBuf]) -> Result<(Vec<Document>, Publisher), SiteError> {
    let mut publisher: Option<Publisher> = None;
    let mut names = BTreeSet::new();
    let mut documents = Vec::new();
    for path in files {
        let written = bytes(path).map_err(|source| SiteError::Unusable { path: path.clone(), source })?;
        let now_ms = clock::unix_ms();
        let occasion = Occasion { label: Tlp::Clear, release: None, publisher: None, before: None, now_ms };
        let judged = sabha_advisory::csaf::judge(&written, &occasion);
        let published = judged.map_err(|source| SiteError::Unfit { path: path.clone(), source })?;
        // Read once already, while it was judged.
        let read = Csaf::read(&written).map(|read| read.document.publisher);
        match (&publisher, read) {
            (Some(publisher), Ok(read)) if *publisher == read => {}
            (None, Ok(read)) => publisher = Some(read),
            _ => {
                let first = files.first().unwrap_or(path).clone();
                return Err(SiteError::Publisher { path: path.clone(), first });
            }
        }
        if !names.insert(published.file.clone()) {
            return Err(SiteError::Twice { path: path.clone(), file: published.file });
        }
        documents.push(Document { published, written });
    }
    publisher.map(|publisher| (documents, publisher)).ok_or(SiteError::Nothing)
}

/// Returns every file of the folder.
fn files(origin: &str, publisher: &Publisher, key: &SigningKey, documents: Vec<Document>) -> Vec<File> {
    let lists: Vec<Published> = documents.iter().map(|document| document.published.clone()).collect();
    let time = |document: &Published| document.updated.parse::<Timestamp>().unwrap_or_default();
    let newest = lists.iter().max_by_key(|document| time(document)).map_or("", |document| &document.updated);
    let years: BTreeSet<&str> = lists.iter().filter_map(|document| document.file.split('/').next()).collect();
    let folder = provider::folder(Tlp::Clear);
    let root = folder.rsplit_once('/').map_or("", |(root, _)| root);
    let key_url = format!("{KEYS_PATH}{}.asc", key.fingerprint());
    let shown = provider::Key { fingerprint: key.fingerprint(), url: format!("{origin}{key_url}") };
    let file = |path: String, content: Vec<u8>| File { path, content };
    let mut files = vec![
        file(
            format!("{root}/provider-metadata.json"),
            provider::metadata(origin, publisher, &[shown], &[Tlp::Clear], newest),
        ),
        file(format!("{root}/service.json"), provider::service(origin, &[Tlp::Clear])),
        file(format!("{root}/category.json"), provider::category(&CATEGORIES)),
        file(key_url, key.public_key(&publisher.name).into_bytes()),
        file(format!("{folder}/index.txt"), provider::index(&lists, Tlp::Clear).into_bytes()),
        file(format!("{folder}/changes.csv"), provider::changes(&lists, Tlp::Clear).into_bytes()),
        file(format!("{folder}/feed.json"), provider::feed(origin, &lists, Tlp::Clear, newest)),
    ];
    for (path, year) in [(folder.clone(), None)]
        .into_iter()
        .chain(years.iter().map(|year| (format!("{folder}/{year}"), Some(*year))))
    {
        let listing = provider::listing(&lists, Tlp::Clear, year).unwrap_or_default();
        files.push(file(format!("{path}/index.html"), listing.into_bytes()));
    }
    for Document { published, written } in documents {
        let at_ms = u64::try_from(time(&published).as_millisecond()).unwrap_or(0);
        let Ok(of_document) =
            provider::files(&published, written, |bytes| Ok::<_, Infallible>(key.sign(bytes, at_ms)));
        files.extend(of_document);
    }
    files
}

/// Writes the folder, which after a crash is whole or not there.
fn write(to: &Path, files: &[File]) -> io::Result<()> {
    let mut draft = to.as_os_str().to_owned();
    draft.push(".draft");
    let draft = PathBuf::from(draft);
    if draft.exists() {
        fs::remove_dir_all(&draft)?;
    }
    for file in files {
        let path = draft.join(file.path.trim_start_matches('/'));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut out = fs::File::create(&path)?;
        out.write_all(&file.content)?;
        out.sync_all()?;
    }
    fs::rename(&draft, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_server_and_nothing_more() {
        let read = |text: &str| origin(&text.parse().unwrap()).ok();
        assert_eq!(read("https://security.example.org").as_deref(), Some("https://security.example.org"));
        assert_eq!(
            read("https://security.example.org:8443/").as_deref(),
            Some("https://security.example.org:8443")
        );
        for other in [
            "http://example.org",
            "https://example.org/csaf",
            "https://example.org/?a",
            "https://a@example.org",
            "example.org",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
