/**
 * Decodes small, plain JPEG files (`jpeg-header.ts`) that already have the wanted size. libvips needs a constant time for each
 * picture, which is ten times what decoding 32 × 32 pixels takes. So these files are decoded by libjpeg-turbo compiled to
 * WebAssembly, in the calling thread. The pixels are the same.
 *
 * Everything else is left to libvips: other files, larger ones, and any file that libjpeg-turbo warns about. Thus it is always
 * libvips that refuses a file. (Damage that no decoder notices gives other wrong pixels than with libvips, which computes with
 * fewer bits.) WebAssembly cannot reach the memory of the process, and a plain file of this size takes little time and memory,
 * whatever it contains.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type PictureSize, plainJpegSize } from './jpeg-header.ts';

/** The largest height and width. libvips decodes larger pictures as fast, because it uses SIMD instructions. */
export const mostPlainSide: number = 256;
/** The size of the largest file, which is more than 256 × 256 pixels take at the best quality. */
export const mostPlainBytes: number = 1 << 18;

/** Decodes a small, plain JPEG file.
 * @param imageSize the height and the width that the picture must have, in pixels
 * @returns [imageSize, imageSize, 3]: rows of pixels, 0 … 255. They are overwritten by the next call. Returns undefined if the
 * file must be decoded by libvips */
export function decodePlainJpeg(bytes: Uint8Array, imageSize: number): Uint8Array | undefined {
  if (imageSize > mostPlainSide || bytes.length > mostPlainBytes) return undefined;
  const size = plainJpegSize(bytes);
  if (size?.width !== imageSize || size.height !== imageSize) return undefined;
  decompressor ??= newDecompressor();
  try {
    return decompressor?.decode(bytes, size);
  } catch {
    // libjpeg-turbo cannot clean up after an error, so its memory is given up.
    decompressor = undefined;
    return undefined;
  }
}

let decompressor: Decompressor | undefined;

/** The functions of libjpeg-turbo that are used (turbojpeg.h of version 2.0). Pointers are offsets in `memory`, and 0 is null. */
interface TurboJpeg {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly malloc: (bytes: number) => number;
  readonly tjInitDecompress: () => number;
  readonly tjDestroy: (handle: number) => void;
  /** Returns 0, or -1 after an error or a warning. */
  readonly tjDecompress2: (
    handle: number,
    file: number,
    fileBytes: number,
    pixels: number,
    width: number,
    rowBytes: number,
    height: number,
    format: number,
    flags: number,
  ) => number;
}

/** TJPF_RGB: red, green and blue, one byte each. */
const rgb = 0;
/** No flags: the accurate inverse transform (JDCT_ISLOW) and smooth upsampling of the colors, which are Pillow's and libvips's
 * defaults too. */
const accurate = 0;

class Decompressor {
  readonly #library: TurboJpeg;
  readonly #file: number;
  readonly #pixels: number;

  /** @throws Error when memory ran out */
  constructor(library: TurboJpeg) {
    this.#library = library;
    this.#file = allocated(library.malloc(mostPlainBytes));
    this.#pixels = allocated(library.malloc(3 * mostPlainSide ** 2));
  }

  /** Returns [height, width, 3], or undefined after a warning.
   * @throws Error after an error. Then the decompressor cannot be used again */
  decode(bytes: Uint8Array, { width, height }: PictureSize): Uint8Array | undefined {
    const { memory, tjInitDecompress, tjDecompress2, tjDestroy } = this.#library;
    new Uint8Array(memory.buffer, this.#file, bytes.length).set(bytes);
    // A handle keeps the tables of its file, which must not be used for the next one.
    const handle = allocated(tjInitDecompress());
    const [file, pixels] = [this.#file, this.#pixels];
    const status = tjDecompress2(
      ...([handle, file, bytes.length, pixels, width, 3 * width, height, rgb, accurate] as const),
    );
    tjDestroy(handle);
    return status === 0 ? new Uint8Array(memory.buffer, pixels, 3 * width * height) : undefined;
  }
}

function allocated(pointer: number): number {
  if (pointer === 0) throw new Error('libjpeg-turbo: out of memory');
  return pointer;
}

/** What this file uses of WebAssembly, which the types of Node.js 20 do not declare. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: TurboJpeg };
};

let compiled: object | undefined;
let isMissing = false;

/** Returns undefined if the package is not installed, or WebAssembly cannot be used (`node --jitless`, `ulimit -v`). Then libvips
 * decodes all pictures. */
function newDecompressor(): Decompressor | undefined {
  if (isMissing) return undefined;
  try {
    compiled ??= new WebAssembly.Module(readFileSync(modulePath()));
    const library: TurboJpeg = new WebAssembly.Instance(
      compiled,
      imports(() => library),
    ).exports;
    return new Decompressor(library);
  } catch {
    isMissing = true;
    return undefined;
  }
}

function modulePath(): string {
  return createRequire(import.meta.url).resolve('@cwasm/jpeg-turbo/jpeg-turbo.wasm');
}

/** The functions that the module imports. It calls `longjmp` after an error. It reads the environment, which is empty, and no
 * files. */
function imports(library: () => TurboJpeg): object {
  const refuse = () => {
    throw new Error('libjpeg-turbo: an error, or a call that is not expected');
  };
  const emptyEnvironment = (variables: number, bytes: number) => {
    const view = new DataView(library().memory.buffer);
    for (const pointer of [variables, bytes]) view.setUint32(pointer, 0, true);
    return 0;
  };
  return {
    env: { setjmp: () => 0, longjmp: refuse },
    wasi_snapshot_preview1: {
      ...{ environ_sizes_get: emptyEnvironment, environ_get: () => 0, proc_exit: refuse },
      ...{ fd_close: refuse, fd_seek: refuse, fd_write: refuse },
    },
  };
}
