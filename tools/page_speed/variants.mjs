// @ts-check
/** What `run.mjs` measures. A new library is a program beside this file, and a line in `variants`. */

/** @typedef {Readonly<Record<'conv1' | 'conv2' | 'local3' | 'local4', number>>} Widths */

/** What a program computes: the network of the tutorial with other widths.
 * @type {Readonly<Record<string, { readonly title: string, readonly batch: number, readonly widths: Widths }>>} */
export const networks = {
  tutorial: {
    title: "The tutorial's network",
    batch: 32,
    widths: { conv1: 64, conv2: 64, local3: 384, local4: 192 },
  },
  page: {
    title: 'The network of the page',
    batch: 64,
    widths: { conv1: 16, conv2: 16, local3: 64, local4: 32 },
  },
};

/** The packages of the peers, the newest versions on 2026-11-26. */
export const peers = [
  '@tensorflow/tfjs@4.22.0',
  '@tensorflow/tfjs-backend-wasm@4.22.0',
  '@jax-js/jax@0.1.25',
];

/** The program of a variant sets `create(request)`, which returns its version and whether it can train, and `measure(kind, steps)`,
 * which returns the median time of a step in milliseconds.
 * @type {readonly { readonly name: string, readonly program: string, readonly backend: string }[]} */
export const variants = [
  { name: 'cifar10 (wasm)', program: 'cifar10', backend: 'wasm' },
  { name: 'jax-js (wasm)', program: 'jax', backend: 'wasm' },
  { name: 'tfjs (wasm)', program: 'tfjs', backend: 'wasm' },
  { name: 'tfjs (webgl)', program: 'tfjs', backend: 'webgl' },
];
