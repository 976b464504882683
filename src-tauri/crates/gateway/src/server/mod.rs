//! The listening socket: bounded connections, timeouts in both directions, TLS beyond this machine, a clean stop.

mod files;
mod places;
mod served;
mod stop;
mod tls;
mod wire;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use epoch_model::{Code, Error, Result};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub(crate) use stop::Stop;

use crate::app::{self, Service};
use crate::config::{Config, Limits};
use places::{Place, Places, Presence};
use served::Served;
use wire::{Patient, Wire};

/// A bound socket that does not answer yet.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    tls: Option<TlsAcceptor>,
    service: Service,
    stop: Stop,
}

/// Binds the address of `config`. [`Code::AddressUnavailable`] when that fails or when keys and events would cross a
/// network in the clear; [`Code::FileUnreadable`] when the certificate is no use.
pub async fn bind(mut config: Config) -> Result<Bound> {
    if !config.listen.ip().is_loopback() && config.tls.is_none() && !config.behind_proxy {
        return Err(Error::new(
            Code::AddressUnavailable,
            format!("{} is reachable from other machines, and nothing would be encrypted", config.listen),
            "give a certificate and its key, listen on 127.0.0.1, or say that a proxy in front ends TLS",
        ));
    }
    let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let unavailable = |error: std::io::Error| {
        Error::new(
            Code::AddressUnavailable,
            format!("cannot listen on {}: {error}", config.listen),
            "choose another address, or port 0 for any free one",
        )
    };
    let listener = TcpListener::bind(config.listen).await.map_err(unavailable)?;
    let address = listener.local_addr().map_err(unavailable)?;
    config.listen = address;
    config.limits.connections_max = files::connections(config.limits.connections_max);
    // A connection each; at least as many stay for requests.
    config.limits.streams_max = config.limits.streams_max.min(config.limits.connections_max / 2);
    let limits = config.limits.clone();
    let stop = Stop::default();
    let service = app::service(config, stop.clone());
    Ok(Bound { listener, address, limits, tls, service, stop })
}

impl Bound {
    /// The address in use, with the port that was picked.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `shutdown` resolves, then lets open ones finish within [`Limits::drain_timeout`].
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send) -> Result<()> {
        let mut shutdown = pin!(shutdown);
        let places = Places::new(self.limits.connections_max);
        let graceful = GracefulShutdown::new();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.limits.header_timeout).max_buf_size(64 * 1024);
        loop {
            let accepted = async {
                let stream = accept(self.listener.accept().await).await?;
                Some((stream, places.take().await?))
            };
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = accepted => accepted,
            };
            let Some((stream, place)) = accepted else { continue };
            let connection = Connection {
                presence: place.presence(),
                place,
                service: self.service.clone(),
                tls: self.tls.clone(),
                http: http.clone(),
                patience: self.limits.write_timeout,
                handshake: self.limits.header_timeout,
                watcher: graceful.watcher(),
            };
            tokio::spawn(connection.serve(stream));
        }
        self.stop.begin();
        drop(self.listener);
        if tokio::time::timeout(self.limits.drain_timeout, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were still open when the time to stop was over");
        }
        Ok(())
    }
}

/// What one connection needs.
struct Connection {
    place: Place,
    presence: Presence,
    service: Service,
    tls: Option<TlsAcceptor>,
    http: http1::Builder,
    patience: Duration,
    handshake: Duration,
    watcher: Watcher,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let Self { place, presence, service, tls, http, patience, handshake, watcher } = self;
        let stream = Patient::new(stream, patience);
        let blocked = stream.blocked();
        let mut all = pin!(async {
            let wire = match tls {
                None => Wire::Plain(stream),
                Some(tls) => match tokio::time::timeout(handshake, tls.accept(stream)).await {
                    Ok(Ok(stream)) => Wire::Tls(Box::new(stream)),
                    Ok(Err(error)) => return tracing::debug!(%error, "no TLS came about"),
                    Err(_) => return,
                },
            };
            let connection = http.serve_connection(TokioIo::new(wire), Served::new(service, presence));
            // A client that hangs up or dribbles its headers is no event of ours.
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "connection ended");
            }
        });
        tokio::select! {
            () = &mut all => return,
            () = place.dismissed() => tracing::debug!("an idle connection makes room"),
        }
        // Idle, but its last answer is still on the way.
        if blocked.load(Ordering::Relaxed) {
            all.await;
        }
    }
}

async fn accept(accepted: std::io::Result<(TcpStream, SocketAddr)>) -> Option<TcpStream> {
    match accepted {
        Ok((stream, _)) => {
            // Small answers must not wait for more to send.
            let _ = stream.set_nodelay(true);
            Some(stream)
        }
        Err(error) => {
            // Out of file descriptors: wait for some to be given back instead of spinning.
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}
