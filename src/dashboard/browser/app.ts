/** The dashboard: what a browser runs first. */
import { h, render } from 'preact';
import { Frame } from './frame.ts';
import { startCaller } from './live/caller.ts';
import { startEvents } from './live/events.ts';
import { startRouter } from './live/router.ts';
import { startShare } from './live/share.ts';
import { startTheme } from './live/theme.ts';

startShare();
startTheme();
startRouter();
startEvents();
startCaller();
const root = document.getElementById('app');
if (root !== null) {
  root.replaceChildren();
  render(h(Frame, null), root);
}
