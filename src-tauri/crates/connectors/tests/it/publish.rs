//! Publishing to a folder, to a server on loopback and to a git repository.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use epoch_connectors::publish::publish;
use epoch_model::business::{PublishKind, PublishTarget};
use epoch_model::gate::{RunState, admit_publication};
use epoch_model::{Code, Error};
use tempfile::TempDir;

const PAYLOAD: &str = r#"{"status":200,"features":{"a":{"defaultValue":true}}}"#;

fn target(kind: PublishKind) -> PublishTarget {
    PublishTarget { key: "cdn".into(), title: "CDN".into(), kind }
}

fn to(kind: PublishKind, folder: &Path, payload: &str, secret: Option<&str>) -> Result<(), Error> {
    let permit = admit_publication("cdn", 7, RunState::Running).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(publish(&permit, &target(kind), folder, payload, secret))
}

fn file(path: &str) -> PublishKind {
    PublishKind::File { path: path.into() }
}

#[test]
fn a_permit_is_for_one_target_and_none_is_given_while_stopped() {
    let folder = TempDir::new().unwrap();
    let permit = admit_publication("other", 7, RunState::Running).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let done = runtime.block_on(publish(&permit, &target(file("a.json")), folder.path(), PAYLOAD, None));
    assert_eq!(done.unwrap_err().code, Code::Denied);
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    assert_eq!(admit_publication("cdn", 7, RunState::Stopped).unwrap_err().code, Code::Denied);
}

#[test]
fn files_are_replaced_whole() {
    let folder = TempDir::new().unwrap();
    to(file("public/features.json"), folder.path(), "old", None).unwrap();
    to(file("public/features.json"), folder.path(), PAYLOAD, None).unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("public/features.json")).unwrap(), PAYLOAD);
    assert_eq!(fs::read_dir(folder.path().join("public")).unwrap().count(), 1, "no leftovers");
    for path in ["", "../x.json", "/tmp/x.json", "a/../../x.json", ".git/hooks/post-commit", "./a"] {
        assert_eq!(to(file(path), folder.path(), PAYLOAD, None).unwrap_err().code, Code::Denied, "{path}");
    }
    assert_eq!(to(file("a"), &folder.path().join("gone"), PAYLOAD, None).unwrap_err().code, Code::EffectFailed);
    fs::write(folder.path().join("plain"), "x").unwrap();
    assert_eq!(to(file("plain/a"), folder.path(), PAYLOAD, None).unwrap_err().code, Code::EffectFailed);
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out() {
    let (folder, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    std::os::unix::fs::symlink(outside.path(), folder.path().join("public")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("x"), folder.path().join("link")).unwrap();
    for path in ["public/a.json", "public/b/a.json", "link"] {
        assert_eq!(to(file(path), folder.path(), PAYLOAD, None).unwrap_err().code, Code::Denied, "{path}");
    }
    assert!(fs::read_dir(outside.path()).unwrap().next().is_none());
}

/// Gives each request one of the answers, then the requests back.
fn server(answers: &'static [&'static str]) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://localhost:{}/features.json", listener.local_addr().unwrap().port());
    let handle = std::thread::spawn(move || {
        let one = |answer: &&str| {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let (mut request, mut buf) = (Vec::new(), [0; 4096]);
            while let Ok(n) = stream.read(&mut buf) {
                request.extend_from_slice(&buf[..n]);
                if n == 0 || request.ends_with(PAYLOAD.as_bytes()) {
                    break;
                }
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(request).unwrap()
        };
        answers.iter().map(one).collect()
    });
    (url, handle)
}

fn put(url: &str, allow_private: bool) -> PublishKind {
    PublishKind::HttpPut { url: url.into(), secret: Some("cdn".into()), allow_private }
}

#[test]
fn an_address_gets_the_payload() {
    let (url, handle) = server(&[
        "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
    ]);
    to(put(&url, true), Path::new("/"), PAYLOAD, Some("Bearer s3cret\n")).unwrap();
    let requests = handle.join().unwrap();
    for request in &requests {
        assert!(request.starts_with("PUT /features.json HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nauthorization: Bearer s3cret\r\n") && request.ends_with(PAYLOAD), "{request}");
        assert!(request.contains("\r\ncontent-type: application/json\r\n"), "{request}");
    }
    assert_eq!(requests.len(), 2, "a passing trouble is waited out");
}

#[test]
fn what_an_address_answers_decides_what_is_next() {
    for (answer, code) in [
        ("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno", Code::Unauthorized),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Code::InvalidArgument),
        ("HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n", Code::InvalidArgument),
    ] {
        let (url, handle) = server(Box::leak(Box::new([answer])));
        let error = to(put(&url, true), Path::new("/"), PAYLOAD, Some("s3cret")).unwrap_err();
        assert_eq!((error.code, error.message.contains("s3cret")), (code, false), "{error}");
        assert_eq!(handle.join().unwrap().len(), 1, "not sent again");
    }
    let busy = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (url, handle) = server(Box::leak(Box::new([busy; 3])));
    assert_eq!(to(put(&url, true), Path::new("/"), PAYLOAD, None).unwrap_err().code, Code::EffectFailed);
    assert_eq!(handle.join().unwrap().len(), 3);
    for (url, allowed, code) in [
        ("https://127.0.0.1:1/x", false, Code::Denied),
        ("https://169.254.169.254/x", false, Code::Denied),
        ("http://example.com/x", false, Code::InvalidArgument),
        ("ftp://localhost/x", true, Code::InvalidArgument),
        ("no url", true, Code::InvalidArgument),
        ("http://127.0.0.1:1/x", true, Code::EffectFailed),
    ] {
        assert_eq!(to(put(url, allowed), Path::new("/"), PAYLOAD, None).unwrap_err().code, code, "{url}");
    }
    let unsendable = to(put("https://1.1.1.1/x", false), Path::new("/"), PAYLOAD, Some("a\nb")).unwrap_err();
    assert_eq!((unsendable.code, unsendable.message.contains("a\nb")), (Code::InvalidArgument, false));
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=f", "-c", "user.email=f@x", "-c", "init.defaultBranch=main"];
    let output = Command::new("git").arg("-C").arg(folder).args(identity).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A bare remote and a clone of it with one commit.
