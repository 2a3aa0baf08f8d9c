//! The id of a mail: what it is about, at the server's name.

use crate::config::PublicUrl;

/// Returns the `Message-ID` of a mail. Sent twice after a crash, it has the same, and mail programs show one. Without the port, which
/// an id cannot have (RFC 5322 section 3.6.4), and which is another one after each start of a server on any.
pub(crate) fn message_id(id: &[u8; 16], url: &PublicUrl) -> String {
    let host = url.origin().split_once("://").map_or("", |(_, host)| host);
    let host = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(host, _)| host);
    format!("<{}@{host}>", data_encoding::HEXLOWER.encode(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_name_of_the_server_and_no_port() {
        for (url, host) in [
            ("https://meet.example.org", "meet.example.org"),
            ("https://meet.example.org:8443", "meet.example.org"),
            ("http://127.0.0.1:8080", "127.0.0.1"),
            ("http://[::1]:8080", "[::1]"),
            ("https://[2606:4700::1111]", "[2606:4700::1111]"),
        ] {
            let url = PublicUrl::try_from(url.to_owned()).unwrap();
            assert_eq!(message_id(&[7; 16], &url), format!("<{}@{host}>", "07".repeat(16)));
        }
    }
}
