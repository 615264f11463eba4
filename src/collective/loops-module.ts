/**
 * A WebAssembly module with the loops of `shared-floats.ts`, in the binary format of
 * https://webassembly.github.io/spec/core/binary/. As text:
 *
 *     (memory (import "shared" "floats") 0 65536 shared)
 *     (func (export "add") (param $sums i32) (param $end i32) (param $values i32) (param $weight f32)
 *       (loop
 *         (v128.store (local.get $sums)
 *           (f32x4.add                                                     ;; not in "scale"
 *             (v128.load (local.get $sums))                                ;; not in "scale"
 *             (f32x4.mul (v128.load (local.get $values)) (f32x4.splat (local.get $weight)))))
 *         (local.set $values (i32.add (local.get $values) (i32.const 16)))
 *         (local.set $sums (i32.add (local.get $sums) (i32.const 16)))
 *         (br_if 0 (i32.lt_u (local.get $sums) (local.get $end)))))
 */

const types = { i32: 0x7f, f32: 0x7d, function: 0x60, none: 0x40 };
const kinds = { function: 0, memory: 2, shared: 3 };
const sections = { type: 1, import: 2, function: 3, export: 7, code: 10 };
/** The largest number of pages, 65,536, as LEB128. */
const mostPages = [0x80, 0x80, 0x04];
/** A load or store of unaligned values, at offset 0. */
const place = [0, 0];
const code = {
  end: 0x0b,
  loop: [0x03, types.none],
  branchIf: (label: number) => [0x0d, label],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  tee: (local: number) => [0x22, local],
  i32: { of: (value: number) => [0x41, value], lessThan: 0x49, add: 0x6a },
  f32x4: {
    load: [0xfd, 0x00, ...place],
    store: [0xfd, 0x0b, ...place],
    splat: [0xfd, 0x13],
    add: [0xfd, 0xe4, 0x01],
    multiply: [0xfd, 0xe6, 0x01],
  },
};

const locals = { sums: 0, end: 1, values: 2, weight: 3 };

/** The code of a loop over groups of four sums. `before` and `after` surround the product of four values and the weight. */
function loop(before: readonly number[], after: readonly number[]): readonly number[] {
  const { get, set, tee, i32, f32x4 } = code;
  const next = (local: number) => [...get(local), ...i32.of(16), i32.add];
  return [
    ...code.loop,
    ...[...get(locals.sums), ...before],
    ...[...get(locals.values), ...f32x4.load, ...get(locals.weight), ...f32x4.splat, ...f32x4.multiply],
    ...[...after, ...f32x4.store],
    ...[...next(locals.values), ...set(locals.values), ...next(locals.sums), ...tee(locals.sums)],
    ...[...get(locals.end), i32.lessThan, ...code.branchIf(0)],
    ...[code.end, code.end],
  ];
}

const functions = {
  scale: loop([], []),
  add: loop([...code.get(locals.sums), ...code.f32x4.load], code.f32x4.add),
};

export const loopsModule: Uint8Array = Uint8Array.from([
  ...[...text('\0asm'), 1, 0, 0, 0],
  ...section(sections.type, [
    [types.function, ...vector([[types.i32], [types.i32], [types.i32], [types.f32]]), 0],
  ]),
  ...section(sections.import, [
    [...named('shared'), ...named('floats'), kinds.memory, kinds.shared, 0, ...mostPages],
  ]),
  ...section(
    sections.function,
    Object.keys(functions).map(() => [0]),
  ),
  ...section(
    sections.export,
    Object.keys(functions).map((name, index) => [...named(name), kinds.function, index]),
  ),
  ...section(
    sections.code,
    // No function has further local variables.
    Object.values(functions).map((body) => [body.length + 1, 0, ...body]),
  ),
]);

function section(id: number, entries: readonly (readonly number[])[]): readonly number[] {
  const content = vector(entries);
  return [id, ...lengthOf(content), ...content];
}

function vector(entries: readonly (readonly number[])[]): readonly number[] {
  return [...lengthOf(entries), ...entries.flat()];
}

function named(name: string): readonly number[] {
  return [...lengthOf(name), ...text(name)];
}

function text(characters: string): readonly number[] {
  return [...characters].map((character) => character.charCodeAt(0));
}

/** The length as LEB128. */
function lengthOf({ length }: { readonly length: number }): readonly number[] {
  return length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >>> 7];
}
