/**
 * Code to paste that reads one lever, for each SDK. Pure: the keys and the gateway's address are put in, everything else is
 * the SDK's own public interface. (Code that sends events comes from the engine, with the key.)
 */
import type { LeverKind, Protocol } from '$lib/backend';

export interface Sample {
  /** Stays the same between keys and hosts, so that a choice is kept. */
  key: string;
  /** The SDK's family … */
  family: string;
  /** … and the language. */
  title: string;
  code: string;
  /** Which protocol it reads through. */
  protocol: Protocol;
  /** What the code cannot say. */
  note: string;
}

/** What stands in where a key is not known. */
export const NO_KEY = 'YOUR_KEY';

/** How each language of the OpenFeature SDKs calls a value of this kind. */
const OPEN_FEATURE: Record<LeverKind['kind'], { js: string; python: string; none: (text: string) => string }> = {
  boolean: { js: 'getBooleanValue', python: 'get_boolean_value', none: (text) => (text === 'true' ? 'true' : 'false') },
  number: { js: 'getNumberValue', python: 'get_float_value', none: (text) => text },
  variant: { js: 'getStringValue', python: 'get_string_value', none: (text) => `'${text}'` },
  text: { js: 'getStringValue', python: 'get_string_value', none: (text) => `'${text.replaceAll("'", "\\'")}'` },
};

/** How a product reads one lever; `keys` are the client and the read key where they are known. */
export function reading(
  lever: { key: string; kind: LeverKind; default: boolean | number | string },
  host: string,
  keys: { write?: string; client?: string; read?: string },
): Sample[] {
  const client = keys.client ?? NO_KEY;
  const read = keys.read ?? NO_KEY;
  const open = OPEN_FEATURE[lever.kind.kind];
  const fallback = open.none(String(lever.default));
  const python = fallback === 'true' ? 'True' : fallback === 'false' ? 'False' : fallback;
  const isOn = lever.kind.kind === 'boolean';
  return [
    {
      key: 'openfeature-web',
      protocol: 'ofrep',
      family: 'OpenFeature',
      title: 'Web',
      code: `import { OpenFeature } from '@openfeature/web-sdk'\nimport { OFREPWebProvider } from '@openfeature/ofrep-web-provider'\n\nawait OpenFeature.setContext({ targetingKey: 'user_1', plan: 'pro' })\nawait OpenFeature.setProviderAndWait(\n  new OFREPWebProvider({\n    baseUrl: '${host}',\n    headers: [['Authorization', 'Bearer ${client}']],\n  }),\n)\nconst value = OpenFeature.getClient().${open.js}('${lever.key}', ${fallback})`,
      note: 'With a client key: public by nature, it reads the levers of one unit at a time.',
    },
    {
      key: 'openfeature-node',
      protocol: 'ofrep',
      family: 'OpenFeature',
      title: 'Node',
      code: `import { OpenFeature } from '@openfeature/server-sdk'\nimport { OFREPProvider } from '@openfeature/ofrep-provider'\n\nawait OpenFeature.setProviderAndWait(\n  new OFREPProvider({\n    baseUrl: '${host}',\n    headers: [['Authorization', 'Bearer ${client}']],\n  }),\n)\nconst value = await OpenFeature.getClient().${open.js}('${lever.key}', ${fallback}, {\n  targetingKey: 'user_1',\n  plan: 'pro',\n})`,
      note: 'With a client key: public by nature, it reads the levers of one unit at a time.',
    },
    {
      key: 'openfeature-python',
      protocol: 'ofrep',
      family: 'OpenFeature',
      title: 'Python',
      code: `from openfeature import api\nfrom openfeature.contrib.provider.ofrep import OFREPProvider\nfrom openfeature.evaluation_context import EvaluationContext\n\nheaders = {'Authorization': 'Bearer ${client}'}\napi.set_provider(OFREPProvider('${host}', headers_factory=lambda: headers))\nvalue = api.get_client().${open.python}(\n    '${lever.key}', ${python}, EvaluationContext('user_1', {'plan': 'pro'})\n)`,
      note: 'With a client key: public by nature, it reads the levers of one unit at a time.',
    },
    {
      key: 'posthog',
      protocol: 'posthog',
      family: 'PostHog',
      title: 'Web',
      code: `import posthog from 'posthog-js'\n\nposthog.init('${keys.write ?? NO_KEY}', { api_host: '${host}' })\nposthog.onFeatureFlags(() => {\n  const value = posthog.${isOn ? 'isFeatureEnabled' : 'getFeatureFlagPayload'}('${lever.key}')\n})`,
      note: 'With the write key that also sends events; PostHog’s SDKs know only one.',
    },
    {
      key: 'growthbook',
      protocol: 'growthbook',
      family: 'GrowthBook',
      title: 'Web',
      code: `import { GrowthBook } from '@growthbook/growthbook'\n\nconst growthbook = new GrowthBook({\n  apiHost: '${host}',\n  clientKey: '${client}',\n  attributes: { id: 'user_1', plan: 'pro' },\n})\nawait growthbook.init({ timeout: 1000 })\nconst value = growthbook.${isOn ? `isOn('${lever.key}')` : `getFeatureValue('${lever.key}', ${fallback})`}`,
      note: 'With a client key. The payload it loads holds the rules of every lever GrowthBook serves.',
    },
    {
      key: 'unleash',
      protocol: 'unleash',
      family: 'Unleash',
      title: 'Node',
      code: `import { startUnleash } from 'unleash-client'\n\nconst unleash = await startUnleash({\n  url: '${host}/api/',\n  appName: 'my-service',\n  customHeaders: { Authorization: '${read}' },\n})\nconst value = ${isOn ? `unleash.isEnabled('${lever.key}', { userId: 'user_1' })` : `unleash.getVariant('${lever.key}', { userId: 'user_1' }).payload?.value`}`,
      note: 'With a read key: it is secret, so only on a server.',
    },
    {
      key: 'curl',
      protocol: 'ofrep',
      family: 'curl',
      title: 'curl',
      code: `curl ${host}/ofrep/v1/evaluate/flags/${lever.key} \\\n  -H 'Authorization: Bearer ${client}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{"context":{"targetingKey":"user_1","plan":"pro"}}'`,
      note: 'With a client key, to see what a product would get.',
    },
  ];
}
