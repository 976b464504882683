//! What is guessed about a file.

use std::fs;

use epoch_connectors::import::{self, ColumnKind, FileFormat, Preview};

fn preview(name: &str, bytes: &[u8]) -> Preview {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    crate::sink::age(&path);
    import::preview(&path, None, "Europe/Berlin").unwrap()
}

fn found<'a>(p: &'a Preview, what: &str) -> &'a str {
    p.findings.iter().find(|f| f.what == what).map_or("", |f| f.value.as_str())
}

#[test]
fn shapes() {
    let check =
        |name: &str, text: &str, event: &str, time: &str, unit: &str, id: Option<&str>, amount: Option<&str>| {
            let p = preview(name, text.as_bytes());
            let m = &p.mapping;
            assert_eq!((m.event.as_str(), m.time.as_str(), m.unit.as_str()), (event, time, unit), "{name}");
            assert_eq!(m.id.as_deref(), id, "{name}");
            assert_eq!(m.props.get("amount").map(String::as_str), amount, "{name}");
            assert!(!p.events.is_empty(), "{name}: {:?}", p.problems);
            assert!(!p.reasons.is_empty());
        };
    check(
        "retail.csv",
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n",
        "'order'",
        "InvoiceDate",
        "CustomerID",
        None,
        Some("Quantity * UnitPrice"),
    );
    check(
        "shopify.csv",
        "Name,Email,Financial Status,Paid at,Total,Created at,Lineitem quantity\n#1,a@x.de,paid,2024-01-31 10:00:00 +0100,12.50,2024-01-31 10:00:00 +0100,1\n#1,a@x.de,,,,2024-01-31 10:00:00 +0100,2\n",
        "if(Total == null, 'order_line', 'order')",
        "`Created at`",
        "Email",
        None,
        Some("Total"),
    );
    check(
        "stripe.csv",
        "id,Created (UTC),Amount,Amount Refunded,Currency,Customer ID\nch_1,2024-01-31 10:00,12.50,0,eur,cus_1\nch_2,2024-01-31 10:01,12.50,0,eur,cus_1\n",
        "'payment'",
        "`Created (UTC)`",
        "`Customer ID`",
        Some("id"),
        Some("Amount"),
    );
    check(
        "posthog.jsonl",
        "{\"uuid\":\"a\",\"event\":\"$pageview\",\"distinct_id\":\"u\",\"timestamp\":\"2024-01-31T10:00:00Z\",\"properties\":{\"x\":1}}\n",
        "event",
        "timestamp",
        "distinct_id",
        Some("uuid"),
        None,
    );
    check(
        "mixpanel.jsonl",
        "{\"event\":\"Buy\",\"properties\":{\"time\":1706695200,\"distinct_id\":\"u\",\"$insert_id\":\"i\"}}\n",
        "event",
        "properties.time",
        "properties.distinct_id",
        Some("properties.$insert_id"),
        None,
    );
    check(
        "plain.csv",
        "date;customer;total\n31.01.2024;c1;1.234,50\n01.02.2024;c2;2,50\n",
        "'order'",
        "date",
        "customer",
        None,
        Some("total"),
    );
    check(
        "sensor temperature 2014.csv",
        "timestamp,value\n2014-07-01 00:00:00,10844\n2014-07-01 00:30:00,8127\n",
        "'sensor_temperature'",
        "timestamp",
        "",
        None,
        None,
    );
}

#[test]
fn findings_and_problems() {
    let p = preview("de.csv", "datum;kunde;betrag\n31.01.2024;Müller;1.234,50\n".as_bytes());
    assert_eq!((found(&p, "delimiter"), found(&p, "decimal"), found(&p, "time_format")), (";", ",", "d/m/y"));
    assert_eq!((p.mapping.decimal, p.mapping.time_format.as_deref()), (Some(','), Some("d/m/y")));
    assert_eq!(p.events[0].props["amount"], 1234.5);

    let p = preview("open.csv", b"date,user,x\n03/04/2024,a,1\n");
    assert!(p.problems.iter().any(|p| p.message.contains("day and month")), "{:?}", p.problems);
    let p = preview("us.csv", b"date,user,x\n03/04/2024,a,1\n03/13/2024,a,1\n");
    assert_eq!(found(&p, "time_format"), "m/d/y");
    assert!(!p.problems.iter().any(|p| p.message.contains("day and month")));
    // Beyond the sample, and only there, is the proof.
    let mut long = String::from("date,user,x\n");
    (0..9000).for_each(|i| long.extend(["03/04/2024 10:00,user", &i.to_string(), ",1\n"]));
    long.push_str("03/13/2024 10:00,last,1\n");
    assert_eq!(found(&preview("long.csv", long.as_bytes()), "time_format"), "m/d/y");

    let p = preview("notime.csv", b"userid,version,retained\n1,gate_30,False\n2,gate_40,True\n");
    assert!(p.problems.iter().any(|p| p.message.contains("time")));
    assert_eq!(p.columns[2].kind, ColumnKind::Boolean);
    let p = preview("empty.csv", b"");
    assert!(p.problems.iter().any(|p| p.message.contains("no rows")));
    let p = preview(
        "cyr.csv",
        &encoding_rs::WINDOWS_1251
            .encode("дата,город,клиент\n2024-01-31,Москва,Иванов Пётр\n2024-01-31,Новосибирск,Сидорова Анна\n")
            .0,
    );
    assert_eq!(found(&p, "encoding"), "windows-1251");
    let p = preview("noheader.csv", b"2024-01-31T10:00:00Z,a,1\n");
    assert_eq!((found(&p, "header"), p.columns[0].name.as_str()), ("no", "column1"));
    let p = preview("title.csv", b"Sales report\n\ndate,user,x\n2024-01-31,a,1\n2024-01-31,a,1\n");
    assert_eq!(p.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["date", "user", "x"]);
    assert_eq!(preview("a.json", b"[{\"time\":1706695200}]").format, FileFormat::Json);
}
