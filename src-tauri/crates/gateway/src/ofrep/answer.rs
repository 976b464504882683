//! Evaluations as the protocol writes them, straight into bytes.

use epoch_levers::Compiled;
use epoch_model::serving::{Evaluation, Flag, Reason};
use serde::Serialize;

use super::stream;
use crate::serve::digest::Digest;
use crate::serve::value::Typed;

#[derive(Serialize)]
struct Success<'a> {
    key: &'a str,
    value: Typed<'a>,
    reason: &'static str,
    /// Optional by the specification; the Python provider asks for it all the same.
    variant: &'a str,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    experiment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    propensity: Option<f64>,
    /// Where the protocol's reasons are too few to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Reason>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetMetadata<'a> {
    version: u64,
    flag_config_etag: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    flag_config_last_modified: Option<i64>,
}

/// A disabled flag may go without a value, and clients then use the default in their code. The lever's default is
/// known here and is what every other protocol serves, so it is sent: a price must not fall back to what a forgotten
/// line of code says.
fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Static => "STATIC",
        Reason::Targeted => "TARGETING_MATCH",
        Reason::Split | Reason::HeldOut => "SPLIT",
        Reason::Off => "DISABLED",
        _ => "UNKNOWN",
    }
}

/// One evaluation.
pub(crate) fn one(to: &mut Vec<u8>, flag: &Flag, evaluation: &Evaluation) -> serde_json::Result<()> {
    let plain = matches!(evaluation.reason, Reason::Static | Reason::Targeted | Reason::Split | Reason::Off);
    let success = Success {
        key: &flag.key,
        value: Typed(&flag.kind, &evaluation.value),
        reason: reason(evaluation.reason),
        variant: evaluation.variant.as_deref().unwrap_or("default"),
        metadata: Metadata {
            version: flag.version,
            rule: evaluation.rule.as_deref(),
            experiment: evaluation.experiment.as_deref(),
            propensity: evaluation.propensity,
            why: (!plain).then_some(evaluation.reason),
        },
    };
    serde_json::to_writer(to, &success)
}

/// All of them, with where to listen for changes.
pub(crate) fn all(
    evaluations: &[(&Flag, Evaluation)],
    levers: &Compiled,
    digest: &Digest,
    key: Option<&str>,
) -> serde_json::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(256 + evaluations.len() * 192);
    body.extend_from_slice(b"{\"flags\":[");
    for (position, (flag, evaluation)) in evaluations.iter().enumerate() {
        if position > 0 {
            body.push(b',');
        }
        one(&mut body, flag, evaluation)?;
    }
    body.extend_from_slice(b"],\"metadata\":");
    let metadata = SetMetadata {
        version: levers.version(),
        flag_config_etag: &digest.mark,
        flag_config_last_modified: digest.changed_at.map(|at| at.div_euclid(1000)),
    };
    serde_json::to_writer(&mut body, &metadata)?;
    body.extend_from_slice(b",\"eventStreams\":");
    serde_json::to_writer(&mut body, &[stream::advertised(levers.version(), key)])?;
    body.push(b'}');
    Ok(body)
}
