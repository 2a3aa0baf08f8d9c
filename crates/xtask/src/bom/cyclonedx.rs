//! CycloneDX 1.6 (ECMA-424): bills of materials in JSON.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::packages::Part;

/// What a bill is of.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    /// Hexadecimal digits of the program's file.
    pub(super) sha256: Option<&'a str>,
}

impl Subject<'_> {
    fn purl(&self) -> String {
        format!("pkg:generic/{}@{}", self.name, self.version)
    }

    fn component(&self) -> Value {
        let mut component = json!({
            "type": "application",
            "bom-ref": self.purl(),
            "name": self.name,
            "version": self.version,
            "purl": self.purl(),
            "licenses": [{"expression": "Apache-2.0"}],
        });
        if let Some(digits) = self.sha256 {
            component["hashes"] = json!([{"alg": "SHA-256", "content": digits}]);
        }
        component
    }
}

/// Returns the bill of materials of a program.
pub(super) fn sbom(subject: &Subject<'_>, parts: &[Part]) -> Vec<u8> {
    let components = parts.iter().map(|part| {
        let mut component = json!({
            "type": "library",
            "bom-ref": part.purl,
            "name": part.name,
            "version": part.version,
            "purl": part.purl,
        });
        if let Some(licence) = &part.licence {
            // Cargo's older form of "or".
            component["licenses"] = json!([{"expression": licence.replace('/', " OR ")}]);
        }
        if let Some((algorithm, digits)) = &part.hash {
            component["hashes"] = json!([{"alg": algorithm, "content": digits}]);
        }
        component
    });
    let known = |purl: &&String| parts.iter().any(|part| part.purl == **purl);
    let mut dependencies = vec![json!({
        "ref": subject.purl(),
        "dependsOn": parts.iter().filter(|part| part.is_direct).map(|part| &part.purl).collect::<Vec<_>>(),
    })];
    dependencies.extend(parts.iter().map(
        |part| json!({"ref": part.purl, "dependsOn": part.needs.iter().filter(known).collect::<Vec<_>>()}),
    ));
    document(subject, components.collect(), dependencies)
}

/// Returns a bill with these components.
pub(super) fn document(subject: &Subject<'_>, components: Vec<Value>, dependencies: Vec<Value>) -> Vec<u8> {
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": subject.component()},
        "components": components,
        "dependencies": dependencies,
    });
    // A bill has a number of its own (RFC 9562): of its contents, so that the same contents have the same.
    document["serialNumber"] = json!(format!("urn:uuid:{}", uuid(document.to_string().as_bytes())));
    let mut text = serde_json::to_vec_pretty(&document).expect("JSON is written as JSON");
    text.push(b'\n');
    text
}

/// Returns a UUID of version 8, whose bits are of a hash.
fn uuid(content: &[u8]) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(content)[..16]);
    bytes[6] = 0x80 | (bytes[6] & 0x0F);
    bytes[8] = 0x80 | (bytes[8] & 0x3F);
    let digits = super::hex(&bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_with_other_contents_has_another_number() {
        let number = |version: &str| {
            let subject = Subject { name: "sabha", version, sha256: None };
            let json: Value = serde_json::from_slice(&sbom(&subject, &[])).unwrap();
            json["serialNumber"].as_str().unwrap().to_owned()
        };
        assert_eq!(number("1.0.0"), number("1.0.0"));
        assert_ne!(number("1.0.0"), number("1.0.1"));
    }
}
