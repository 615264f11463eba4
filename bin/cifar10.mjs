#!/usr/bin/env node
// @ts-check
/**
 * The command `cifar10`. It starts the program that the build writes to `dist/`. This file exists before the first build,
 * because npx links the command once for each folder: if its target were missing at that time, `npx cifar10` would report
 * "not found" even after a build.
 */
import { existsSync } from 'node:fs';

const program = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write(
    'cifar10: the program is not built. In the folder of the clone, run `npm start` or `npm ci && npm run build`\n',
  );
  process.exitCode = 1;
}
