//! What people write to support. A handful of hidden causes, many wordings.

/// Causes. The number never leaves the simulation.
pub const LATE: u8 = 0;
/// Something arrived broken.
pub const DEFECT: u8 = 1;
/// A question.
pub const HOW_TO: u8 = 2;
/// A bill.
pub const BILLING: u8 = 3;
/// The checkout fails.
pub const CHECKOUT: u8 = 4;
/// Nobody asked for it.
pub const SPAM: u8 = 5;

/// Languages there are texts in.
pub const LANGUAGES: [&str; 2] = ["en", "de"];

type Wordings = [&'static [&'static str]; 6];

const OPENINGS_EN: &[&str] = &["Hi, ", "Hello, ", "Hello team, ", "", "Good morning, ", "hey ", "Dear support, "];
const CLOSINGS_EN: &[&str] =
    &["", " Thanks!", " Please help.", " Regards", " Thank you in advance.", " This is urgent!!", " Any idea?"];
const MIDDLES_EN: Wordings = [
    &[
        "where is my order? It should have been here days ago.",
        "my parcel still has not arrived although you promised an earlier day.",
        "the tracking has not moved since last week, when will it be delivered?",
        "I ordered because of the delivery date and now it is late.",
        "still waiting for my package. The promised date has passed.",
    ],
    &[
        "the item arrived damaged, one side is cracked.",
        "it stopped working after two days. I would like a replacement.",
        "the wrong size was in the box.",
        "parts are missing from my order.",
        "the quality is not what the pictures show, how do I return it?",
    ],
    &[
        "how do I change my address?",
        "can I use this with more than one account?",
        "where do I find the export?",
        "is there a way to invite a colleague?",
        "I cannot find the settings for notifications.",
    ],
    &[
        "I was charged twice this month.",
        "could you send the invoice to our accounting?",
        "why is the amount on my card different from the price on the page?",
        "please change the billing address on the last invoice.",
        "how can I pay by bank transfer?",
    ],
    &[
        "the pay button does nothing when I press it.",
        "checkout shows an error after I enter my card.",
        "I tried three times to order and each time the page breaks at payment.",
        "your cart says something went wrong, the order does not go through.",
        "payment fails with error 500.",
    ],
    &[
        "we can bring your website to page one within a week, reply for our offer.",
        "limited offer on followers and likes, best prices.",
        "you have won, confirm your details to receive the prize.",
        "cheap loans without questions, apply now.",
        "our agency audited your site and found 17 mistakes.",
    ],
];

const OPENINGS_DE: &[&str] =
    &["Hallo, ", "Guten Tag, ", "Moin, ", "", "Liebes Team, ", "Sehr geehrte Damen und Herren, "];
const CLOSINGS_DE: &[&str] =
    &["", " Danke!", " Viele Grüße", " Bitte um schnelle Hilfe.", " MfG", " Vielen Dank im Voraus."];
const MIDDLES_DE: Wordings = [
    &[
        "wo bleibt meine Bestellung? Sie sollte längst hier sein.",
        "mein Paket ist immer noch nicht da, der zugesagte Termin ist vorbei.",
        "die Sendungsverfolgung steht seit Tagen still.",
        "ich habe wegen des Liefertermins bestellt und warte immer noch.",
    ],
    &[
        "die Ware kam beschädigt an.",
        "nach zwei Tagen ging es kaputt, ich möchte Ersatz.",
        "es war die falsche Größe im Karton.",
        "in meiner Lieferung fehlen Teile.",
    ],
    &[
        "wie ändere ich meine Adresse?",
        "wo finde ich den Export?",
        "kann ich das mit mehreren Konten nutzen?",
        "wie lade ich eine Kollegin ein?",
    ],
    &[
        "mir wurde diesen Monat zweimal abgebucht.",
        "bitte schicken Sie die Rechnung an unsere Buchhaltung.",
        "warum weicht der abgebuchte Betrag vom Preis ab?",
        "kann ich per Überweisung zahlen?",
    ],
    &[
        "der Bezahlknopf reagiert nicht.",
        "beim Bezahlen kommt eine Fehlermeldung.",
        "ich habe dreimal versucht zu bestellen, jedes Mal bricht die Seite ab.",
        "die Kasse meldet, dass etwas schiefging.",
    ],
    &[
        "wir bringen Ihre Seite auf Platz eins, antworten Sie jetzt.",
        "günstige Kredite ohne Schufa.",
        "Sie haben gewonnen, bestätigen Sie Ihre Daten.",
        "unsere Agentur hat 17 Fehler auf Ihrer Seite gefunden.",
    ],
];

/// The language of a ticket with these random bits.
pub fn language(languages: &[String], words: u64) -> &str {
    let i = (words >> 56) as usize % languages.len().max(1);
    languages.get(i).map_or("en", String::as_str)
}

/// A letter about `cause`: the same bits give the same letter.
pub fn text(cause: u8, language: &str, words: u64) -> String {
    let (openings, middles, closings) = match language {
        "de" => (OPENINGS_DE, &MIDDLES_DE, CLOSINGS_DE),
        _ => (OPENINGS_EN, &MIDDLES_EN, CLOSINGS_EN),
    };
    let pick = |list: &[&'static str], shift: u32| list[(words >> shift) as usize % list.len()];
    let middle = pick(middles[usize::from(cause).min(5)], 8);
    let mut letter = format!("{}{middle}{}", pick(openings, 0), pick(closings, 20));
    if (words >> 30).is_multiple_of(8) {
        swap_two(&mut letter, (words >> 34) as usize);
    }
    if (words >> 50).is_multiple_of(8) {
        letter = letter.to_lowercase();
    }
    letter
}

/// A typing mistake: two neighbouring letters change places.
fn swap_two(letter: &mut String, at: usize) {
    let mut chars: Vec<char> = letter.chars().collect();
    let at = 1 + at % chars.len().saturating_sub(3).max(1);
    if chars[at].is_alphabetic() && chars[at + 1].is_alphabetic() {
        chars.swap(at, at + 1);
    }
    *letter = chars.into_iter().collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wordings_vary_and_stay_the_same_for_the_same_bits() {
        let letters: std::collections::BTreeSet<String> =
            (0..500_u64).map(|i| text(LATE, "en", crate::rng::mix(i))).collect();
        assert!(letters.len() > 150, "{}", letters.len());
        assert_eq!(text(DEFECT, "de", 77), text(DEFECT, "de", 77));
        let languages = LANGUAGES.map(str::to_owned);
        assert!((0..40_u64).any(|i| language(&languages, crate::rng::mix(i)) == "de"));
    }
}
