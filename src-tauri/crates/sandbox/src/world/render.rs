//! A fact as an event: unit, properties as JSON, id.

use super::fact::{Fact, What, Who};
use super::{Frame, SimEvent, World};
use crate::rng::mix;
use crate::tickets;

/// Buffers that are used again for every event.
#[derive(Debug, Default)]
pub(super) struct Text {
    unit: String,
    props: String,
}

const PATHS: [&str; 7] = ["/", "/products", "/about", "/pricing", "/blog", "/search", "/help"];
const FEATURES: [&str; 5] = ["dashboard", "export", "share", "search", "automation"];

pub(super) fn render(world: &World, frame: &Frame, fact: &Fact, text: &mut Text, out: &mut dyn FnMut(SimEvent<'_>)) {
    text.unit.clear();
    text.props.clear();
    // Whoever identifies a browser is known by then.
    let known = fact.who.known || fact.what == What::Identify;
    write_unit(world, &Who { known, ..fact.who }, &mut text.unit);
    let mut props = Props { text: &mut text.props };
    props.text.push('{');
    write_what(world, fact, &mut props);
    if fact.who.serial != 0 {
        write_who(world, frame, &fact.who, &mut props);
    }
    props.text.push('}');
    out(SimEvent {
        id: event_id(world.seed, fact.id),
        time: fact.time,
        arrives: fact.arrives,
        source: fact.what.source(),
        name: fact.what.name(),
        unit: &text.unit,
        props: &text.props,
    });
}

/// A UUID of version 4 whose random bits are drawn from the seed.
fn event_id(seed: u64, id: u64) -> [u8; 16] {
    let (a, b) = (mix(seed ^ mix(id)), mix(mix(seed ^ 0x6964) ^ id));
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&a.to_be_bytes());
    bytes[8..].copy_from_slice(&b.to_be_bytes());
    bytes[6] = 0x40 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    bytes
}

impl World {
    /// The distinct id that the person's present browser sends.
    pub(super) fn unit(&self, who: &Who) -> String {
        let mut text = String::with_capacity(20);
        write_unit(self, who, &mut text);
        text
    }
}

fn write_unit(world: &World, who: &Who, text: &mut String) {
    if who.serial == 0 {
        return;
    }
    // A signed-in person is the same on every browser.
    let number = world.alias(who.serial, if who.known { u16::MAX } else { who.browser });
    text.push_str(if who.known { "usr_" } else { "anon_" });
    hex(number, text);
}

fn hex(number: u64, text: &mut String) {
    for byte in number.to_be_bytes() {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
}

/// Writes the members of a JSON object.
struct Props<'t> {
    text: &'t mut String,
}

impl Props<'_> {
    fn key(&mut self, key: &str) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.text.push('"');
        for c in value.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                c if (c as u32) < 0x20 => self.text.push(' '),
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }

    fn whole(&mut self, key: &str, value: i64) {
        self.key(key);
        digits(value, self.text);
    }

    /// `value` in units of `10^-places`.
    fn decimal(&mut self, key: &str, value: i64, places: u32) {
        self.key(key);
        let unit = 10_i64.pow(places);
        if value < 0 {
            self.text.push('-');
        }
        let value = value.abs();
        digits(value / unit, self.text);
        self.text.push('.');
        let rest = value % unit;
        for place in (0..places).rev() {
            self.text.push(char::from(b'0' + (rest / 10_i64.pow(place) % 10) as u8));
        }
    }

    fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.text.push_str(if value { "true" } else { "false" });
    }
}

fn digits(value: i64, text: &mut String) {
    if value < 0 {
        text.push('-');
    }
    let mut left = value.unsigned_abs();
    let mut buffer = [0_u8; 20];
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    buffer[at..].iter().for_each(|digit| text.push(char::from(*digit)));
}

fn write_who(world: &World, frame: &Frame, who: &Who, props: &mut Props<'_>) {
    let segment = &frame.segments[usize::from(who.segment)];
    let scenario = &world.scenario;
    for (name, values, index) in [
        ("country", &scenario.countries, segment.country),
        ("device", &scenario.devices, segment.device),
        ("plan", &scenario.plans, segment.plan),
    ] {
        // A dimension with one value says nothing.
        if values.len() > 1 {
            props.text(name, &values[index].key);
        }
    }
}

fn write_what(world: &World, fact: &Fact, props: &mut Props<'_>) {
    let scenario = &world.scenario;
    let product = |i: u16| scenario.offer.products[usize::from(i)].as_str();
    match fact.what {
        What::Visit { bot } => {
            props.text("channel", world.channel_name(fact.who.channel));
            props.text(
                "browser",
                if bot { "HeadlessChrome" } else { ["Chrome", "Safari", "Firefox"][(fact.who.serial % 3) as usize] },
            );
        }
        What::Page { path, load_ms } => {
            props.text("$pathname", PATHS[usize::from(path)]);
            props.whole("load_ms", i64::from(load_ms));
        }
        What::View { product: p, price } | What::Cart { product: p, price } => {
            props.text("product", product(p));
            props.decimal("price", price, 2);
        }
        What::OutOfStock { product: p } => props.text("product", product(p)),
        What::Failure { status } => {
            props.text("$exception_type", if status == 503 { "ServiceUnavailable" } else { "CheckoutError" });
            props.whole("status", i64::from(status));
        }
        What::Identify => {
            let mut anonymous = String::with_capacity(24);
            write_unit(world, &Who { known: false, ..fact.who }, &mut anonymous);
            props.text("$anon_distinct_id", &anonymous);
        }
        What::SignUp => props.text("channel", world.channel_name(fact.who.channel)),
        What::Order { number, amount, discount, product: p, promise, first } => {
            props.whole("order", number.cast_signed());
            props.decimal("amount", amount, 2);
            props.decimal("discount", discount, 2);
            props.text("product", product(p));
            props.whole("promised_days", i64::from(promise));
            props.flag("first", first);
        }
        What::Delivered { number, promise, tenths } => {
            props.whole("order", number.cast_signed());
            props.whole("promised_days", i64::from(promise));
            props.decimal("days", i64::from(tenths), 1);
            props.flag("late", i64::from(tenths) > i64::from(promise) * 10);
        }
        What::Refund { number, amount } | What::Chargeback { number, amount } => {
            props.whole("order", number.cast_signed());
            props.decimal("amount", amount, 2);
        }
        What::TicketOpened { number, words, cause } => {
            props.whole("ticket", number.cast_signed());
            let language = tickets::language(&scenario.support.languages, words);
            props.text("language", language);
            props.text("text", &tickets::text(cause, language, words));
        }
        What::TicketAnswered { number, tenths, score } => {
            props.whole("ticket", number.cast_signed());
            props.decimal("hours", i64::from(tenths), 1);
            if score > 0 {
                props.whole("score", i64::from(score));
            }
        }
        What::Subscribed { amount } | What::Renewed { amount } => props.decimal("amount", amount, 2),
        What::Cancelled { months } => props.whole("months", i64::from(months)),
        What::Feature { which } => props.text("feature", FEATURES[usize::from(which)]),
        What::AdSpend { channel, amount } => {
            props.text("channel", &scenario.channels[usize::from(channel)].key);
            props.decimal("amount", amount, 2);
        }
        What::Deployed { version } => {
            props.key("version");
            props.text.push_str("\"r");
            digits(i64::from(version), props.text);
            props.text.push('"');
        }
        What::Stock { level } => props.whole("units", level),
        What::Sellers { count } => props.whole("sellers", count.cast_signed()),
        What::CompetitorPrice { index } => props.whole("index", i64::from(index)),
    }
}
