// @ts-check
/** Lints, checks the format and checks types, with the strictest settings and without suppressions. */
import { join } from 'node:path';
import { installPage, web } from './page.mjs';
import { root, run, setup } from './setup.mjs';

setup();
installPage();
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
run(process.execPath, [
  join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome'),
  'check',
  '--error-on-warnings',
]);
run(process.execPath, [tsc, '-p', join(root, 'tsconfig.json'), '--noEmit']);
run(process.execPath, [tsc, '-p', join(root, 'scripts', 'tsconfig.json')]);
run(process.execPath, [tsc, '-p', web]);
run(process.execPath, [tsc, '-p', join(web, 'tsconfig.config.json')]);
