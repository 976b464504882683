//! The listening socket: bounded connections, read timeouts, a clean stop.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use epoch_model::{Code, Error, Result};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::app::{self, Service};
use crate::config::{Config, Limits};

/// Whether the stop has begun, for whoever must end early.
#[derive(Clone)]
pub(crate) struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    fn begin(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the beginning of the stop.
    pub(crate) async fn requested(&self) {
        // The sender is held by `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}

/// A bound socket that does not answer yet.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    service: Service,
    stop: Stop,
}

/// Binds the address of `config`; [`Code::AddressUnavailable`] when that fails.
pub async fn bind(mut config: Config) -> Result<Bound> {
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
    let limits = config.limits.clone();
    let stop = Stop::default();
    let service = app::service(config, stop.clone());
    Ok(Bound { listener, address, limits, service, stop })
}

impl Bound {
    /// The address in use, with the port that was picked.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `shutdown` resolves, then lets open ones finish within [`Limits::drain_timeout`].
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send) -> Result<()> {
        let mut shutdown = pin!(shutdown);
        let slots = Arc::new(Semaphore::new(self.limits.connections_max));
        let graceful = GracefulShutdown::new();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.limits.header_timeout).max_buf_size(64 * 1024);
        loop {
            let accepted = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (slot, self.listener.accept().await)
            };
            let (slot, stream) = tokio::select! {
                biased;
                () = &mut shutdown => break,
                (slot, accepted) = accepted => (slot, accept(accepted).await),
            };
            let Some(stream) = stream else { continue };
            let service = TowerToHyperService::new(self.service.clone());
            let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
            tokio::spawn(async move {
                let _slot = slot;
                // A client that hangs up or dribbles its headers is no event of ours.
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "connection ended");
                }
            });
        }
        self.stop.begin();
        drop(self.listener);
        if tokio::time::timeout(self.limits.drain_timeout, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were still open when the time to stop was over");
        }
        Ok(())
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
