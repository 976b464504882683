/** The pages that exist, in the order of the navigation. */
import type { Component } from 'svelte';
import Activity from '@lucide/svelte/icons/chart-line';
import Approvals from '@lucide/svelte/icons/circle-check-big';
import Cable from '@lucide/svelte/icons/cable';
import Beaker from '@lucide/svelte/icons/beaker';
import Decisions from '@lucide/svelte/icons/scroll-text';
import FlaskConical from '@lucide/svelte/icons/flask-conical';
import FileInput from '@lucide/svelte/icons/file-input';
import House from '@lucide/svelte/icons/house';
import Layers from '@lucide/svelte/icons/layers';
import Reports from '@lucide/svelte/icons/file-chart-column';
import Sliders from '@lucide/svelte/icons/sliders-horizontal';
import Settings from '@lucide/svelte/icons/settings-2';
import Workflow from '@lucide/svelte/icons/workflow';

export interface Page {
  key: string;
  title: string;
  /** Second key after `g`. */
  go?: string;
  icon: Component<{ size?: number | string; strokeWidth?: number | string }>;
  /** Heading above it in the navigation. */
  group?: 'Business';
  /** Not in the navigation: reached from this page, which stays marked. */
  parent?: string;
  load: () => Promise<{ default: Component }>;
}

export const PAGES: Page[] = [
  { key: 'today', title: 'Today', go: 't', icon: House, load: () => import('../views/today/Today.svelte') },
  {
    key: 'hierarchy',
    title: 'Hierarchy',
    go: 'h',
    icon: Layers,
    load: () => import('../views/hierarchy/Hierarchy.svelte'),
  },
  { key: 'kpis', title: 'KPIs', go: 'k', icon: Activity, load: () => import('../views/kpis/Kpis.svelte') },
  {
    key: 'approvals',
    title: 'Approvals',
    go: 'a',
    icon: Approvals,
    load: () => import('../views/approvals/Approvals.svelte'),
  },
  {
    key: 'experiments',
    title: 'Experiments',
    go: 'e',
    icon: Beaker,
    load: () => import('../views/experiments/Experiments.svelte'),
  },
  {
    key: 'decisions',
    title: 'Decisions',
    go: 'd',
    icon: Decisions,
    load: () => import('../views/decisions/Decisions.svelte'),
  },
  {
    key: 'workflows',
    title: 'Workflows',
    go: 'w',
    icon: Workflow,
    load: () => import('../views/workflows/Workflows.svelte'),
  },
  {
    key: 'levers',
    title: 'Levers',
    go: 'l',
    icon: Sliders,
    load: () => import('../views/levers/Levers.svelte'),
  },
  {
    key: 'connections',
    title: 'Connections',
    go: 'c',
    icon: Cable,
    group: 'Business',
    load: () => import('../views/connections/Connections.svelte'),
  },
  {
    key: 'reports',
    title: 'Reports',
    go: 'r',
    icon: Reports,
    group: 'Business',
    load: () => import('../views/reports/Reports.svelte'),
  },
  {
    key: 'settings',
    title: 'Settings',
    go: 's',
    icon: Settings,
    group: 'Business',
    load: () => import('../views/settings/Settings.svelte'),
  },
  {
    key: 'import',
    title: 'Import a file',
    icon: FileInput,
    parent: 'connections',
    load: () => import('../views/import/Import.svelte'),
  },
  {
    key: 'sandbox',
    title: 'Simulation',
    icon: FlaskConical,
    // Reached from the banner and the first run: no page of the navigation stands for it.
    parent: 'sandbox',
    load: () => import('../views/sandbox/Sandbox.svelte'),
  },
];
