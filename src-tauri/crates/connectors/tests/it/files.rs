//! What ordinary and less ordinary files become.

use std::fs;
use std::io::Write as _;

use epoch_connectors::import;
use epoch_model::business::Mapping;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::sink::{Sink, age, assert_complete, import, mapping};

/// Imports `bytes` and compares the events, written `time name unit props`.
fn check(name: &str, bytes: &[u8], mapping: &Mapping, expect: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    let sink = Sink::default();
    let report = import(&path, mapping, &sink).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    assert_complete(&report);
    let show = |t: i64| jiff::Timestamp::from_millisecond(t).unwrap().to_string();
    let rows: Vec<String> = sink
        .rows
        .lock()
        .unwrap()
        .iter()
        .map(|r| format!("{} {} {} {}", show(r.time), r.name, r.unit, r.props))
        .collect();
    let rejected: Vec<String> =
        sink.rejections.lock().unwrap().iter().map(|r| format!("line {} {}", r.position, r.reason)).collect();
    assert_eq!(rows, expect, "{name}: rejected {rejected:?}");
    let replayed: Vec<_> =
        import::events(&path, mapping, "test", "Europe/Berlin").unwrap().map(Result::unwrap).collect();
    assert_eq!(replayed.len(), rows.len(), "{name}: replayed");
}

