//! What to paste into a product, per SDK: the same settings that `tests/protocol` runs the unmodified SDKs with.

use crate::views::Snippet;

fn snippet(title: &str, language: &str, purpose: &str, install: &str, code: String) -> Snippet {
    Snippet { title: title.into(), language: language.into(), code, purpose: purpose.into(), install: install.into() }
}

/// `name:port` of an address.
fn bare(host: &str) -> &str {
    host.split_once("://").map_or(host, |(_, rest)| rest)
}

/// For a write key: SDKs that send events, and PostHog's, which read levers with the same key.
pub(crate) fn writing(host: &str, key: &str) -> Vec<Snippet> {
    vec![
        snippet(
            "posthog-js",
            "javascript",
            "both",
            "npm install posthog-js",
            format!(
                "import posthog from 'posthog-js'\n\nposthog.init('{key}', {{\n  api_host: '{host}',\n  person_profiles: 'identified_only',\n}})"
            ),
        ),
        snippet(
            "posthog-node",
            "javascript",
            "both",
            "npm install posthog-node",
            format!(
                "import {{ PostHog }} from 'posthog-node'\n\nconst posthog = new PostHog('{key}', {{ host: '{host}' }})\nposthog.capture({{ distinctId: 'customer-1', event: 'order', properties: {{ amount: 49.9 }} }})\nawait posthog.shutdown()"
            ),
        ),
        snippet(
            "posthog-python",
            "python",
            "both",
            "pip install posthog",
            format!(
                "from posthog import Posthog\n\nposthog = Posthog('{key}', host='{host}')\nposthog.capture('order', distinct_id='customer-1', properties={{'amount': 49.9}})\nposthog.shutdown()"
            ),
        ),
        snippet(
            "mixpanel-browser",
            "javascript",
            "events",
            "npm install mixpanel-browser",
            format!(
                "import mixpanel from 'mixpanel-browser'\n\nmixpanel.init('{key}', {{ api_host: '{host}', persistence: 'localStorage' }})\nmixpanel.track('order', {{ amount: 49.9 }})"
            ),
        ),
        snippet("mixpanel-node", "javascript", "events", "npm install mixpanel", mixpanel_node(host, key)),
        snippet("mixpanel-python", "python", "events", "pip install mixpanel", mixpanel_python(host, key)),
        snippet(
            "segment-node",
            "javascript",
            "events",
            "npm install @segment/analytics-node",
            format!(
                "import {{ Analytics }} from '@segment/analytics-node'\n\nconst analytics = new Analytics({{ writeKey: '{key}', host: '{host}' }})\nanalytics.track({{ userId: 'customer-1', event: 'order', properties: {{ amount: 49.9 }} }})\nawait analytics.closeAndFlush()"
            ),
        ),
        snippet(
            "segment-python",
            "python",
            "events",
            "pip install segment-analytics-python",
            format!(
                "import segment.analytics as analytics\n\nanalytics.write_key = '{key}'\nanalytics.host = '{host}'\nanalytics.track('customer-1', 'order', {{'amount': 49.9}})\nanalytics.shutdown()"
            ),
        ),
        snippet(
            "curl",
            "shell",
            "events",
            "",
            format!(
                "curl {host}/v1/events \\\n  -H 'Authorization: Bearer {key}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{{\"event\":\"order\",\"unit\":\"customer-1\",\"properties\":{{\"amount\":49.9}}}}'"
            ),
        ),
    ]
}

fn mixpanel_node(host: &str, key: &str) -> String {
    let protocol = if host.starts_with("https") { "https" } else { "http" };
    format!(
        "import Mixpanel from 'mixpanel'\n\nconst mixpanel = Mixpanel.init('{key}', {{ host: '{}', protocol: '{protocol}' }})\nmixpanel.track('order', {{ distinct_id: 'customer-1', amount: 49.9 }})",
        bare(host)
    )
}

/// The SDK insists on https, which a gateway on this machine does not have to speak.
fn mixpanel_python(host: &str, key: &str) -> String {
    let (name, track) = (bare(host), "mixpanel.track('customer-1', 'order', {'amount': 49.9})");
    let consumer = format!("consumer = Consumer(api_host='{name}')");
    let plain = if host.starts_with("https") {
        ""
    } else {
        "\nconsumer._endpoints = {k: u.replace('https:', 'http:') for k, u in consumer._endpoints.items()}"
    };
    format!(
        "from mixpanel import Consumer, Mixpanel\n\n{consumer}{plain}\nmixpanel = Mixpanel('{key}', consumer=consumer)\n{track}"
    )
}

