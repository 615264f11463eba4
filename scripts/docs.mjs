// @ts-check
/**
 * `npm run docs`: builds the documentation site in site/dist, and fails if one of its links leads nowhere. `npm run docs -- --serve`
 * then serves it on this machine. `--base /path/` builds it for that path of a server. The packages that build the site are installed in site/, so that a clone does not need them.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tidyApi } from '../site/api.mjs';
import { faultsOf } from '../site/check.mjs';
import { stage } from '../site/stage.mjs';
import { fail, install, root, run, setup } from './setup.mjs';

const site = join(root, 'site');
const built = join(site, 'dist');
const pages = join(site, 'build', 'pages');
const baseAt = process.argv.indexOf('--base');
const base = baseAt === -1 ? '/' : (process.argv[baseAt + 1] ?? '');
if (!/^\/(.*\/)?$/.test(base)) fail('--base must be a path that starts and ends with /');
/** @param {string} file @param {readonly string[]} words */
const tool = (file, ...words) => run(process.execPath, [join(site, 'node_modules', file), ...words]);

setup();
install(site, 'VitePress and TypeDoc (150 MB, once)');
rmSync(pages, { recursive: true, force: true });
stage(root, pages);
tool(
  'typedoc/bin/typedoc',
  ...['--options', join(site, 'typedoc.json'), '--tsconfig', join(site, 'tsconfig.json')],
  ...['--logLevel', 'Warn', ...entryPoints().flatMap((file) => ['--entryPoints', file])],
);
tidyApi(join(pages, 'api'));
tool('vitepress/bin/vitepress.js', 'build', site, '--base', base);
const faults = faultsOf(built, base);
if (faults.length > 0) fail(`the site has ${faults.length} dead links:\n${faults.join('\n')}`);
console.log('>> The site is in site/dist. Every link in it leads to a page');
if (process.argv.includes('--serve')) tool('vitepress/bin/vitepress.js', 'preview', site, '--base', base);

/** The sources of the modules that package.json exports. */
function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.values(exports).flatMap(({ types }) =>
    types === undefined ? [] : join(root, types.replace('./dist', 'src').replace(/\.d\.ts$/, '.ts')),
  );
}
