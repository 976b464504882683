//! IPC on the mock runtime.
