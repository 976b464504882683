//! Sources that pull or watch, effects that go out.