#[test]
fn delimiters_quotes_and_numbers() {
    let order = mapping("'order'", "when", "who", &[("amount", "qty * price")]);
    let one = "2024-01-31T10:00:00Z order 17850 {\"amount\":15.3,\"item\":\"a\",\"price\":2.55,\"qty\":6}";
    for (delimiter, name) in
        [(',', "a.csv"), (';', "a.txt"), ('\t', "a.tsv"), ('|', "a.csv"), ('^', "a.csv"), ('~', "a.csv")]
    {
        let line = |cells: [&str; 5]| cells.join(&delimiter.to_string()) + "\r\n";
        let text =
            line(["when", "who", "item", "qty", "price"]) + &line(["2024-01-31 11:00:00", "17850.0", "a", "6", "2.55"]);
        check(name, text.as_bytes(), &order, &[one]);
    }
    let text = "when;who;item;qty;price\n31.01.2024 11:00;007;\"x; \"\"y\"\"\nz\";1;1.234,50\n\n;;;;\n01.02.2024 00:00;;b;2;0,5\n";
    check(
        "german.csv",
        text.as_bytes(),
        &order,
        &[
            r#"2024-01-31T10:00:00Z order 007 {"amount":1234.5,"item":"x; \"y\"\nz","price":1234.5,"qty":1}"#,
            r#"2024-01-31T23:00:00Z order  {"amount":1,"item":"b","price":0.5,"qty":2}"#,
        ],
    );
    check(
        "sep.csv",
        b"sep=;\nwhen;who;qty;price\n2024-01-31 11:00;u;2;1\n",
        &order,
        &[r#"2024-01-31T10:00:00Z order u {"amount":2,"price":1,"qty":2}"#],
    );
    check(
        "aligned.txt",
        b" id  date    n  paid\n 00001 19970101  1   11.77\n 00002 19970112  1   12.00\n",
        &mapping("'buy'", "date", "id", &[]),
        &[
            r#"1996-12-31T23:00:00Z buy 00001 {"n":1,"paid":11.77}"#,
            r#"1997-01-11T23:00:00Z buy 00002 {"n":1,"paid":12}"#,
        ],
    );
    check(
        "headerless.csv",
        b"2024-01-31T11:00:00Z,u1,5\n2024-01-31T12:00:00Z,u2,1234567890123456789\n",
        &mapping("'e'", "column1", "column2", &[("v", "column3")]),
        &[r#"2024-01-31T11:00:00Z e u1 {"v":5}"#, r#"2024-01-31T12:00:00Z e u2 {"v":"1234567890123456789"}"#],
    );
    check(
        "mac.csv",
        b"t,u\r2024-01-31T11:00:00Z,a\r2024-01-31T12:00:00Z,b\r",
        &mapping("'e'", "t", "u", &[]),
        &["2024-01-31T11:00:00Z e a {}", "2024-01-31T12:00:00Z e b {}"],
    );
}

#[test]
fn encodings() {
    let text = "when,who,stadt\n2024-01-31T10:00:00Z,zoë,Köln – “Süd” €\n";
    let expect = "2024-01-31T10:00:00Z visit zoë {\"stadt\":\"Köln – “Süd” €\"}";
    let visit = mapping("'visit'", "when", "who", &[]);
    let utf16 = |big: bool, bom: bool| -> Vec<u8> {
        let units = bom.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    };
    let cp1252 = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    for (name, bytes) in [
        ("utf8.csv", text.as_bytes().to_vec()),
        ("bom.csv", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("le.csv", utf16(false, true)),
        ("be.csv", utf16(true, true)),
        ("le-nobom.csv", utf16(false, false)),
        ("cp1252.csv", cp1252.clone()),
    ] {
        check(name, &bytes, &visit, &[expect]);
        check(name, &bytes, &Mapping { encoding: None, ..visit.clone() }, &[expect]);
    }
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(&cp1252).unwrap();
    check("cp1252.csv.gz", &gz.finish().unwrap(), &visit, &[expect]);
    let stated = Mapping { encoding: Some("shift_jis".into()), ..visit };
    let japanese = "when,who,stadt\n2024-01-31T10:00:00Z,u,東京|ソ\n";
    let sjis = encoding_rs::SHIFT_JIS.encode(japanese).0.into_owned();
    check("sjis.csv", &sjis, &stated, &["2024-01-31T10:00:00Z visit u {\"stadt\":\"東京|ソ\"}"]);
}

#[test]
fn times() {
    let cases = [
        ("2024-01-31", "2024-01-30T23:00:00Z"),
        ("2024-01-31T10:00:00+05:30", "2024-01-31T04:30:00Z"),
        ("2024-01-31 10:00:00.123 UTC", "2024-01-31T10:00:00.123Z"),
        ("20240131T100000Z", "2024-01-31T10:00:00Z"),
        ("2024/01/31 10:00", "2024-01-31T09:00:00Z"),
        ("1706695200", "2024-01-31T10:00:00Z"),
        ("1706695200.5", "2024-01-31T10:00:00.5Z"),
        ("1706695200000", "2024-01-31T10:00:00Z"),
        ("1706695200000000", "2024-01-31T10:00:00Z"),
        ("45322.5", "2024-01-31T11:00:00Z"),
        ("31/01/2024 10:00", "2024-01-31T09:00:00Z"),
        ("1/31/24 10:00 PM", "2024-01-31T21:00:00Z"),
        ("1/31/2024 12:05 AM", "2024-01-30T23:05:00Z"),
        ("31.01.2024", "2024-01-30T23:00:00Z"),
        ("31-Jan-24", "2024-01-30T23:00:00Z"),
        ("January 31, 2024 3:04 PM", "2024-01-31T14:04:00Z"),
        ("Wed, 31 Jan 2024 10:00:00 +0000", "2024-01-31T10:00:00Z"),
        ("Wed Jan 31 10:00:00 UTC 2024", "2024-01-31T09:00:00Z"),
        ("2024-03-31 02:30:00", "2024-03-31T01:30:00Z"),
        ("2024-10-27 02:30:00", "2024-10-27T00:30:00Z"),
        ("2024-10-27 03:30:00", "2024-10-27T02:30:00Z"),
        ("2024-10-27 01:30:00", "2024-10-26T23:30:00Z"),
    ];
    for (text, expect) in cases {
        let file = format!("when;x\n{text};1\n{text};2\n");
        let rows = [1, 2].map(|n| format!("{expect} e  {{\"x\":{n}}}"));
        check("times.csv", file.as_bytes(), &mapping("'e'", "when", "", &[]), &[&rows[0], &rows[1]]);
    }
    let stated = |format: &str| Mapping { time_format: Some(format.into()), ..mapping("'e'", "when", "", &[]) };
    check("order.csv", b"when,x\n03/04/2024,a\n", &stated("m/d/y"), &["2024-03-03T23:00:00Z e  {\"x\":\"a\"}"]);
    check("order.csv", b"when,x\n03/04/2024,a\n", &stated("d/m/y"), &["2024-04-02T22:00:00Z e  {\"x\":\"a\"}"]);
    check("order.csv", b"when,x\n03|04|2024,a\n", &stated("%d|%m|%Y"), &["2024-04-02T22:00:00Z e  {\"x\":\"a\"}"]);
    // Another form is taken where it leaves no doubt.
    check(
        "mixed.csv",
        b"when,x\n03/14/2024,a\n2024-03-15,b\n25/03/2024,c\n16 Mar 2024,d\nsoon,e\n",
        &mapping("'e'", "when", "", &[]),
        &[
            "2024-03-13T23:00:00Z e  {\"x\":\"a\"}",
            "2024-03-14T23:00:00Z e  {\"x\":\"b\"}",
            "2024-03-24T23:00:00Z e  {\"x\":\"c\"}",
            "2024-03-15T23:00:00Z e  {\"x\":\"d\"}",
        ],
    );
}

#[test]
fn json_and_workbooks() {
    let event = mapping("event", "timestamp", "distinct_id", &[]);
    let one = r#"{"uuid":"7","event":"buy","distinct_id":"u","timestamp":"2024-01-31T10:00:00Z","properties":{"$geo":{"b":1,"a":null},"n":1.50,"s":""}}"#;
    let expect = r#"2024-01-31T10:00:00Z buy u {"$geo":{"a":null,"b":1},"n":1.5,"uuid":"7"}"#;
    check("a.jsonl", format!("{one}\n\n").as_bytes(), &event, &[expect]);
    check("a.json", format!("[{one},\n {{\"event\":1}}, 7\n]").as_bytes(), &event, &[expect]);
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(one).unwrap()).unwrap();
    check("pretty.json", pretty.as_bytes(), &event, &[expect]);
    let nested = mapping("event", "properties.time", "properties.distinct_id", &[]);
    let mixpanel =
        r#"{"event":"Sign Up","properties":{"time":1706695200,"distinct_id":12,"$insert_id":"x","plan":"pro"}}"#;
    check(
        "m.ndjson",
        mixpanel.as_bytes(),
        &nested,
        &[r#"2024-01-31T10:00:00Z Sign Up 12 {"$insert_id":"x","plan":"pro"}"#],
    );

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("book.xlsx");
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().set_name("empty").unwrap();
    let sheet = book.add_worksheet();
    let date = rust_xlsxwriter::Format::new().set_num_format("dd/mm/yyyy hh:mm");
    for (i, head) in ["when", "who", "amount", "code"].iter().enumerate() {
        sheet.write(0, u16::try_from(i).unwrap(), *head).unwrap();
    }
    sheet.write_with_format(1, 0, 45_322.458_333_333_336, &date).unwrap();
    sheet.write(1, 1, 17850).unwrap();
    sheet.write(1, 2, 2.5).unwrap();
    sheet.write(1, 3, "007").unwrap();
    sheet.write_with_format(4, 0, 45323, &date).unwrap();
    book.save(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    let expect = [r#"2024-01-31T10:00:00Z order 17850 {"amount":2.5,"code":"007"}"#, "2024-01-31T23:00:00Z order  {}"];
    check("book.xlsx", &bytes, &mapping("'order'", "when", "who", &[]), &expect);
    age(&path);
}
