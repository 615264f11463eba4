/** Flags of Node.js that our worker threads take over from the program that uses the library. */

/** Yarn's Plug'n'Play finds packages through two modules; a thread without them finds none. */
const plugAndPlay = /[.]pnp[.](?:c?js|loader[.]mjs)$/;
const loadingFlag = /^(?:-r|--require|--import|--loader|--experimental-loader)$/;

/**
 * A thread gets every flag of the process unless told otherwise, and many do not fit a file of ours: `--input-type` (as in
 * `node --input-type=module -e`) refuses to run files, `--import` and `--require` run the user's own start-up code again,
 * `--inspect-brk` stops. So only what finds packages is kept. `NODE_OPTIONS` reaches threads in any case.
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
