/**
 * Program → program: computes the sums of large images over all axes except the channels in two fast steps. oneDNN's reduction
 * is only fast along the last axes in memory; otherwise it is reference code, which takes as long as a convolution.
 *
 *     before  s = reduction sum(dy) [1, C, 1, 1]
 *     after   m = pooling average(dy) [N, C, 1, 1];  r = copy(m) row-major;  t = matmul(row of H · W, r as [N, C]) [1, C];
 *             s = copy(t as [1, C, 1, 1])
 *
 * Pooling is fast in every layout. The last copy only gives the memory of t other dims. This pass comes after those that choose
 * types, so that the means are float32 in every precision, and after `fuseBiasGradient`, which needs no call for the sum at all.
 */
import type { Call, Slot } from '../../ops/primitives.ts';
import { float32, type Tensor } from '../../tensor/tensor.ts';
import { isChannelSum } from './fuse.ts';
import { type Program, type ProgramPass, resultOf } from './program.ts';
import { isSmall } from './small-work.ts';

export const splitChannelSums: ProgramPass = (program) => {
  const constants = new Map(program.constants);
  const calls = program.calls.flatMap((call) => {
    const { src } = call.reads;
    return src === undefined || !isChannelSum(call) || isSmall(call) ? [call] : split(call, src, constants);
  });
  return { ...program, constants, calls } satisfies Program;
};

function split(sum: Call, src: Slot, constants: Map<Slot, Tensor>): readonly Call[] {
  const [images = 1, channels = 1, height = 1, width = 1] = src.dims;
  const slot = (name: string, dims: readonly number[]): Slot => ({
    name: `${sum.name}/${name}`,
    dims,
    type: 'float32',
  });
  const means = slot('means', [images, channels, 1, 1]);
  const rows = slot('rows', means.dims);
  const total = slot('total', [1, channels]);
  const cells = slot('cells', [1, images]);
  constants.set(cells, float32(cells.dims, new Float32Array(images).fill(height * width)));
  const call = (kind: Call['kind'], dst: Slot, rest: Pick<Call, 'reads' | 'parameters'>): Call => {
    return { op: sum.op, name: dst.name, kind, writes: { dst }, postOps: [], ...rest };
  };
  const copy = (source: Slot, dst: Slot) =>
    call('copy', dst, { reads: {}, parameters: { pieces: [{ source }] } });
  const alias = (base: Slot, dims: readonly number[]): Slot => ({ ...base, dims, base });
  const kernel = [height, width] as const;
  const window = { kernel, strides: kernel, before: [0, 0], after: [0, 0] } as const;
  return [
    call('pooling_forward', means, { reads: { src }, parameters: { pooling: 'poolingAverage', window } }),
    copy(means, rows),
    call('matmul', total, {
      reads: { src: cells, weights: alias(rows, [images, channels]) },
      parameters: {},
    }),
    copy(alias(total, [1, channels, 1, 1]), resultOf(sum)),
  ];
}
