/**
 * oneDNN's C API in TypeScript: descriptors, primitives and memory objects, with one interface for versions 2.x and 3.x.
 * `release` destroys all objects that were created, the newest first.
 */
import { RunError } from '../../../errors.ts';
import { describeResource } from '../../../machine/exhaustion.ts';
import type { CArgument, CFunction } from '../../../native/koffi.ts';
import type { ConstructorArgument, PrimitiveKind } from '../../../ops/primitive-kinds.ts';
import type { Unary } from '../../../ops/primitives.ts';
import type { Shape } from '../../../tensor/tensor.ts';
import {
  type DataType,
  dataTypes,
  eltwiseAlgorithms,
  implementationQuery,
  type LayoutArgument,
  layoutQueries,
  type RunArgument,
  statusWords,
} from './constants.ts';
import { type Library, openLibrary } from './library.ts';
import { argumentTypes, signatureOf } from './signatures.ts';

/** The address of a native descriptor, primitive or memory object. */
export type Handle = bigint;

/** A function that is applied to each element of the result of a primitive before it is written. */
export type NativePostOp =
  | { readonly eltwise: Unary; readonly alpha: number; readonly beta: number }
  | { readonly binary: number; readonly operand: Handle };

export type NativeArguments = Readonly<Partial<Record<ConstructorArgument, number | Handle | Shape | null>>>;

/** The number of bytes to reserve for `dnnl_memory_desc_t`, and for the largest operation descriptor in 2.x. */
const [memoryDescriptorBytes, operationDescriptorBytes] = [696, 16384];
const maxDimensions = 12;
const cpu = 1;
const inOrder = 1;
const userScratchpad = 1;
/** Leaves the layout to the primitive (dnnl_format_tag_any). */
const anyFormat = 1;

/** The size of the OpenMP team of this JavaScript thread, including the thread itself. The OpenMP threads live as long
 * as the JavaScript thread. */
let startedThreads = 1;

export class Onednn {
  readonly library: Library;
  readonly #threads: number;
  readonly #setTeam: ((threads: number) => void) | undefined;
  #team: 'all' | 'one' | undefined;
  readonly #functions = new Map<string, CFunction>();
  readonly #undo: (() => void)[] = [];
  readonly #engine: Handle;
  readonly #stream: Handle;
  /** Buffers that must not be garbage-collected, because 2.x reads descriptors from them. */
  readonly #buffers: Uint8Array[] = [];

  /** @param threads the number of threads that primitives compute with
   * @throws RunError when the library is missing or cannot be used */
  constructor(threads: number) {
    this.library = openLibrary();
    this.#threads = threads;
    this.#setTeam = this.#teamSetter();
    this.#requireThreads();
    this.setTeam('all');
    this.#engine = this.#make('engine', 'dnnl_engine_create', ['int', 'size_t'], [cpu, 0]);
    this.#stream = this.#make('stream', 'dnnl_stream_create', ['void *', 'int'], [this.#engine, inOrder]);
  }

