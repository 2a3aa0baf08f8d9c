//! Galène itself is loaded, where `SABHA_GALENE` names its program. It is in no package of Debian, so elsewhere this is skipped.

use std::{
    fs,
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use sabha_client::{Elsewhere, ElsewhereConfig, Scenario, load_elsewhere};

use crate::{load::assert_sound, server::PATIENCE};

/// A Galène with the group of the load. Killed when dropped.
struct Galene(Child);

impl Galene {
    /// Starts one that keeps everything in this folder, and waits until it listens.
    fn start(program: impl AsRef<std::ffi::OsStr>, folder: &Path, address: SocketAddr) -> Self {
        let mut galene = Command::new(program);
        galene.args(["-insecure", "-http", &address.to_string(), "-turn", ""]);
        for option in ["-groups", "-data", "-static", "-recordings"] {
            let place = folder.join(&option[1..]);
            fs::create_dir(&place).unwrap();
            galene.arg(option).arg(place);
        }
        let group = r#"{ "wildcard-user": { "password": "sabha", "permissions": "present" } }"#;
        fs::write(folder.join("groups/sabha.json"), group).unwrap();
        let galene = Self(galene.stdout(Stdio::null()).spawn().unwrap());
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "it does not listen on {address}");
            thread::sleep(Duration::from_millis(50));
        }
        galene
    }
}

impl Drop for Galene {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Returns an address of this machine that is not of its loopback interface, which Galène does not use.
fn own_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // A documentation address (RFC 5737): connecting sends nothing, it only asks for a route.
    socket.connect("192.0.2.1:9").expect("a network interface beside loopback");
    socket.local_addr().unwrap().ip()
}

#[tokio::test(flavor = "multi_thread")]
async fn galene_is_loaded_with_the_same_media() {
    let Some(program) = std::env::var_os("SABHA_GALENE") else {
        println!("skipped: SABHA_GALENE does not name the program of Galène");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let galene = Galene::start(program, folder.path(), address);

    let report = load_elsewhere(&ElsewhereConfig {
        kind: Elsewhere::Galene,
        address,
        media_ip: own_address(),
        scenario: Scenario::Speaker,
        viewers: 4,
        warm_up: Duration::from_secs(2),
        duration: Duration::from_secs(3),
        open_one_in: 1,
        check_one_in: 1,
        seed: 7,
        server_pid: Some(galene.0.id()),
        patience: PATIENCE,
    })
    .await
    .unwrap();

    assert_sound(&report);
    assert_eq!((report.video.streams, report.audio.streams, report.connected.samples), (4, 4, 4));
    assert!(report.video.right > 50 && report.audio.right > 0, "{report:#?}");
    assert_eq!((report.video.lost, report.audio.lost), (0, 0), "{report:#?}");
}
