/** Artificial answers of the other reads. */
export { insights, kpi, kpis, range, rows } from './kpis';
export { hierarchy, layers, today } from './layers';
export { connections, preview } from './connections';
export { checkedPolicy, policy } from './policy';
export { reports, settings } from './settings';
export { lever, levers, trial } from './levers';
export { person } from './people';
export { scenarios, simulation, truth, type Simulated } from './sandbox';
export { snippets } from './snippets';
export { asked, checked, ended, experiment, experiments } from './experiments';
export { procedures } from './procedures';
