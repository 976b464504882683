//! The service of one connection: it is at work from a request's head to the last byte of the answer.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{Request, Response};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper_util::service::TowerToHyperService;

use super::places::{Presence, Work};
use crate::app::Service;

/// See the module.
pub(super) struct Served {
    service: TowerToHyperService<Service>,
    presence: Arc<Presence>,
}

impl Served {
    pub(super) fn new(service: Service, presence: Presence) -> Self {
        Self { service: TowerToHyperService::new(service), presence: Arc::new(presence) }
    }
}

impl hyper::service::Service<Request<Incoming>> for Served {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let work = self.presence.work();
        let answer = self.service.call(request);
        Box::pin(async move { Ok(answer.await?.map(|body| Answer { body, _work: work })) })
    }
}

/// A body that ends the work when it has been sent.
pub(super) struct Answer {
    body: Body,
    _work: Work,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
