//! Every kind of incident does what its name says, where it says, and only while it lasts.

use epoch_model::time::Millis;
use epoch_sandbox::scenario::Target;
use epoch_sandbox::{Defaults, Incident, IncidentKind as K, Kpi, Ledger, SimEvent, World};

use crate::kit::{DAY, books, happens, scenario, set};

/// The ratio of a number with and without an incident, over its days, with the same luck.
fn ratio(name: &str, kind: K, strength: f64, about: Option<&str>, kpi: Kpi) -> f64 {
    let scenario = scenario(name);
    let levers = set(&[("discount", 10.0)]);
    let incident = Incident { about: about.map(str::to_owned), ..happens(&scenario, kind, strength, 30, 30) };
    let all = |incidents: &[Incident]| {
        let days: Vec<_> =
            (0..3).flat_map(|seed| books(&scenario, seed, 90, &levers, incidents)[32..60].to_vec()).collect();
        Ledger::kpi(&days, kpi).unwrap()
    };
    all(&[incident]) / all(&[])
}

/// Scenario, kind, strength, what it is about, number, and the bounds of its ratio.
type Row = (&'static str, K, f64, Option<&'static str>, Kpi, f64, f64);

#[test]
fn each_kind_moves_its_number() {
    let shop = "shop-calm";
    let expected: [Row; 21] = [
        (shop, K::PriceWar, 0.4, None, Kpi::BuyRate, 0.55, 0.65),
        (shop, K::CheckoutBug, 0.5, None, Kpi::BuyRate, 0.45, 0.55),
        (shop, K::HiddenRegression, 0.3, None, Kpi::IntentRate, 0.66, 0.74),
        (shop, K::Outage, 0.5, None, Kpi::ViewRate, 0.46, 0.56),
        (shop, K::ServerSlow, 1.0, None, Kpi::PageLoad, 1.9, 2.1),
        (shop, K::ViralPost, 1.0, None, Kpi::Visits, 1.25, 1.7),
        (shop, K::DemandShift, -0.5, None, Kpi::Visits, 0.45, 0.7),
        (shop, K::TasteShift, 0.5, Some("plain"), Kpi::IntentRate, 1.3, 1.55),
        (shop, K::ChannelDecay, 1.0, Some("video"), Kpi::Visits, 0.65, 0.93),
        (shop, K::BadBatch, 2.0, None, Kpi::RefundRate, 1.7, 3.2),
        (shop, K::CarrierDelay, 0.8, None, Kpi::LateShare, 3.0, 9.0),
        (shop, K::SupplierDelay, 3.0, None, Kpi::OutOfStock, 1.3, 1e9),
        (shop, K::SpamTickets, 40.0, None, Kpi::Tickets, 8.0, 40.0),
        (shop, K::BotTraffic, 1.0, None, Kpi::Visits, 1.2, 1.7),
        (shop, K::CouponAbuse, 20.0, None, Kpi::Orders, 1.1, 2.0),
        (shop, K::FraudWave, 30.0, None, Kpi::Chargebacks, 3.0, 40.0),
        ("saas-calm", K::ChurnWave, 2.0, None, Kpi::Churn, 1.8, 4.6),
        ("saas-calm", K::PriceSensitivity, 1.0, None, Kpi::BuyRate, 0.97, 1.03),
        ("marketplace-calm", K::SellerExodus, 0.03, None, Kpi::Sellers, 0.5, 0.8),
        ("marketplace-calm", K::PriceWar, 0.3, None, Kpi::Orders, 0.62, 0.76),
        ("saas-calm", K::HiddenRegression, 0.5, None, Kpi::IntentRate, 0.45, 0.55),
    ];
    let mut off = Vec::new();
    for (name, kind, strength, about, kpi, from, to) in expected {
        let got = ratio(name, kind, strength, about, kpi);
        if !(from..=to).contains(&got) {
            off.push(format!("{name} {kind:?} {kpi:?}: {got:.3}, not within {from} to {to}"));
        }
    }
    assert!(off.is_empty(), "{}", off.join("\n"));
}

#[test]
fn an_incident_hits_its_segment_and_ends() {
    let scenario = scenario("shop-calm");
    let target = Some(Target { dimension: "device".into(), value: "mobile".into() });
    let incident = Incident { target, ..happens(&scenario, K::CheckoutBug, 1.0, 20, 10) };
    let count = |incident: Option<&Incident>| {
        let mut world = World::new(&scenario, 2);
        if let Some(incident) = incident {
            world.inject(incident.clone(), incident.start);
        }
        let mut orders = [[0_u32; 2]; 2];
        let (from, to) = (scenario.starts_at() + 20 * DAY, scenario.starts_at() + 30 * DAY);
        world.advance(to + 10 * DAY, &Defaults, &mut |event: SimEvent<'_>| {
            // Phones work again on the last day: it belongs to neither.
            if event.name == "order_placed" && event.time >= from && !(to..to + DAY).contains(&event.time) {
                let mobile = event.props.contains("\"device\":\"mobile\"");
                orders[usize::from(event.time >= to + DAY)][usize::from(mobile)] += 1;
            }
        });
        orders
    };
    let (with, without) = (count(Some(&incident)), count(None));
    assert!(with[0][1] < without[0][1] / 10, "{with:?} {without:?}");
    // The desktop goes on as before, and so do phones afterwards, but for those who left.
    assert!(with[0][0].abs_diff(without[0][0]) * 10 < without[0][0], "{with:?} {without:?}");
    assert!(with[1][1] * 10 > without[1][1] * 8, "{with:?} {without:?}");
}

fn arrivals(kind: K, strength: f64) -> (f64, f64, Millis) {
    let scenario = scenario("tiny");
    let incident = Incident { about: Some("visit".into()), ..happens(&scenario, kind, strength, 7, 7) };
    let (mut visits, mut views, mut longest) = (0, 0, 0);
    let mut world = World::new(&scenario, 4);
    world.inject(incident.clone(), incident.start);
    world.advance(incident.end, &Defaults, &mut |event: SimEvent<'_>| {
        if event.time >= incident.start {
            visits += u32::from(event.name == "visit");
            views += u32::from(event.name == "product_viewed");
            longest = longest.max(event.arrives - event.time);
        }
    });
    (f64::from(visits), f64::from(views), longest)
}

#[test]
fn tracking_breaks_for_the_event_it_is_about() {
    let (visits, views, _) = arrivals(K::SpamTickets, 1.0);
    let (lost, same, _) = arrivals(K::TrackingLost, 0.5);
    let (doubled, also, _) = arrivals(K::TrackingDoubled, 0.5);
    let (late, _, _) = arrivals(K::TrackingLate, 0.9);
    // Four standard errors of a share of a few thousand visits.
    assert!((lost / visits - 0.5).abs() < 0.05, "{lost} {visits}");
    assert!((doubled / visits - 1.5).abs() < 0.05, "{doubled} {visits}");
    assert!(late / visits < 0.99, "{late} {visits}");
    assert!((same / views - 1.0).abs() < 0.02 && (also / views - 1.0).abs() < 0.02, "{views} {same} {also}");
}