/// For a client key: SDKs that read the levers of one unit.
pub(crate) fn reading(host: &str, key: &str) -> Vec<Snippet> {
    vec![
        snippet(
            "openfeature-web",
            "javascript",
            "levers",
            "npm install @openfeature/web-sdk @openfeature/ofrep-web-provider",
            format!(
                "import {{ OpenFeature }} from '@openfeature/web-sdk'\nimport {{ OFREPWebProvider }} from '@openfeature/ofrep-web-provider'\n\nawait OpenFeature.setContext({{ targetingKey: 'customer-1' }})\nawait OpenFeature.setProviderAndWait(\n  new OFREPWebProvider({{ baseUrl: '{host}', headers: [['Authorization', 'Bearer {key}']] }}),\n)"
            ),
        ),
        snippet(
            "openfeature-node",
            "javascript",
            "levers",
            "npm install @openfeature/server-sdk @openfeature/ofrep-provider",
            format!(
                "import {{ OpenFeature }} from '@openfeature/server-sdk'\nimport {{ OFREPProvider }} from '@openfeature/ofrep-provider'\n\nawait OpenFeature.setProviderAndWait(\n  new OFREPProvider({{ baseUrl: '{host}', headers: [['Authorization', 'Bearer {key}']] }}),\n)"
            ),
        ),
        snippet(
            "openfeature-python",
            "python",
            "levers",
            "pip install openfeature-sdk openfeature-provider-ofrep",
            format!(
                "from openfeature import api\nfrom openfeature.contrib.provider.ofrep import OFREPProvider\n\napi.set_provider(OFREPProvider('{host}', headers_factory=lambda: {{'Authorization': 'Bearer {key}'}}))"
            ),
        ),
        snippet(
            "growthbook-js",
            "javascript",
            "levers",
            "npm install @growthbook/growthbook",
            format!(
                "import {{ GrowthBook }} from '@growthbook/growthbook'\n\nconst growthbook = new GrowthBook({{\n  apiHost: '{host}',\n  clientKey: '{key}',\n  attributes: {{ id: 'customer-1' }},\n}})\nawait growthbook.init({{ streaming: true }})"
            ),
        ),
        snippet(
            "growthbook-python",
            "python",
            "levers",
            "pip install growthbook",
            format!(
                "from growthbook import GrowthBook\n\ngrowthbook = GrowthBook(api_host='{host}', client_key='{key}', attributes={{'id': 'customer-1'}})\ngrowthbook.load_features()"
            ),
        ),
        snippet(
            "unleash-proxy-client",
            "javascript",
            "levers",
            "npm install unleash-proxy-client",
            format!(
                "import {{ UnleashClient }} from 'unleash-proxy-client'\n\nconst unleash = new UnleashClient({{ url: '{host}/api/frontend', clientKey: '{key}', appName: 'shop' }})\nawait unleash.start()"
            ),
        ),
    ]
}

/// For a read key, which is secret: SDKs of servers that load definitions.
pub(crate) fn serving(host: &str, key: &str) -> Vec<Snippet> {
    vec![
        snippet(
            "unleash-node",
            "javascript",
            "levers",
            "npm install unleash-client",
            format!(
                "import {{ startUnleash }} from 'unleash-client'\n\nconst unleash = await startUnleash({{\n  url: '{host}/api/',\n  appName: 'shop',\n  customHeaders: {{ Authorization: '{key}' }},\n}})"
            ),
        ),
        snippet(
            "posthog-node, local evaluation",
            "javascript",
            "levers",
            "npm install posthog-node",
            format!(
                "import {{ PostHog }} from 'posthog-node'\n\n// The first key is the write key of the same product.\nconst posthog = new PostHog('WRITE_KEY', {{ host: '{host}', personalApiKey: '{key}' }})\nawait posthog.waitForLocalEvaluationReady()"
            ),
        ),
        snippet("curl", "shell", "levers", "", format!("curl {host}/v1/levers -H 'Authorization: Bearer {key}'")),
    ]
}
