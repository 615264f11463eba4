/** Names of the instruction sets that oneDNN uses, for messages and for `doctor`. */
import { openLibrary } from './native/library.ts';

/**
 * The names of dnnl_cpu_isa_t on x86, by the names that the library gives to its values (`dnnl_cpu_isa2str`; dnnl_types.h of 2.6, 3.2, 3.7
 * and 3.13). A name that is not listed is shown as the library gives it.
 */
const titles: Readonly<Record<string, string>> = {
  sse41: 'SSE4.1',
  avx: 'AVX',
  avx2: 'AVX2',
  avx2_vnni: 'AVX2 with VNNI',
  avx2_vnni_2: 'AVX2 with VNNI and conversions from bfloat16 and float16',
  avx512_core: 'AVX-512',
  avx512_core_vnni: 'AVX-512 with VNNI',
  avx512_core_bf16: 'AVX-512 with bfloat16',
  avx512_core_fp16: 'AVX-512 with bfloat16 and float16',
  avx10_1_512: 'AVX10.1 or AVX-512 with bfloat16 and float16',
  avx512_core_amx: 'AVX-512 with AMX',
  avx10_1_512_amx: 'AVX10.1 or AVX-512 with AMX',
  avx512_core_amx_fp16: 'AVX-512 with AMX and AMX-FP16',
  avx10_1_512_amx_fp16: 'AVX10.1 or AVX-512 with AMX and AMX-FP16',
  avx10_2: 'AVX10.2',
  avx10_2_512: 'AVX10.2',
  avx10_2_amx_2: 'AVX10.2 with AMX',
  avx10_2_512_amx_2: 'AVX10.2 with AMX',
};

/** The instruction sets with AMX for which there are rules. AVX10.2 with AMX has not been measured. */
export const amxSets = [
  'avx512_core_amx',
  'avx512_core_amx_fp16',
  'avx10_1_512_amx',
  'avx10_1_512_amx_fp16',
] as const;

/** The titles on Arm, by value (src/cpu/aarch64/cpu_isa_traits.hpp of 2.6 to 3.8). The library has no names for these values. */
const armTitles: Readonly<Record<number, string>> = {
  1: 'Arm Advanced SIMD',
  3: 'Arm SVE, 128 bits',
  7: 'Arm SVE, 256 bits',
  31: 'Arm SVE, 512 bits',
  39: 'Arm SVE, 512 bits',
};

/** Returns the instruction set that oneDNN uses, as `AVX-512 with bfloat16 (avx512_core_bf16)`. It is limited by ONEDNN_MAX_CPU_ISA.
 * @throws RunError when oneDNN is not found */
export function instructionSet(): string {
  return process.arch === 'arm64' ? armTitle(effective()) : titleOf(instructionSetName());
}

/** Returns oneDNN's own name for the instruction set that it uses on x86, such as `avx2`.
 * @throws RunError when oneDNN is not found */
export function instructionSetName(): string {
  const name = openLibrary().function('dnnl_cpu_isa2str', 'const char *', ['int'])(effective());
  return String(name).replace(/^cpu_isa_/, '');
}

/** Returns the value of dnnl_cpu_isa_t that is in effect. */
function effective(): number {
  return Number(openLibrary().function('dnnl_get_effective_cpu_isa', 'int', [])());
}

/** Returns the version of oneDNN with the instruction set that it uses: `oneDNN 2.6.3 uses AVX2 (avx2)`.
 * @throws RunError when oneDNN is not found */
export function describeInstructions(): string {
  return `oneDNN ${openLibrary().version} uses ${instructionSet()}`;
}

/** Returns the title of an instruction set of Arm. */
export function armTitle(value: number): string {
  return armTitles[value] ?? `Arm, 0x${value.toString(16)}`;
}

/** Returns a name that oneDNN gives to an instruction set with its title. */
export function titleOf(name: string): string {
  const title = titles[name];
  if (title !== undefined) return `${title} (${name})`;
  return name === 'default' || name === 'all' ? `the instructions of ${process.arch}` : name;
}

/** Returns the instruction set in the name of a kernel: `avx512_core_bf16` for `brg_matmul:avx512_core_bf16`, or undefined if the
 * name has none, such as `gemm:jit:bf16`. */
export function instructionSetOf(kernel: string): string | undefined {
  const last = kernel.split(':').at(-1) ?? '';
  return /^(?:sse|avx|sve|sme|asimd)/.test(last) ? last : undefined;
}
