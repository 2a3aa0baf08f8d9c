//! Products, as software.

use serde_json::{Map, Value, json};

use super::{frame::Frame, id::observable_id};
use crate::csaf::model::FullProductName;

/// Returns a product. Its id comes from its name and its CPE, as section 6.14 of STIX 2.1 wants it, so that the same product in
/// two documents is one object.
pub(super) fn software(frame: &Frame<'_>, product: &FullProductName) -> Map<String, Value> {
    let mut contributing = json!({ "name": product.name });
    let helper = product.product_identification_helper.as_ref();
    // The property is a CPE of version 2.3; the older form of CPE is another syntax.
    if let Some(cpe) = helper.and_then(|helper| helper.cpe.as_ref()).filter(|cpe| cpe.starts_with("cpe:2.3:"))
    {
        contributing["cpe"] = cpe.as_str().into();
    }
    let mut object = frame.observable("software");
    object.insert("id".to_owned(), observable_id("software", &contributing).into());
    if let Value::Object(properties) = contributing {
        object.extend(properties);
    }
    object
}
