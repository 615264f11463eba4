// @ts-check
/** What the programs of all libraries have in common. */

export const classes = 10;
export const side = 24;
/** Local response normalization of the tutorial: x / (1 + alpha · sum over 9 channels of x²)^beta. */
export const lrn = { radius: 4, alpha: 0.001 / 9, beta: 0.75 };
export const weightDecay = 0.004;
export const learningRate = 0.01;
/** After this time, no further step is measured in a round, so that slow libraries take minutes and not hours. */
const mostMillis = 15_000;

/** @typedef {{ name: string, backend: string, batch: number, threads: number, widths: import('./variants.mjs').Widths }} Request */
/** @typedef {{ version: string, train: (() => Promise<number>) | undefined, reason?: string, infer: () => Promise<void> }} Program */

/** Sets the functions that `run.mjs` calls.
 * @param {(request: Request) => Promise<Program>} create */
export function serve(create) {
  /** @type {Program} */
  let program;
  Object.assign(globalThis, {
    /** @param {Request} request */
    create: async (request) => {
      program = await create(request);
      let { train, reason } = program;
      try {
        // Two steps before the measurement compile everything.
        const start = performance.now();
        for (
          let step = 0;
          step < 2 && train !== undefined && performance.now() - start < mostMillis;
          step++
        ) {
          const loss = await train();
          if (!(loss > 1.5 && loss < 8)) throw new Error(`the loss is ${loss}`);
        }
      } catch (error) {
        train = undefined;
        reason = error instanceof Error ? error.message.slice(0, 300) : String(error);
      }
      program = { ...program, train };
      await program.infer();
      return { version: program.version, trains: train !== undefined, reason };
    },
    /** @param {'train' | 'infer'} kind @param {number} steps */
    measure: async (kind, steps) => {
      /** @type {number[]} */
      const times = [];
      const start = performance.now();
      for (let step = 0; step < steps && performance.now() - start < mostMillis; step++) {
        const begin = performance.now();
        await program[kind]?.();
        times.push(performance.now() - begin);
      }
      times.sort((a, b) => a - b);
      return times[Math.floor(times.length / 2)];
    },
  });
}

/** Returns numbers from -1 to 1, which depend on the seed.
 * @param {number} count */
export function noise(count, seed = 1) {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** @param {Request} request */
export function dataFor({ batch }) {
  const images = noise(batch * 3 * side * side);
  const oneHot = new Float32Array(batch * classes);
  for (let row = 0; row < batch; row++) oneHot[row * classes + (row % classes)] = 1;
  return { images, oneHot };
}

/** The shapes of the weights: filters as [O, I, 5, 5], and matrices as [I, O]. @param {Request} request */
export function shapesFor({ widths: { conv1, conv2, local3, local4 } }) {
  return {
    filters: [
      [conv1, 3, 5, 5],
      [conv2, conv1, 5, 5],
    ],
    matrices: [
      [conv2 * 36, local3],
      [local3, local4],
      [local4, classes],
    ],
  };
}

/** Returns first weights, with a deviation that keeps activations of the same size.
 * @param {readonly number[]} shape @param {number} fanIn @param {number} seed */
export function weightsFor(shape, fanIn, seed) {
  const count = shape.reduce((a, b) => a * b, 1);
  return noise(count, seed).map((value) => value * Math.sqrt(3 / fanIn));
}
