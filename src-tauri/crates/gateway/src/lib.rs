//! HTTP in: analytics SDKs and plain events.
