// @ts-check
/** `npm run bench`: sets up and then measures. Flags are passed to `cifar10 bench`. */
import { cifar10, setup } from './setup.mjs';

setup();
cifar10('bench', ...process.argv.slice(2));
