/** Snippets as the engine makes them for a key. */
import type { Snippet } from '../types';

export function snippets(host: string, key: string, kind = 'write'): Snippet[] {
  const one = (title: string, language: string, install: string, code: string, purpose = 'events'): Snippet => ({
    title,
    language,
    install,
    code,
    purpose,
  });
  const bare = host.replace(/^https?:\/\//, '');
  if (kind === 'client')
    return [
      one(
        'openfeature-web',
        'javascript',
        'npm install @openfeature/web-sdk @openfeature/ofrep-web-provider',
        `import { OpenFeature } from '@openfeature/web-sdk'\nimport { OFREPWebProvider } from '@openfeature/ofrep-web-provider'\n\nawait OpenFeature.setContext({ targetingKey: 'customer-1' })\nawait OpenFeature.setProviderAndWait(\n  new OFREPWebProvider({ baseUrl: '${host}', headers: [['Authorization', 'Bearer ${key}']] }),\n)`,
        'levers',
      ),
      one(
        'growthbook-js',
        'javascript',
        'npm install @growthbook/growthbook',
        `import { GrowthBook } from '@growthbook/growthbook'\n\nconst growthbook = new GrowthBook({ apiHost: '${host}', clientKey: '${key}' })\nawait growthbook.init({ streaming: true })`,
        'levers',
      ),
    ];
  if (kind === 'read')
    return [one('curl', 'shell', '', `curl ${host}/v1/levers -H 'Authorization: Bearer ${key}'`, 'levers')];
  return [
    one(
      'posthog-js',
      'javascript',
      'npm install posthog-js',
      `import posthog from 'posthog-js'\n\nposthog.init('${key}', {\n  api_host: '${host}',\n  person_profiles: 'identified_only',\n})\nposthog.capture('signup', { plan: 'pro' })`,
      'both',
    ),
    one(
      'posthog-node',
      'javascript',
      'npm install posthog-node',
      `import { PostHog } from 'posthog-node'\n\nconst posthog = new PostHog('${key}', { host: '${host}' })\nposthog.capture({ distinctId: 'user_1', event: 'signup', properties: { plan: 'pro' } })\nawait posthog.shutdown()`,
      'both',
    ),
    one(
      'posthog-python',
      'python',
      'pip install posthog',
      `from posthog import Posthog\n\nposthog = Posthog('${key}', host='${host}')\nposthog.capture('signup', distinct_id='user_1', properties={'plan': 'pro'})\nposthog.shutdown()`,
      'both',
    ),
    one(
      'mixpanel-browser',
      'javascript',
      'npm install mixpanel-browser',
      `import mixpanel from 'mixpanel-browser'\n\nmixpanel.init('${key}', { api_host: '${host}' })\nmixpanel.identify('user_1')\nmixpanel.track('signup', { plan: 'pro' })`,
    ),
    one(
      'mixpanel-node',
      'javascript',
      'npm install mixpanel',
      `import Mixpanel from 'mixpanel'\n\nconst mixpanel = Mixpanel.init('${key}', { host: '${bare}', protocol: 'http' })\nmixpanel.track('signup', { distinct_id: 'user_1', plan: 'pro' })`,
    ),
    one(
      'mixpanel-python',
      'python',
      'pip install mixpanel',
      `from mixpanel import Consumer, Mixpanel\n\nconsumer = Consumer(\n    events_url='${host}/track',\n    people_url='${host}/engage',\n    groups_url='${host}/groups',\n)\nmixpanel = Mixpanel('${key}', consumer=consumer)\nmixpanel.track('user_1', 'signup', {'plan': 'pro'})`,
    ),
    one(
      'segment-node',
      'javascript',
      'npm install @segment/analytics-node',
      `import { Analytics } from '@segment/analytics-node'\n\nconst analytics = new Analytics({ writeKey: '${key}', host: '${host}' })\nanalytics.track({ userId: 'user_1', event: 'signup', properties: { plan: 'pro' } })\nawait analytics.closeAndFlush()`,
    ),
    one(
      'segment-python',
      'python',
      'pip install segment-analytics-python',
      `import segment.analytics as analytics\n\nanalytics.write_key = '${key}'\nanalytics.host = '${host}'\nanalytics.track('user_1', 'signup', {'plan': 'pro'})\nanalytics.flush()`,
    ),
    one(
      'curl',
      'shell',
      '',
      `curl ${host}/v1/events \\\n  -H 'Authorization: Bearer ${key}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{"event":"signup","unit":"user_1","properties":{"plan":"pro"}}'`,
    ),
  ];
}
