//! Composition: clock, store, engine, gateway, connectors, shutdown.