  /** Describes a tensor in a layout: either strides in elements, or `any` to let the primitive choose. */
  tensor(dims: Shape, type: DataType, layout: 'any' | Shape): Handle {
    const sizes = int64s(dims.length === 0 ? [1] : dims);
    const rank = Math.max(1, dims.length);
    const strides = layout === 'any' ? anyFormat : int64s(layout.length === 0 ? [1] : layout);
    const kind = layout === 'any' ? 'tag' : 'strides';
    const types = ['int', 'int64_t *', 'int', layout === 'any' ? 'int' : 'int64_t *'];
    const args = [rank, sizes, dataTypes[type], strides];
    if (this.library.major >= 3)
      return this.#make('memory_desc', `dnnl_memory_desc_create_with_${kind}`, types, args);
    const buffer = new Uint8Array(memoryDescriptorBytes);
    this.#check(
      `dnnl_memory_desc_init_by_${kind}`,
      this.#call(`dnnl_memory_desc_init_by_${kind}`, 'int', ['void *', ...types])(buffer, ...args),
    );
    return this.addressOf(buffer);
  }

  /** Whether two descriptors describe the same layout. */
  sameLayout(a: Handle, b: Handle): boolean {
    return a === b || this.#call('dnnl_memory_desc_equal', 'int', ['void *', 'void *'])(a, b) !== 0;
  }

  /** Returns the number of bytes of a tensor in a layout, including padding. */
  byteSize(descriptor: Handle): number {
    return Number(this.#call('dnnl_memory_desc_get_size', 'size_t', ['void *'])(descriptor));
  }

  /** Creates a primitive descriptor: the computation, and the layouts that oneDNN chose for it.
   * @param hint the descriptor of the forward primitive, for a backward primitive
   * @throws RunError with oneDNN's status as text */
  primitiveDescriptor(
    kind: PrimitiveKind,
    args: NativeArguments,
    postOps: readonly NativePostOp[] = [],
    hint: Handle | null = null,
  ): Handle {
    const { name, args: names, hint: hinted } = signatureOf(kind, this.library.major);
    const attributes = this.#attributes(postOps);
    const values = names.map((argument) => native(args[argument]));
    const types = names.map((argument) => argumentTypes[argument]);
    if (this.library.major >= 3) {
      const hints = hinted ? [hint] : [];
      return this.#make(
        'primitive_desc',
        name,
        ['void *', ...types, ...hints.map(() => 'void *'), 'void *'],
        [this.#engine, ...values, ...hints, attributes],
      );
    }
    const operation = new Uint8Array(operationDescriptorBytes);
    this.#check(name, this.#call(name, 'int', ['void *', ...types])(operation, ...values));
    return this.#make(
      'primitive_desc',
      'dnnl_primitive_desc_create',
      ['void *', 'void *', 'void *', 'void *'],
      [operation, attributes, this.#engine, hint],
    );
  }

  /** Describes a copy between two layouts or element types. */
  reorderDescriptor(from: Handle, to: Handle): Handle {
    return this.#make(
      'primitive_desc',
      'dnnl_reorder_primitive_desc_create',
      ['void *', 'void *', 'void *', 'void *', 'void *'],
      [from, this.#engine, to, this.#engine, this.#attributes([])],
    );
  }

  /** Returns the layout that a primitive uses for an argument, or undefined if it has no such argument. */
  layout(primitiveDescriptor: Handle, argument: RunArgument): Handle | undefined {
    if (!reportsLayout(argument)) return undefined;
    const query = this.#call('dnnl_primitive_desc_query_md', 'void *', ['void *', 'int', 'int']);
    const found = query(primitiveDescriptor, ...layoutQueries[argument]);
    return typeof found === 'bigint' && found !== 0n && this.byteSize(found) > 0 ? found : undefined;
  }

  /** Returns the name that oneDNN gives to the implementation, such as `jit:avx512_core`. */
  implementation(primitiveDescriptor: Handle): string {
    const query = this.#call('dnnl_primitive_desc_query', 'int', ['void *', 'int', 'int', 'void *']);
    const text = new BigUint64Array(1);
    query(primitiveDescriptor, implementationQuery, 0, text);
    return this.library.text(text[0] ?? 0n);
  }

  /** The kind of the device that primitives run on, in TensorFlow's notation. */
  get deviceKind(): 'CPU' | 'GPU' {
    const kind = new Int32Array(1);
    this.#do('dnnl_engine_get_kind', ['void *', 'void *'], [this.#engine, kind]);
    return kind[0] === cpu ? 'CPU' : 'GPU';
  }

  primitive(descriptor: Handle): Handle {
    return this.#make('primitive', 'dnnl_primitive_create', ['void *'], [descriptor]);
  }

  /** Makes a oneDNN memory object for memory that the caller owns. */
  memory(descriptor: Handle, address: bigint): Handle {
    return this.#make(
      'memory',
      'dnnl_memory_create',
      ['void *', 'void *', 'void *'],
      [descriptor, this.#engine, address],
    );
  }

  /** A function that runs a primitive synchronously. */
  get execute(): (primitive: Handle, args: EncodedArguments) => void {
    const execute = this.#call('dnnl_primitive_execute', 'int', ['void *', 'void *', 'int', 'void *']);
    const stream = this.#stream;
    return (primitive, { count, bytes }) => {
      const status = execute(primitive, stream, count, bytes);
      if (status !== 0) this.#check('dnnl_primitive_execute', status);
    };
  }

  /** Destroys all objects that were created, the newest first. */
  release(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
    this.#buffers.length = 0;
  }

  /** Returns the address of a typed array, which is kept alive until `release`. */
  addressOf(memory: Uint8Array): bigint {
    this.#buffers.push(memory);
    return this.library.addressOf(memory);
  }

  #attributes(postOps: readonly NativePostOp[]): Handle {
    const attributes = this.#make('primitive_attr', 'dnnl_primitive_attr_create', [], []);
    this.#do('dnnl_primitive_attr_set_scratchpad_mode', ['void *', 'int'], [attributes, userScratchpad]);
    if (postOps.length === 0) return attributes;
    const list = this.#make('post_ops', 'dnnl_post_ops_create', [], []);
    for (const postOp of postOps) this.#append(list, postOp);
    this.#do('dnnl_primitive_attr_set_post_ops', ['void *', 'void *'], [attributes, list]);
    return attributes;
  }

  #append(list: Handle, postOp: NativePostOp): void {
    if ('binary' in postOp) {
      this.#do(
        'dnnl_post_ops_append_binary',
        ['void *', 'int', 'void *'],
        [list, postOp.binary, postOp.operand],
      );
      return;
    }
    const algorithm = this.eltwise(postOp.eltwise);
    if (this.library.major >= 3) {
      const types = ['void *', 'int', 'float', 'float'];
      this.#do('dnnl_post_ops_append_eltwise', types, [list, algorithm, postOp.alpha, postOp.beta]);
    } else {
      const types = ['void *', 'float', 'int', 'float', 'float'];
      this.#do('dnnl_post_ops_append_eltwise', types, [list, 1, algorithm, postOp.alpha, postOp.beta]);
    }
  }

  /** Returns the number that this version of the library gives to an elementwise function. */
  eltwise(name: Unary): number {
    return eltwiseAlgorithms[this.library.major >= 3 ? 'v3' : 'v2'][name];
  }

  /** Sets the number of threads for the primitives that are created and run from now on. Small primitives are faster with one
   * thread. */
  setTeam(team: 'all' | 'one'): void {
    if (team === this.#team) return;
    this.#team = team;
    this.#setTeam?.(team === 'all' ? this.#threads : 1);
  }

  /** Checks that the threads can be started before OpenMP starts them, because GNU OpenMP aborts the process if a thread cannot
   * be started.
   * @throws RunError when the machine cannot start that many threads */
  #requireThreads(): void {
    if (this.#threads <= startedThreads || this.library.hasRoomForThreads(this.#threads - startedThreads)) {
      startedThreads = Math.max(startedThreads, this.#threads);
      return;
    }
    throw new RunError(describeResource('threads'));
  }

  /** Returns the function that sets the team size, which OpenMP stores per calling thread. Returns undefined for builds of
   * oneDNN that use another threading runtime. */
  #teamSetter(): ((threads: number) => void) | undefined {
    try {
      return this.library.function('omp_set_num_threads', 'void', ['int']);
    } catch {
      return undefined;
    }
  }

  /** Calls a C function that creates an object and returns its handle through the first argument. Registers the destructor of
   * the object. */
  #make(kind: string, name: string, types: readonly string[], args: readonly CArgument[]): Handle {
    const out = new BigUint64Array(1);
    this.#check(name, this.#call(name, 'int', ['void *', ...types])(out, ...args));
    const [handle = 0n] = out;
    this.#undo.push(() => this.#call(`dnnl_${kind}_destroy`, 'int', ['void *'])(handle));
    return handle;
  }

  #do(name: string, types: readonly string[], args: readonly CArgument[]): void {
    this.#check(name, this.#call(name, 'int', types)(...args));
  }

  #call(name: string, result: string, types: readonly string[]): CFunction {
    const known = this.#functions.get(name);
    if (known !== undefined) return known;
    const found = this.library.function(name, result, types);
    this.#functions.set(name, found);
    return found;
  }

  #check(name: string, status: ReturnType<CFunction>): void {
    if (status === 0) return;
    throw new RunError(`${name}: ${statusWords[Number(status)] ?? `status ${status}`}`);
  }
}

function reportsLayout(argument: RunArgument): argument is LayoutArgument {
  return Object.hasOwn(layoutQueries, argument);
}

export interface EncodedArguments {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Encodes the arguments of a primitive as an array of `{ int argument; void *memory }`. */
export function encodeArguments(
  args: readonly (readonly [argument: number, memory: Handle])[],
): EncodedArguments {
  const bytes = new DataView(new ArrayBuffer(16 * args.length));
  args.forEach(([argument, memory], index) => {
    bytes.setInt32(16 * index, argument, true);
    bytes.setBigUint64(16 * index + 8, memory, true);
  });
  return { count: args.length, bytes: new Uint8Array(bytes.buffer) };
}

function int64s(values: Shape): BigInt64Array {
  const list = new BigInt64Array(maxDimensions);
  values.forEach((value, index) => {
    list[index] = BigInt(value);
  });
  return list;
}

function native(value: number | Handle | Shape | null | undefined): CArgument {
  return typeof value === 'object' && value !== null ? int64s(value) : (value ?? null);
}
