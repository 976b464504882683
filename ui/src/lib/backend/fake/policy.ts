/** An artificial policy. It knows no Cedar: rules are found by their titles, and a text with “stak ” has a problem. */
import type { Decision, PolicyCheckView, PolicySentence, PolicyView } from '../types';
import { DAY, NOW } from './series';

const TABLE = `@title("What cannot be undone asks")
permit (principal, action == Action::"propose", resource)
when { context.reversibility == 3 };

@title("Small steps run")
permit (principal, action in [Action::"execute", Action::"propose"], resource)
when { context.level <= 1 && context has stake && context.stake <= 2000 };

@title("The rest asks")
permit (principal, action == Action::"propose", resource);
`;

function said(title: string, allows: boolean): string {
  if (!allows) return 'Never runs alone when it acts on something of pricing.';
  if (title.includes('undone')) return 'May be put to you when its reversibility is R3.';
  if (title.endsWith('asks')) return 'May be put to you.';
  return 'Runs alone when its level is at most tactical and its stake is at most 20.00 EUR.';
}

function rules(text: string): PolicySentence[] {
  return [...text.matchAll(/@title\("([^"]*)"\)\s*(permit|forbid)/g)].map((found) => ({
    title: found[1] ?? '',
    text: said(found[1] ?? '', found[2] === 'permit'),
    allows: found[2] === 'permit',
  }));
}

const findings = (text: string): PolicyView['findings'] =>
  rules(text).some((rule) => rule.title === 'Idle')
    ? [{ rule: 'Idle', kind: 'idle', because: [], text: 'what it forbids nothing allows', proven: true }]
    : [];

export function policy(text: string | null): PolicyView {
  return {
    text: text ?? TABLE,
    from_file: text !== null,
    table: TABLE,
    rules: rules(text ?? TABLE),
    findings: findings(text ?? TABLE),
    refused: null,
    problems: [],
    schema: 'type Facts = {\n  // Money at stake over its horizon.\n  stake?: Long,\n};\n',
    hash: 'a1b2',
    since: text === null ? null : NOW - DAY,
    by: text === null ? null : 'operator:9f2c41d07ab3e655',
    limits: ['What costs more than 20.00 EUR asks, whatever a rule says.', 'A stop holds everything.'],
  };
}

/** Looser than the one in force as soon as it has a rule called “Everything runs”. */
export function checkedPolicy(text: string, inForce: string | null, decisions: Decision[]): PolicyCheckView {
  const none = { looked_at: 0, same: 0, would_run: 0, would_ask: 0, would_deny: 0, changed: [] };
  const line = text.split('\n').findIndex((one) => one.includes('stak ')) + 1;
  if (line > 0)
    return {
      problems: [{ line, message: 'attribute `stak` not found', hint: 'Did you mean “stake”?' }],
      rules: [],
      findings: [],
      loosens: [],
      loosens_proven: false,
      preview: none,
    };
  const said = text || TABLE;
  const free = said.includes('Everything runs') && !(inForce ?? TABLE).includes('Everything runs');
  const changed = free ? decisions.filter((one) => one.policy.answer === 'ask').slice(0, 3) : [];
  return {
    problems: [],
    rules: rules(said),
    findings: findings(said),
    loosens: free ? [{ rule: 'Everything runs', was: 'ask', will_be: 'run', example: 'its stake is 20.01 EUR' }] : [],
    loosens_proven: true,
    preview: {
      looked_at: decisions.length,
      same: decisions.length - changed.length,
      would_run: changed.length,
      would_ask: 0,
      would_deny: 0,
      changed: changed.map((one) => ({
        decision: one.id,
        headline: one.headline,
        at: one.created_at,
        state: one.state,
        had: one.policy.answer,
        was: 'ask',
        would_be: 'run',
        rule: 'Everything runs',
        reason: 'it is what the rule says',
      })),
    },
  };
}
