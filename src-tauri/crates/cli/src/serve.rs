//! `ras serve`: the host without a window.

use std::sync::Arc;
use std::time::{Duration, Instant};

use epoch_api::{App, AppOptions, control};
use epoch_host::TlsFiles;
use epoch_model::{Code, Error, Result};
use serde_json::json;

use crate::args::Serve;
use crate::output::Output;
use crate::session::take;

/// How long an end waits for commands that are being answered.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// Runs until a signal ends it.
pub(crate) fn serve(args: &Serve, output: &Output) -> Result<()> {
    let tls = args.tls_cert.clone().zip(args.tls_key.clone()).map(|(certificate, key)| TlsFiles { certificate, key });
    if !args.listen.ip().is_loopback() && tls.is_none() && !args.behind_proxy {
        return Err(Error::new(
            Code::AddressUnavailable,
            format!("{} is reachable from other machines, and keys would travel in the clear", args.listen.ip()),
            "give --tls-cert and --tls-key, or --behind-proxy where a proxy ends TLS; with --allow-host NAME",
        ));
    }
    epoch_host::config::Folder::new(&args.dir).check()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::new(Code::Internal, format!("no runtime for signals: {e}"), "close other programs"))?;
    // Heard from the first moment, so that a signal during the start is not lost.
    let ended = runtime.block_on(async { signals() })?;
    let app = Arc::new(App::new(AppOptions {
        listen: Some(args.listen),
        allowed_hosts: args.allow_host.clone(),
        tls,
        behind_proxy: args.behind_proxy,
        background: true,
        company: crate::sandbox::program(),
        ..AppOptions::default()
    }));
    if let Some(client) = take(&app, &args.dir)? {
        let message = format!("process {} holds this business folder", client.host.pid);
        return Err(Error::new(Code::FolderBusy, message, "use the running one, or stop it first"));
    }
    let host = app.host()?;
    if args.real_time {
        host.set_replay_speed(-1.0)?;
    }
    let served = control::serve(&app)?;
    let keys: Vec<String> = host.store().keys()?.into_iter().filter(|k| k.revoked_at.is_none()).map(|k| k.id).collect();
    let ready = json!({
        "address": host.gateway().map(|a| a.to_string()),
        "url": host.gateway_url(),
        "keys": keys,
        "folder": host.folder().path(),
        "pid": std::process::id(),
    });
    output.line(&ready.to_string());
    runtime.block_on(ended);
    tracing::info!("stopping");
    drop(served);
    app.close();
    // Commands that are being answered hold the host, too; it closes with the last of them, which should be this one.
    let until = Instant::now() + LAST_ANSWERS;
    while Arc::strong_count(&host) > 1 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(host);
    Ok(())
}

#[cfg(unix)]
pub(crate) fn signals() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |e: std::io::Error| Error::new(Code::Internal, format!("signals cannot be heard: {e}"), "report this");
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
pub(crate) fn signals() -> Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
