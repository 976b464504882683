import './lib/intl-shim';
import '@fontsource-variable/inter/index.css';
import '@fontsource-variable/jetbrains-mono/index.css';
import 'uplot/dist/uPlot.min.css';
import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import { connect } from './lib/backend';
import App from './app/App.svelte';

const target = document.getElementById('app');
if (target) {
  await connect();
  mount(App, { target });
}
