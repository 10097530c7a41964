/** VitePress's theme, and the two parts of the site that do something. */
import DefaultTheme from 'vitepress/theme';
import type { Theme } from 'vitepress';
import { Playground } from './playground.js';
import { RateCurve } from './rate-curve.js';
import './style.css';

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('Playground', Playground);
    app.component('RateCurve', RateCurve);
  },
};
export default theme;
