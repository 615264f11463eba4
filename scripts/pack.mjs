// @ts-check
/**
 * `npm run pack`: builds everything, and packs it. `npm pack` alone would pack what the clone happens to contain, also an old build or
 * none, because `.npmrc` disables the scripts that could build first. Further words are for `npm pack`.
 */
import { buildPage } from './page.mjs';
import { npm, setup } from './setup.mjs';

setup();
buildPage();
npm('pack', '--loglevel=error', ...process.argv.slice(2));