fn clone() -> (TempDir, std::path::PathBuf, std::path::PathBuf) {
    let folder = TempDir::new().unwrap();
    let (remote, clone) = (folder.path().join("remote.git"), folder.path().join("clone"));
    git(folder.path(), &["init", "-q", "--bare", "remote.git"]);
    git(folder.path(), &["clone", "-q", "remote.git", "clone"]);
    git(&clone, &["checkout", "-q", "-b", "main"]);
    fs::write(clone.join("README"), "x").unwrap();
    git(&clone, &["add", "README"]);
    git(&clone, &["commit", "-q", "-m", "First"]);
    git(&clone, &["push", "-q", "origin", "main"]);
    (folder, remote, clone)
}

fn commit(clone: &Path, path: &str, branch: Option<&str>, push: bool) -> PublishKind {
    let (repo, branch) = (clone.to_str().unwrap().into(), branch.map(str::to_owned));
    PublishKind::Git { repo, path: path.into(), branch, push }
}

#[test]
fn a_commit_holds_the_file_and_nothing_else() {
    let (_folder, remote, clone) = clone();
    let hook = clone.join(".git/hooks/pre-commit");
    fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::write(clone.join("staged"), "x").unwrap();
    git(&clone, &["add", "staged"]);
    fs::write(clone.join("README"), "changed").unwrap();
    to(commit(&clone, "public/features.json", Some("main"), true), Path::new("/"), PAYLOAD, None).unwrap();
    assert_eq!(git(&clone, &["log", "-1", "--format=%s"]), "Publish levers, version 7");
    assert_eq!(git(&clone, &["show", "--name-only", "--format=", "HEAD"]), "public/features.json");
    assert_eq!(git(&clone, &["status", "--porcelain"]), "M README\nA  staged", "what the founder is at stays");
    assert_eq!(git(&remote, &["show", "main:public/features.json"]), PAYLOAD);
    let head = git(&clone, &["rev-parse", "HEAD"]);
    to(commit(&clone, "public/features.json", None, true), Path::new("/"), PAYLOAD, None).unwrap();
    assert_eq!(git(&clone, &["rev-parse", "HEAD"]), head, "the same again is no commit");
    to(commit(&clone, "public/features.json", None, false), Path::new("/"), "{}", None).unwrap();
    assert_ne!(git(&clone, &["rev-parse", "HEAD"]), head);
    assert_eq!(git(&remote, &["rev-parse", "main"]), head, "not pushed unless asked for");
}

#[test]
fn a_clone_in_disorder_is_left_alone() {
    let (folder, _remote, clone) = clone();
    let check = |kind: PublishKind, code: Code| {
        let before = (git(&clone, &["rev-parse", "HEAD"]), git(&clone, &["status", "--porcelain"]));
        let error = to(kind, Path::new("/"), PAYLOAD, None).unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert_eq!((git(&clone, &["rev-parse", "HEAD"]), git(&clone, &["status", "--porcelain"])), before);
    };
    fs::write(clone.join("README"), "mine").unwrap();
    fs::write(clone.join("new.json"), "mine").unwrap();
    check(commit(&clone, "README", None, false), Code::WrongState);
    check(commit(&clone, "new.json", None, false), Code::WrongState);
    check(commit(&clone, "a.json", Some("release"), false), Code::WrongState);
    check(commit(folder.path(), "a.json", None, false), Code::InvalidArgument);
    check(commit(&clone, "../a.json", None, false), Code::Denied);
    check(commit(&clone, ".git/config", None, false), Code::Denied);
    fs::write(clone.join(".git/index.lock"), "").unwrap();
    let error = to(commit(&clone, "a.json", None, false), Path::new("/"), PAYLOAD, None).unwrap_err();
    assert_eq!((error.code, clone.join("a.json").exists()), (Code::EffectFailed, false), "{error}");
    fs::remove_file(clone.join(".git/index.lock")).unwrap();
    git(&clone, &["checkout", "-q", "--detach"]);
    check(commit(&clone, "a.json", None, false), Code::WrongState);
}

#[test]
fn a_remote_that_went_on_is_not_overwritten() {
    let (folder, remote, clone) = clone();
    git(folder.path(), &["clone", "-q", "-b", "main", "remote.git", "other"]);
    let other = folder.path().join("other");
    git(&other, &["commit", "-q", "--allow-empty", "-m", "Theirs"]);
    git(&other, &["push", "-q", "origin", "main"]);
    let theirs = git(&remote, &["rev-parse", "main"]);
    let error = to(commit(&clone, "a.json", None, true), Path::new("/"), PAYLOAD, None).unwrap_err();
    assert_eq!((error.code, git(&remote, &["rev-parse", "main"])), (Code::WrongState, theirs), "{error}");
    git(&clone, &["pull", "-q", "--rebase", "origin", "main"]);
    to(commit(&clone, "a.json", None, true), Path::new("/"), PAYLOAD, None).unwrap();
    assert_eq!(git(&remote, &["show", "main:a.json"]), PAYLOAD);
    fs::rename(&remote, folder.path().join("moved")).unwrap();
    let gone = to(commit(&clone, "a.json", None, true), Path::new("/"), "{}", None).unwrap_err();
    assert_eq!(gone.code, Code::EffectFailed, "{gone}");
}
