//! Products: section 3.2.2 of the standard.

use serde::{Deserialize, Serialize};

/// The products that a document is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductTree {
    /// By vendor, product and version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<Branch>,
    /// In a plain list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub full_product_names: Vec<FullProductName>,
    /// Products that statements name together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub product_groups: Vec<ProductGroup>,
    /// Products that are made of others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relationships: Vec<Relationship>,
}

/// A branch of the tree: either more branches or a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// The branches below.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<Branch>,
    /// What the name is of.
    pub category: BranchCategory,
    /// The name.
    pub name: String,
    /// The product at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<FullProductName>,
}

/// What a branch is named after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BranchCategory {
    /// Architecture.
    Architecture,
    /// Host name.
    HostName,
    /// Language.
    Language,
    /// Legacy.
    Legacy,
    /// Patch level.
    PatchLevel,
    /// Product family.
    ProductFamily,
    /// Product name.
    ProductName,
    /// Product version.
    ProductVersion,
    /// Product version range.
    ProductVersionRange,
    /// Service pack.
    ServicePack,
    /// Specification.
    Specification,
    /// Vendor.
    Vendor,
}

/// A product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FullProductName {
    /// Its whole name, for people.
    pub name: String,
    /// Its id in this document.
    pub product_id: String,
    /// What tells a machine which product it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_identification_helper: Option<Helper>,
}

/// What tells a machine which product is meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Helper {
    /// A CPE name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpe: Option<String>,
    /// Hashes of its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<FileHashes>,
    /// Numbers of models, which may have `*` and `?`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub model_numbers: Vec<String>,
    /// A package URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Where its bill of materials is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sbom_urls: Vec<String>,
    /// Serial numbers, which may have `*` and `?`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serial_numbers: Vec<String>,
    /// Stock keeping units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skus: Vec<String>,
    /// Other ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub x_generic_uris: Vec<GenericUri>,
}

/// Hashes of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileHashes {
    /// One of each algorithm.
    pub file_hashes: Vec<FileHash>,
    /// What it is called.
    pub filename: String,
}

/// A hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileHash {
    /// The algorithm, such as `sha256`.
    pub algorithm: String,
    /// In hexadecimal digits.
    pub value: String,
}

/// An id by a URI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenericUri {
    /// Where such ids are explained.
    pub namespace: String,
    /// The id.
    pub uri: String,
}

/// Products that statements name together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductGroup {
    /// Its id in this document.
    pub group_id: String,
    /// Its products, two at least.
    pub product_ids: Vec<String>,
    /// What they have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// A product that is made of two others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relationship {
    /// How they are related.
    pub category: RelationshipCategory,
    /// What they are together.
    pub full_product_name: FullProductName,
    /// The one.
    pub product_reference: String,
    /// The other.
    pub relates_to_product_reference: String,
}

/// How a product is related to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationshipCategory {
    /// It is a part of it.
    DefaultComponentOf,
    /// It is a part from elsewhere.
    ExternalComponentOf,
    /// It is installed on it.
    InstalledOn,
    /// It is installed beside it.
    InstalledWith,
    /// It can be a part of it.
    OptionalComponentOf,
}
