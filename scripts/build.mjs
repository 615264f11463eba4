// @ts-check
/** `npm run build`: everything that the package contains, also the page of the dashboard. */
import { buildPage } from './page.mjs';
import { setup } from './setup.mjs';

setup();
buildPage();
