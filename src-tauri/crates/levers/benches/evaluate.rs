//! How fast levers are evaluated by our own rules.
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use epoch_levers::{Compiled, Subject};
use epoch_model::business::Business;
use epoch_model::serving::Flag;
use serde_json::json;

fn evaluate(c: &mut Criterion) {
    let business = Business::parse(include_str!("../tests/fixtures/levers.toml")).unwrap();
    let levers = Compiled::new((1..).zip(&business.levers).map(|(id, lever)| Flag::declared(lever, id)).collect(), 1);
    let attributes = json!({"plan": "pro", "country": "DE", "seats": 8, "email": "ada@example.com", "beta": true});
    let attributes = attributes.as_object().unwrap();
    let ids: Vec<String> = (0..1024).map(|n| format!("0190e1f2-{n:04}-7000-8000-000000000000")).collect();
    for key in ["plain", "new_nav", "price", "headline", "held_price", "after_layers"] {
        let mut n = 0;
        c.bench_function(key, |b| {
            b.iter(|| {
                n = (n + 1) % ids.len();
                levers.evaluate(black_box(key), Subject { id: &ids[n], attributes })
            });
        });
    }
}

criterion_group!(benches, evaluate);
criterion_main!(benches);
