//! Planted causes are named, and nothing else.

use epoch_stats::{Part, localize};

use crate::sim::Draw;

fn parts(d: &mut Draw, ratio: bool, cause: Option<(usize, usize, f64)>, uniform: f64) -> Vec<Part> {
    let dims: [&[f64]; 3] = [&[0.5, 0.25, 0.1, 0.08, 0.07], &[0.6, 0.3, 0.1], &[0.4, 0.35, 0.25]];
    let whole = 10_000.0;
    // A cause in one dimension spreads evenly over the values of the others.
    let loss = cause.map_or(1.0, |(dim, value, factor)| 1.0 + dims[dim][value] * (factor - 1.0));
    let mut out = Vec::new();
    for (dimension, sizes) in dims.iter().enumerate() {
        for (value, size) in sizes.iter().enumerate() {
            let den = whole * size;
            let expected = if ratio { 0.05 * den } else { den };
            let factor = match cause {
                Some((dim, v, f)) if dim == dimension => {
                    if v == value {
                        f
                    } else {
                        1.0
                    }
                }
                _ => loss,
            };
            let noise = expected.sqrt() * if ratio { 1.0 } else { 2.0 };
            let actual = expected * factor * uniform + noise * 0.5 * d.normal();
            out.push(Part { dimension, actual, expected, actual_den: den, expected_den: den, noise });
        }
    }
    out
}

#[test]
fn planted_causes_are_named() {
    let (mut exact, mut named, mut total) = (0, 0, 0);
    for seed in 0..100 {
        let mut d = Draw::new(seed);
        for ratio in [false, true] {
            for (dim, value) in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 1)] {
                let parts = parts(&mut d, ratio, Some((dim, value, 0.3)), 1.0);
                let causes = localize(&parts, ratio);
                let want = parts.iter().enumerate().filter(|(_, p)| p.dimension == dim).nth(value).map(|(i, _)| i);
                total += 1;
                named += usize::from(causes.first().map(|c| c.part) == want);
                exact += usize::from(causes.len() == 1 && causes.first().map(|c| c.part) == want);
            }
        }
    }
    println!("planted causes: {named} of {total} named first, {exact} alone");
    assert!(named * 100 >= total * 90, "{named} of {total}");
}

#[test]
fn a_drop_of_everything_names_nobody() {
    let mut false_names = 0;
    for seed in 0..200 {
        let mut d = Draw::new(seed + 1000);
        false_names += usize::from(!localize(&parts(&mut d, seed % 2 == 0, None, 0.6), seed % 2 == 0).is_empty());
    }
    println!("uniform drops with a name: {false_names} of 200");
    assert!(false_names <= 10, "{false_names}");
}

#[test]
fn a_shift_of_the_mix_is_seen() {
    // The rate of each channel stays; cheap traffic triples, so the whole rate falls.
    let part = |actual, expected, actual_den, expected_den| Part {
        dimension: 0,
        actual,
        expected,
        actual_den,
        expected_den,
        noise: 0.0,
    };
    let causes = localize(&[part(60.0, 60.0, 1000.0, 1000.0), part(6.0, 2.0, 1200.0, 400.0)], true);
    assert_eq!(causes.first().map(|c| c.part), Some(1));
    assert!(localize(&[], true).is_empty());
    assert!(localize(&[part(0.0, 0.0, 0.0, 0.0), part(0.0, 0.0, 0.0, 0.0)], false).is_empty());
}
