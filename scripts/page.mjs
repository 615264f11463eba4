// @ts-check
/** Builds the page of the dashboard from `web/` into `web/dist`. Its packages are installed in `web/`, so that a clone does not need
 * them to train. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { install, modified, newest, root, run } from './setup.mjs';

export const web = join(root, 'web');

/** Installs what builds the page. */
export function installPage() {
  install(web, 'Vite and onnxruntime-web for the page of the dashboard (200 MB, once)');
}

/** Builds the page if one of its sources is newer than the last build. */
export function buildPage() {
  installPage();
  const built = join(web, 'dist', 'index.html');
  const sources = [
    ...['web/src', 'src'].map((folder) => newest(join(root, folder))),
    ...['index.html', 'vite.config.ts', 'tsconfig.json', 'package-lock.json'].map((file) =>
      modified(join(web, file)),
    ),
  ];
  if (existsSync(built) && modified(built) >= Math.max(...sources)) return;
  console.log('>> Building the page of the dashboard');
  run(process.execPath, [
    join(web, 'node_modules', 'vite', 'bin', 'vite.js'),
    'build',
    web,
    '--logLevel',
    'warn',
  ]);
}
