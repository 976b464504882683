//! The five layers with what they really did, the improvement stack as it is, the domains.

use epoch_host::Host;
use epoch_model::Result;
use epoch_model::business::Domain;
use epoch_model::decision::{Decision, Layer, State};
use epoch_model::insight::Insight;
use epoch_model::time::{DAY, Grain, Millis};
use epoch_store::{DecisionFilter, InsightFilter, OutboxItem, OutboxState};

use crate::views::{DomainView, HierarchyView, LayerItem, LayerView, StackItem};

/// Days of a pulse.
const PULSE_DAYS: usize = 14;
/// Lines of a layer.
const FOCUS_MAX: usize = 5;

struct Facts {
    now: Millis,
    day: Millis,
    decisions: Vec<Decision>,
    insights: Vec<Insight>,
    effects: Vec<OutboxItem>,
}

fn facts(host: &Host) -> Result<Facts> {
    let store = host.store();
    let now = host.now();
    Ok(Facts {
        now,
        day: host.zone().floor(now, Grain::Day),
        decisions: store.decisions(&DecisionFilter { limit: 2_000, ..DecisionFilter::default() })?,
        insights: store.insights(&InsightFilter { limit: 2_000, ..InsightFilter::default() })?,
        effects: store.outbox(None, 5_000)?,
    })
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn plural(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

fn item(text: String) -> LayerItem {
    LayerItem { text, decision: None, insight: None, metric: None }
}

impl Facts {
    fn pulse(&self, times: impl Iterator<Item = Millis>) -> Vec<u32> {
        let mut days = vec![0; PULSE_DAYS];
        for at in times {
            let ago = (self.day + DAY - 1 - at).div_euclid(DAY);
            if let Some(slot) = usize::try_from(ago).ok().and_then(|a| PULSE_DAYS.checked_sub(a + 1)) {
                days[slot] += 1;
            }
        }
        days
    }

    fn of(&self, layer: Layer) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(move |d| d.layer == layer)
    }

    fn today(&self, layer: Layer) -> impl Iterator<Item = &Decision> {
        self.of(layer).filter(|d| d.created_at >= self.day)
    }

    /// Open decisions of a layer as lines.
    fn open(&self, layer: Layer) -> Vec<LayerItem> {
        self.of(layer)
            .filter_map(|d| {
                let what = match d.state {
                    State::Pending => "waits for you",
                    State::Draft => "waits for a free place in your inbox",
                    State::Approved => "approved, not executed yet",
                    State::Executing => "is being executed",
                    State::Observing => "is being observed",
                    State::InDoubt => "in doubt: look at the receiver",
                    _ => return None,
                };
                Some(LayerItem { decision: Some(d.id.clone()), ..item(format!("{}: {what}", d.headline)) })
            })
            .take(FOCUS_MAX)
            .collect()
    }
}

pub(crate) fn layers(host: &Host) -> Result<Vec<LayerView>> {
    let facts = facts(host)?;
    Ok(vec![sovereign(&facts), commander(host, &facts), architect(&facts), strategist(host, &facts), executor(&facts)])
}

fn layer(facts: &Facts, layer: Layer, purpose: &str, idle: &str) -> LayerView {
    let asked =
        facts.today(layer).filter(|d| d.state == State::Pending || d.history.iter().any(|t| t.to == State::Pending));
    LayerView {
        layer,
        purpose: purpose.into(),
        focus: facts.open(layer),
        idle: idle.into(),
        pulse: facts.pulse(facts.of(layer).map(|d| d.created_at)),
        pulse_of: "decisions".into(),
        decisions_today: count(facts.today(layer).count()),
        asked_today: count(asked.count()),
        up: String::new(),
        down: String::new(),
    }
}

fn sovereign(facts: &Facts) -> LayerView {
    let idle = "No opportunity is being looked for: this version proposes within one business only";
    LayerView {
        down: "limits of business.toml".into(),
        ..layer(facts, Layer::Sovereign, "creates, clones, closes businesses; always asks", idle)
    }
}

fn commander(host: &Host, facts: &Facts) -> LayerView {
    let business = host.business();
    let limits = &business.limits;
    let spent: i64 = facts
        .decisions
        .iter()
        .filter(|d| d.history.iter().any(|t| t.to == State::Executed && t.at >= facts.day))
        .filter(|d| d.history.iter().all(|t| !t.actor.starts_with("operator")))
        .map(|d| d.cost_minor)
        .sum();
    let cards = facts
        .decisions
        .iter()
        .filter(|d| d.history.iter().any(|t| t.to == State::Pending && t.at >= facts.day))
        .count();
    let waiting = facts.decisions.iter().filter(|d| d.state == State::Pending).count();
    let mut view = layer(facts, Layer::Commander, "money, exposure and your attention", "Nothing asks for budget");
    let money = |minor| crate::describe::money(minor, &business);
    view.focus.push(item(match limits.autonomous_spend_per_day_minor {
        0 => "No money is spent without you".to_owned(),
        limit => format!("Spent without you today: {} of {}", money(spent), money(limit)),
    }));
    view.focus.push(item(format!("Your attention: {cards} of {} cards today", limits.cards_per_day)));
    view.focus.truncate(FOCUS_MAX);
    view.up = plural(waiting, "decision waits for you", "decisions wait for you");
    view.down = format!("exposure at most {} % per decision", (limits.exposure_per_decision * 100.0).round());
    view
}

fn architect(facts: &Facts) -> LayerView {
    let idle = "No workflow is declared, so there is nothing to edit: workflows come in a later version";
    layer(facts, Layer::Architect, "workflows and pipelines", idle)
}

fn strategist(host: &Host, facts: &Facts) -> LayerView {
    let business = host.business();
    let idle = "No bucket has been closed yet: the first baseline needs data";
    let mut view = layer(facts, Layer::Strategist, "KPIs, forecasts, causes", idle);
    let recent: Vec<&Insight> = facts.insights.iter().filter(|i| i.at >= facts.now - 30 * DAY).collect();
    for insight in recent.iter().take(FOCUS_MAX - view.focus.len().min(2)) {
        view.focus.push(LayerItem {
            insight: Some(insight.id.clone()),
            metric: Some(insight.metric.clone()),
            ..item(insight.headline.clone())
        });
    }
    if view.focus.is_empty() && !business.metrics.is_empty() {
        view.focus.push(item(format!("Watches {}", plural(business.metrics.len(), "KPI", "KPIs"))));
    }
    view.focus.truncate(FOCUS_MAX);
    view.pulse = facts.pulse(facts.insights.iter().map(|i| i.at));
    view.pulse_of = "insights".into();
    let proposed = facts.today(Layer::Strategist).count();
    view.up = format!(
        "{}, {} in 30 days",
        plural(proposed, "proposal today", "proposals today"),
        plural(recent.len(), "insight", "insights")
    );
    view.down = plural(
        facts.decisions.iter().filter(|d| matches!(d.state, State::Approved | State::Executing)).count(),
        "decision to execute",
        "decisions to execute",
    );
    view
}

fn executor(facts: &Facts) -> LayerView {
    let in_state = |s: OutboxState| facts.effects.iter().filter(move |e| e.state == s);
    let (done, failed) = (in_state(OutboxState::Done).count(), in_state(OutboxState::Failed).count());
    let doubt = in_state(OutboxState::InDoubt).count();
    let waiting = in_state(OutboxState::Pending).count() + in_state(OutboxState::Sending).count();
    let mut view = layer(facts, Layer::Executor, "effects, once, with rollback", "No effect has been needed yet");
    if !facts.effects.is_empty() {
        view.focus.insert(
            0,
            item(format!(
                "{}, {waiting} waiting, {failed} failed, {doubt} in doubt",
                plural(done, "effect done", "effects done")
            )),
        );
    }
    view.focus.truncate(FOCUS_MAX);
    view.pulse = facts.pulse(in_state(OutboxState::Done).map(|e| e.updated_at));
    view.pulse_of = "effects".into();
    let scored = facts.decisions.iter().filter(|d| d.state == State::Scored).count();
    view.up = plural(scored, "outcome scored", "outcomes scored");
    view
}

pub(crate) fn hierarchy(host: &Host) -> Result<HierarchyView> {
    Ok(HierarchyView { layers: layers(host)?, stack: stack(host)?, domains: domains(host)? })
}

fn stack(host: &Host) -> Result<Vec<StackItem>> {
    let scored = DecisionFilter { states: vec![State::Scored], limit: 5_000, ..DecisionFilter::default() };
    let scored = host.store().decisions(&scored)?.len();
    let later = |name: &str| StackItem { name: name.into(), on: false, text: "not built yet, so off".into() };
    Ok(vec![
        later("Meta-meta"),
        later("Meta"),
        StackItem {
            name: "System".into(),
            on: scored > 0,
            text: match scored {
                0 => "learns from scored decisions; there is none yet".into(),
                n => format!("predictions use {} of this business", plural(n, "scored decision", "scored decisions")),
            },
        },
        StackItem { name: "Base".into(), on: true, text: "playbooks as written, baselines from history".into() },
    ])
}

const DOMAINS: [Domain; 13] = [
    Domain::Product,
    Domain::Marketing,
    Domain::Pricing,
    Domain::Support,
    Domain::Analytics,
    Domain::Content,
    Domain::Ux,
    Domain::Sales,
    Domain::Operations,
    Domain::Ecommerce,
    Domain::Iot,
    Domain::Saas,
    Domain::Infrastructure,
];

fn domains(host: &Host) -> Result<Vec<DomainView>> {
    let facts = facts(host)?;
    let business = host.business();
    let playbooks = host.playbooks();
    let since = facts.now - 30 * DAY;
    Ok(DOMAINS
        .into_iter()
        .map(|domain| {
            let of_domain = |key: &str| business.metrics.iter().any(|m| m.key == key && m.domain == domain);
            DomainView {
                domain,
                metrics: count(business.metrics.iter().filter(|m| m.domain == domain).count()),
                levers: count(business.levers.iter().filter(|l| l.domain == domain).count()),
                playbooks: count(playbooks.iter().filter(|p| p.domain == domain).count()),
                insights_30d: count(facts.insights.iter().filter(|i| i.at >= since && of_domain(&i.metric)).count()),
                decisions_30d: count(
                    facts.decisions.iter().filter(|d| d.created_at >= since && d.domain == domain).count(),
                ),
            }
        })
        .collect())
}
