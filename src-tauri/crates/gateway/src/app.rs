//! The routes and what every request passes through.

use axum::Router;

use crate::config::Config;

/// The whole service, ready to be served or called in a test.
pub(crate) fn router(_config: Config) -> Router {
    Router::new()
}
