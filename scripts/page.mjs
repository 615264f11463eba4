// @ts-check
/** Builds the page of the dashboard from `web/` into `web/dist`. Its packages are installed in `web/`, so that a clone does not need
 * them to train. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
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
    ...['web/src', 'web/public', 'src'].map((folder) => newest(join(root, folder))),
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
  appendFileSync(join(web, 'dist', 'licenses.md'), workerLicenses());
}

/** The licenses of the packages in the page's worker, which Vite does not list. onnxruntime-web has no file with its license. */
function workerLicenses() {
  const protobufjs = join(root, 'node_modules', 'protobufjs');
  const ort = join(web, 'node_modules', 'onnxruntime-web');
  return [
    ...['', heading(protobufjs), readFileSync(join(protobufjs, 'LICENSE'), 'utf8').trim()],
    ...[
      heading(ort),
      'Copyright (c) Microsoft Corporation. The license: https://github.com/microsoft/onnxruntime',
      '',
    ],
  ].join('\n\n');
}

/** @param {string} folder of a package */
function heading(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return `## ${name} - ${version} (${license})`;
}
