// @ts-check
/**
 * Fits a model of the time of a step to the measurements of `measure_scaling.mjs`, and prints what it predicts for up to 64
 * processes on as many hosts. Nothing of that is measured.
 *
 *     node tools/ranks/scaling_model.mjs scaling.json [--speed 1] [--latency 20]
 *
 *     step(K, B) = a + b·B/K                          computing B/K of the B images of a batch
 *                + local                              copies within the process
 *                + (α + latency)·⌈log2 K⌉             messages
 *                + 2(K-1)/K·bytes·(β + 1/bandwidth)   each process sends and receives the gradients almost twice
 *
 * The last two terms are the cost of an all-reduce by recursive halving and doubling (R. Thakur et al., 2005, Optimization of
 * Collective Communication Operations in MPICH, section 4.5). α and β are measured over TCP within one host, and are the cost of the
 * network stack and of adding up. --latency is the time in microseconds that a network adds to a message. --speed is how many times
 * as fast as one of the measured threads each process computes.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** @typedef {{ precision: string, images: number, millis: number }} Compute */
/** @typedef {{ transport: string, ranks: number, values: number, millis: number }} Sum */
/** @typedef {{ precision: string, mpi: string, ranks: number, millis: number }} Step */

const { values: given, positionals } = parseArgs({
  options: { speed: { type: 'string', default: '1' }, latency: { type: 'string', default: '20' } },
  allowPositionals: true,
});
const speed = Number(given.speed);
const latency = Number(given.latency) / 1e3;
const [file = 'scaling.json'] = positionals;
/** @type {{ time: string, machine: string, batch: number, cores: number, compute: Compute[], sums: Sum[], steps?: Step[] }} */
const { time, machine, batch, cores, compute, sums, steps = [] } = JSON.parse(readFileSync(file, 'utf8'));
const bytes = 4 * Math.max(...sums.map(({ values }) => values));
const allRanks = [1, 2, 4, 8, 16, 32, 64];
const batches = [128, 512, 2048, 8192];
/** Gbit/s. */
const networks = [10, 100];
const target = 0.8;

/** Returns the x and y for which x·u + y·v is closest to t, by relative errors. @param {[u: number, v: number, t: number][]} points
 * @returns {[x: number, y: number]} */
function fit(points) {
  let [uu, uv, vv, u1, v1] = [0, 0, 0, 0, 0];
  for (const [u, v, t] of points) {
    uu += (u / t) ** 2;
    uv += (u / t) * (v / t);
    vv += (v / t) ** 2;
    u1 += u / t;
    v1 += v / t;
  }
  const determinant = uu * vv - uv * uv;
  return [(u1 * vv - v1 * uv) / determinant, (v1 * uu - u1 * uv) / determinant];
}

/** The number of messages that follow each other. @param {number} ranks */
const messages = (ranks) => Math.ceil(Math.log2(ranks));
/** How often each process sends the gradients. @param {number} ranks */
const passes = (ranks) => (2 * (ranks - 1)) / ranks;

/** Fits the sums of one transport. Only processes that have a core of their own count.
 * @param {string} transport @returns {{ local: number, alpha: number, beta: number }} milliseconds, β per byte */
function fitSums(transport) {
  const own = sums.filter((sum) => sum.transport === transport);
  /** @param {number} count */
  const localOf = (count) => own.find(({ ranks, values }) => ranks === 1 && values === count)?.millis ?? 0;
  const between = own
    .filter(({ ranks }) => ranks > 1 && ranks <= Math.max(2, cores))
    .map(({ ranks, values, millis }) => {
      const apart = Math.max(millis - localOf(values), millis / 100);
      return /** @type {[number, number, number]} */ ([messages(ranks), passes(ranks) * 4 * values, apart]);
    });
  const [alpha, beta] = fit(between);
  return { local: localOf(bytes / 4), alpha, beta };
}

