/** Determines which Node.js flags of the process our worker threads inherit. */

/** Matches the modules with which Yarn's Plug'n'Play finds packages. Threads need them too. */
const plugAndPlay = /[.]pnp[.](?:c?js|loader[.]mjs)$/;
const loadingFlag = /^(?:-r|--require|--import|--loader|--experimental-loader)$/;

/**
 * Returns the flags for a worker thread.
 *
 * By default a thread inherits all flags of the process, but many of them are unsuitable: with `--input-type` (as in
 * `node --input-type=module -e`) Node refuses to run files, `--import` and `--require` run the user's start-up code
 * again, and `--inspect-brk` pauses the thread. Therefore only the flags for finding packages are kept.
 * `NODE_OPTIONS` applies to threads in any case.
 */
export function workerFlags(flags: readonly string[] = process.execArgv): string[] {
  const kept: string[] = [];
  flags.forEach((flag, index) => {
    const [name = '', joined] = flag.split(/=(.*)/s);
    const value = joined ?? flags[index + 1] ?? '';
    if (loadingFlag.test(name) && plugAndPlay.test(value)) kept.push(name, value);
  });
  return kept;
}
