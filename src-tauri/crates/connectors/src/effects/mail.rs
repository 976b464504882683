//! A mail over SMTP. The Message-ID comes from the key, but no server refuses a mail it has seen: without an answer after
//! the text was sent it stays in doubt.

use std::time::{Duration, SystemTime};

use epoch_model::business::{EffectKind, MailTls};
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use serde_json::{Value, json};

use super::delivery::{Delivery, DryRun, Refusal, shortened};
use super::{Around, payload};
use crate::webhook::address;

/// Until the server would take the mail.
const OPEN_TIMEOUT: Duration = Duration::from_secs(20);
/// From its first line to the answer.
const SEND_TIMEOUT: Duration = Duration::from_mins(1);

fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|e| format!("“{text}” is no address: {e}"))
}

/// The mail as it goes out: plain text to the declared addresses; the payload has no say in who gets it.
fn message(key: &str, kind: &EffectKind, payload: &Value, around: &Around<'_>) -> Result<(Message, String), String> {
    let EffectKind::Mail { from, to, .. } = kind else { return Err("this is no mail".to_owned()) };
    let field = |name: &str| payload::field(payload, name).filter(|t| !t.trim().is_empty());
    let subject = field("subject").ok_or("the payload has no “subject”")?;
    if subject.chars().any(char::is_control) {
        return Err("the subject holds line breaks or control characters".to_owned());
    }
    let text = field("text").ok_or("the payload has no “text”")?;
    let from = mailbox(from)?;
    let id = format!("<{}@{}>", &blake3::hash(key.as_bytes()).to_hex()[..32], from.email.domain());
    let sent = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(around.now).unwrap_or(0));
    let mut builder = Message::builder().from(from).subject(subject).message_id(Some(id.clone())).date(sent);
    for address in to {
        builder = builder.to(mailbox(address)?);
    }
    let message =
        builder.header(ContentType::TEXT_PLAIN).body(text).map_err(|e| format!("no mail can be made of it: {e}"))?;
    Ok((message, id))
}

pub(super) async fn send(key: &str, kind: &EffectKind, payload: &Value, around: &Around<'_>) -> Delivery {
    let (message, id) = match message(key, kind, payload, around) {
        Ok(made) => made,
        Err(why) => return Delivery::semantic(why),
    };
    let mut connection = match tokio::time::timeout(OPEN_TIMEOUT, open(kind, around)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(delivery)) => return delivery,
        Err(_) => return Delivery::retry("the mail server did not greet in time"),
    };
    if !(around.may_leave)() {
        connection.abort().await;
        return Delivery::Held;
    }
    let sent = tokio::time::timeout(SEND_TIMEOUT, connection.send(message.envelope(), &message.formatted())).await;
    let delivery = match sent {
        Ok(Ok(response)) => {
            let said: Vec<&str> = response.message().collect();
            let said = shortened(&said.join(" "), 500).to_owned();
            Delivery::delivered(format!("taken: {said}"), json!({ "message_id": id, "response": said }))
        }
        Ok(Err(e)) => class(&e, true),
        Err(_) => Delivery::InDoubt { detail: "sent, but not answered: timeout".to_owned() },
    };
    connection.abort().await;
    delivery
}

/// A connection that would take a mail: addresses checked, encrypted, let in.
async fn open(kind: &EffectKind, around: &Around<'_>) -> Result<AsyncSmtpConnection, Delivery> {
    let EffectKind::Mail { host, port, tls, user, allow_private, .. } = kind else {
        return Err(Delivery::semantic("this is no mail"));
    };
    let addresses = address::checked(host, *port, *allow_private).await?;
    address::provide_crypto();
    let parameters = || {
        TlsParameters::new(host.clone())
            .map_err(|e| Delivery::semantic(format!("TLS to “{host}” is not possible: {e}")))
    };
    let hello = ClientId::Domain("localhost".to_owned());
    let first = (*tls == MailTls::Tls).then(parameters).transpose()?;
    let opened =
        AsyncSmtpConnection::connect_tokio1(addresses.as_slice(), Some(OPEN_TIMEOUT), &hello, first, None).await;
    let mut connection = opened.map_err(|e| class(&e, false))?;
    if *tls == MailTls::Starttls {
        if !connection.can_starttls() {
            return Err(Delivery::semantic("the mail server does not offer STARTTLS"));
        }
        connection.starttls(parameters()?, &hello).await.map_err(|e| class(&e, false))?;
    }
    if let Some(user) = user {
        let Some(password) = around.token() else {
            return Err(Delivery::refused(Refusal::Auth, "no password is kept for it"));
        };
        let credentials = Credentials::new(user.clone(), password.to_owned());
        connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(|e| class(&e, false))?;
    }
    Ok(connection)
}

/// What an SMTP error means; `under_way`: lines of the mail had gone out.
fn class(e: &lettre::transport::smtp::Error, under_way: bool) -> Delivery {
    let code = e.status().map(|code| code.to_string());
    let cause = std::error::Error::source(e).map_or_else(|| e.to_string(), |inner| format!("{e}: {inner}"));
    let detail = shortened(&cause, 300).to_owned();
    match code.as_deref() {
        Some("530" | "534" | "535" | "538") => Delivery::refused(Refusal::Auth, detail),
        Some("421" | "450" | "451" | "452") => Delivery::retry(detail),
        _ if e.is_transient() => Delivery::retry(detail),
        _ if e.is_permanent() || e.is_client() || e.is_tls() => Delivery::semantic(detail),
        _ if under_way => Delivery::InDoubt { detail: format!("sent, but not answered: {detail}") },
        _ => Delivery::retry(format!("no connection: {detail}")),
    }
}

pub(super) fn describe(kind: &EffectKind, payload: &Value, around: &Around<'_>) -> DryRun {
    let EffectKind::Mail { host, port, user, from, to, .. } = kind else {
        return DryRun { text: String::new(), problems: vec!["this is no mail".to_owned()] };
    };
    let mut problems: Vec<String> = message("dry run", kind, payload, around).err().into_iter().collect();
    if user.is_some() && around.token().is_none() {
        problems.push("no password is kept for it".to_owned());
    }
    let login = user.as_ref().map_or_else(String::new, |user| {
        format!("Let in as {user} with {}\n", payload::masked(around.token().is_some()))
    });
    let field = |name: &str| payload::field(payload, name).unwrap_or_default();
    let text = format!(
        "Send through {host}:{port}\n{login}From: {from}\nTo: {}\nSubject: {}\n\n{}",
        to.join(", "),
        field("subject"),
        field("text")
    );
    DryRun { text, problems }
}