/** @param {number} value */
const fixed = (value, digits = 2) => value.toFixed(digits);
/** @param {readonly (readonly string[])[]} rows */
const table = ([head = [], ...rows]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

console.log(`Measured ${time} on ${machine}.\n`);
const transports = [...new Set(sums.map(({ transport }) => transport))];
const fits = new Map(transports.map((transport) => [transport, fitSums(transport)]));
console.log(
  `Adding up ${bytes / 4} values (${fixed(bytes / 1e6)} MB), in milliseconds, measured and (fitted to at most ${Math.max(2, cores)} processes):\n`,
);
const measuredRanks = [...new Set(sums.map(({ ranks }) => ranks))];
const sumRows = transports.map((transport) => {
  const { local, alpha, beta } = fits.get(transport) ?? fitSums(transport);
  const cells = measuredRanks.map((ranks) => {
    const found = sums.find(
      (sum) => sum.transport === transport && sum.ranks === ranks && sum.values * 4 === bytes,
    );
    const fitted = local + alpha * messages(ranks) + beta * passes(ranks) * bytes;
    return `${fixed(found?.millis ?? Number.NaN)} (${fixed(fitted)})`;
  });
  return [transport, ...cells, `${fixed(alpha * 1e3, 0)} µs`, `${fixed(1 / beta / 1e6)} GB/s`];
});
console.log(table([['', ...measuredRanks.map((ranks) => `${ranks} processes`), 'α', '1/β'], ...sumRows]));

const tcp = fits.get('TCP') ?? [...fits.values()][0] ?? { local: 0, alpha: 0, beta: 0 };

for (const precision of new Set(compute.map((one) => one.precision))) {
  const own = compute.filter((one) => one.precision === precision);
  const [a, b] = fit(own.map(({ images, millis }) => [1, images, millis]));
  console.log(`\n## ${precision}\n`);
  console.log(
    `A step of one thread takes a = ${fixed(a)} ms and b = ${fixed(b, 3)} ms per image. Measured and (fitted):\n`,
  );
  const fitted = own.map(({ images, millis }) => `${fixed(millis, 1)} (${fixed(a + b * images, 1)})`);
  console.log(table([own.map(({ images }) => `${images} images`), fitted]));
  const off = Math.max(...own.map(({ images, millis }) => Math.abs((a + b * images) / millis - 1)));
  if (off > 0.1 || a < 0)
    console.log(`\nThe fit is off by up to ${fixed(off * 100, 0)}%. Was the machine quiet?`);
  printSteps(precision, a, b);
  printPrediction(a / speed, b / speed);
}

/** Prints the measured steps of jobs beside the model without a network. @param {string} precision @param {number} a @param {number} b */
function printSteps(precision, a, b) {
  const own = steps.filter((step) => step.precision === precision);
  if (own.length === 0) return;
  const rows = [...new Set(own.map(({ mpi }) => mpi))].map((mpi) => {
    const { local, alpha, beta } = fits.get(mpi) ?? tcp;
    const of = own.filter((step) => step.mpi === mpi);
    return [
      mpi,
      ...of.map(({ ranks, millis }) => {
        const exchange = local + alpha * messages(ranks) + beta * passes(ranks) * bytes;
        const shared = a + (b * batch) / Math.min(ranks, cores);
        return `${fixed(millis, 1)} (${fixed(shared + exchange, 1)}, of which exchange ${fixed(exchange, 1)})`;
      }),
    ];
  });
  const head = [...new Set(own.map(({ ranks }) => ranks))].map((ranks) => `${ranks} processes`);
  console.log(
    `\nSteps of ${batch} images on ${cores} cores, in milliseconds, measured and (by the model):\n`,
  );
  console.log(table([['', ...head], ...rows]));
}

/** @param {number} a @param {number} b milliseconds of a process: per step, and per image */
function printPrediction(a, b) {
  /** @param {number} ranks @param {number} gigabits */
  const exchange = (ranks, gigabits) =>
    ranks === 1
      ? 0
      : tcp.local +
        (tcp.alpha + latency) * messages(ranks) +
        passes(ranks) * bytes * (tcp.beta + 8 / (gigabits * 1e6));
  /** @param {number} ranks @param {number} size @param {number} gigabits */
  const step = (ranks, size, gigabits) => a + (b * size) / ranks + exchange(ranks, gigabits);
  /** @param {(ranks: number, size: number, gigabits: number) => string} cell */
  const predicted = (cell) =>
    table([
      ['processes', ...batches.map((size) => `batch ${size}`)],
      ...allRanks.map((ranks) => [
        `${ranks}`,
        ...batches.map((size) => networks.map((gigabits) => cell(ranks, size, gigabits)).join(' / ')),
      ]),
    ]);
  const process =
    speed === 1 ? 'one thread each' : `processes that compute ${speed} times as fast as one thread`;
  console.log(`\nModel, not measured: ${process}, on as many hosts, ${networks.join(' / ')} Gbit/s.`);
  console.log(`Images/s, and times as fast as one process:\n`);
  console.log(
    predicted((ranks, size, gigabits) => {
      const millis = step(ranks, size, gigabits);
      return `${Math.round((size / millis) * 1e3)} (${fixed(step(1, size, gigabits) / millis, 1)} ×)`;
    }),
  );
  console.log('\nShare of the exchange in a step, the most that overlapping it with computing could save:\n');
  console.log(
    predicted(
      (ranks, size, gigabits) =>
        `${fixed((exchange(ranks, gigabits) / step(ranks, size, gigabits)) * 100, 0)}%`,
    ),
  );
  // step(1, B) / (K · step(K, B)) ≥ target, solved for B.
  console.log(`\nSmallest batch with an efficiency of ${target * 100}% (images per process):\n`);
  const rows = allRanks.slice(1).map((ranks) => [
    `${ranks}`,
    ...networks.map((gigabits) => {
      const size = (target * ranks * (a + exchange(ranks, gigabits)) - a) / ((1 - target) * b);
      return `${Math.ceil(size)} (${Math.ceil(size / ranks)})`;
    }),
  ]);
  console.log(table([['processes', ...networks.map((gigabits) => `${gigabits} Gbit/s`)], ...rows]));
  const most = allRanks.at(-1) ?? 1;
  const ring = (2 * (most - 1) - messages(most)) * (tcp.alpha + latency);
  console.log(
    `\nA ring all-reduce needs 2(K-1) messages instead. With ${most} processes, a step takes ${fixed(ring, 1)} ms longer.`,
  );
}
