//! Many connections, slow ones, encrypted ones.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use epoch_gateway::{Limits, TlsFiles, WithoutLevers, bind};
use epoch_model::Code;

use crate::kit::{Gateway, Mood};
use crate::levers::flag;
use crate::stream::Stream;

const EVENT: &str = r#"{"api_key":"phc_test_key","event":"a","distinct_id":"u"}"#;

/// How many sockets of this process may be open, both ends counted, after asking the system for as many as it grants.
fn sockets() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = getrlimit(Resource::Nofile).maximum.unwrap_or(65_536).min(65_536);
    setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: getrlimit(Resource::Nofile).maximum }).unwrap();
    usize::try_from(most).unwrap()
}

#[test]
fn ten_thousand_idle_connections_keep_nobody_out() {
    // Ten thousand where the system grants them; some thousand places are taken in any case.
    let number = 10_000.min(sockets().saturating_sub(2500));
    let gateway = Gateway::with(Limits { connections_max: 1000, ..Limits::default() });
    let idle: Vec<TcpStream> = (0..number)
        .map(|n| {
            // Faster than they are accepted they would wait in the kernel's queue, and then a second each.
            if n % 50 == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
            let mut socket = TcpStream::connect(gateway.address).unwrap();
            if n % 2 == 0 {
                // One that made room already is closed.
                let _ = socket.write_all(b"POST /e HTTP/1.1\r\nHost: local");
            }
            socket
        })
        .collect();
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(gateway.post("/e", EVENT).status, 200);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?} with {} idle ones", start.elapsed(), idle.len());
}

#[test]
fn streams_and_requests_have_places_of_their_own() {
    let gateway = Gateway::with(Limits { connections_max: 8, ..Limits::default() });
    gateway.levers(vec![flag("a")]);
    let open = |_| Stream::open(&gateway, "/ofrep/v1/events?key=ck", &[]);
    let mut streams: Vec<_> = (0..6).map(open).collect();
    assert_eq!(streams.iter().filter(|stream| stream.status == 200).count(), 4, "half of the connections");
    // The refused ones are idle connections and make room; those that listen are left alone.
    for _ in 0..20 {
        let mut idle = TcpStream::connect(gateway.address).unwrap();
        idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        std::mem::forget(idle);
        assert_eq!(gateway.post("/e", EVENT).status, 200);
    }
    gateway.levers(vec![flag("b")]);
    for stream in streams.iter_mut().filter(|stream| stream.status == 200) {
        assert_eq!(stream.next(), ": open");
        assert!(stream.next().contains("refetchEvaluation"));
    }
}

#[test]
fn work_is_not_interrupted_to_make_room() {
    let limits = Limits { connections_max: 2, commit_timeout: Duration::from_millis(800), ..Limits::default() };
    let gateway = Arc::new(Gateway::with(limits));
    gateway.mood(Mood::NeverDone);
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let gateway = gateway.clone();
            std::thread::spawn(move || gateway.post("/e", EVENT).status)
        })
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    assert_eq!(gateway.send("GET", "/healthz", &[], b"").status, 200);
    assert!(start.elapsed() > Duration::from_millis(300), "it had to wait for a place");
    assert!(waiting.into_iter().all(|thread| thread.join().unwrap() == 503), "both were answered");
}

#[test]
fn readers_that_take_nothing_are_cut_off() {
    let gateway = Gateway::configured(|config| {
        config.limits.write_timeout = Duration::from_millis(300);
        config.metrics_text = Arc::new(|| "x".repeat(64 * 1024 * 1024));
    });
    let mut socket = TcpStream::connect(gateway.address).unwrap();
    socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut taken = 0;
    let mut buffer = vec![0; 1 << 20];
    while let Ok(read @ 1..) = socket.read(&mut buffer) {
        taken += read;
    }
    assert!(taken < 32 * 1024 * 1024, "{taken} bytes came, more than sockets hold");
}

fn certificate(dir: &std::path::Path) -> (TlsFiles, rustls::pki_types::CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = TlsFiles { certificate: dir.join("chain.pem"), key: dir.join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    (files, made.cert.der().clone())
}

fn over_tls(
    gateway: &Gateway,
    root: rustls::pki_types::CertificateDer<'static>,
    request: &str,
) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(gateway.address)?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut tls = rustls::Stream::new(&mut session, &mut socket);
    tls.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    tls.read_to_end(&mut answer)?;
    Ok(String::from_utf8(answer).unwrap())
}

#[test]
fn tls_is_spoken_with_the_certificate_given() {
    let dir = tempfile::tempdir().unwrap();
    let (files, root) = certificate(dir.path());
    let gateway = Gateway::configured(|config| {
        config.tls = Some(files.clone());
        config.limits.header_timeout = Duration::from_millis(500);
    });
    let request = format!(
        "POST /e HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{EVENT}",
        EVENT.len()
    );
    let answer = over_tls(&gateway, root, &request).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("{\"status\":1}"), "{answer}");
    let (_, other) = certificate(tempfile::tempdir().unwrap().path());
    assert!(over_tls(&gateway, other, &request).is_err(), "a client that trusts another certificate hangs up");
    assert_eq!(gateway.post("/e", EVENT).status, 0, "plain text gets no answer");
    let start = Instant::now();
    let mut silent = TcpStream::connect(gateway.address).unwrap();
    silent.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(silent.read(&mut [0; 8]).unwrap_or(0), 0);
    assert!(start.elapsed() < Duration::from_secs(4), "a handshake that does not come is not waited for");
    assert_eq!(gateway.events().len(), 1);
}

#[test]
fn nothing_listens_to_the_world_in_the_clear() {
    let memory = Gateway::start().memory.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bound = |listen: &str, tls: Option<TlsFiles>, behind_proxy: bool| {
        let config = epoch_gateway::Config {
            listen: listen.parse().unwrap(),
            keys: memory.clone(),
            sink: memory.clone(),
            levers: memory.clone(),
            book: Arc::new(WithoutLevers),
            readers: Arc::new(WithoutLevers),
            privacy: Arc::new(WithoutLevers),
            secrets: Arc::new(WithoutLevers),
            meter: memory.clone(),
            metrics_text: Arc::new(String::new),
            clock: Arc::new(|| 0),
            limits: Limits::default(),
            allowed_hosts: Vec::new(),
            tls,
            behind_proxy,
        };
        runtime.block_on(bind(config)).map(|bound| bound.local_addr()).map_err(|error| (error.code, error.hint))
    };
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = certificate(dir.path());
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let (code, hint) = bound(listen, None, false).unwrap_err();
        assert!(code == Code::AddressUnavailable && hint.contains("certificate"), "{hint}");
    }
    assert!(bound("0.0.0.0:0", Some(files.clone()), false).is_ok());
    assert!(bound("0.0.0.0:0", None, true).is_ok());
    assert!(bound("127.0.0.1:0", None, false).is_ok() && bound("[::1]:0", None, false).is_ok());
    let swapped = TlsFiles { certificate: files.key.clone(), key: files.certificate.clone() };
    let missing = TlsFiles { certificate: dir.path().join("none"), key: files.key.clone() };
    for wrong in [swapped, missing] {
        let (code, _) = bound("127.0.0.1:0", Some(wrong), false).unwrap_err();
        assert_eq!(code, Code::FileUnreadable);
    }
}
