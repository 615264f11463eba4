/**
 * What differs between the binary interfaces of MPI libraries: how handles are passed, and the values of constants. The three
 * tables cover all libraries in use.
 */

/** An implementation of MPI. Its launcher works only with its own library. MPICH includes its derivatives, such as Intel MPI. */
export type Vendor = 'Open MPI' | 'MPICH';

/** The predefined objects that we use, by their names without `MPI_`. */
export type HandleName = 'COMM_WORLD' | 'FLOAT' | 'BYTE' | 'SUM' | 'ERRORS_RETURN';

export interface Abi {
  readonly name: string;
  /** The C type of handles. */
  readonly handleType: 'int' | 'void *';
  /** A handle is a number, or the address of a variable of the library. */
  readonly handles: Readonly<Record<HandleName, number | string>>;
  /** The addresses that stand for the constants `MPI_IN_PLACE` and `MPI_STATUS_IGNORE`. */
  readonly IN_PLACE: bigint;
  readonly STATUS_IGNORE: bigint;
  readonly THREAD_SERIALIZED: number;
}

/** The standard interface of `libmpi_abi`: MPI 5.0, chapter 20 "Application Binary Interface", and the mpi.h of the MPI Forum
 * (mpi-abi-stubs). Libraries of 2025 swap ERRORS_RETURN and ERRORS_ABORT: their errors end the job. */
export const standardAbi: Abi = {
  name: 'the MPI ABI',
  handleType: 'void *',
  handles: { COMM_WORLD: 0x101, FLOAT: 0x210, BYTE: 0x247, SUM: 0x21, ERRORS_RETURN: 0x143 },
  IN_PLACE: 1n,
  STATUS_IGNORE: 0n,
  THREAD_SERIALIZED: 2048,
};

/** The interfaces that implementations had before. Values are from their `mpi.h`: Open MPI 1.x … 5.x, and MPICH 3.x … 5.x, which
 * share theirs with Intel MPI, MVAPICH and Cray MPI (the MPICH ABI Compatibility Initiative). */
export const vendorAbis: Readonly<Record<Vendor, Abi>> = {
  'Open MPI': {
    name: "Open MPI's own interface",
    handleType: 'void *',
    handles: {
      COMM_WORLD: 'ompi_mpi_comm_world',
      FLOAT: 'ompi_mpi_float',
      BYTE: 'ompi_mpi_byte',
      SUM: 'ompi_mpi_op_sum',
      ERRORS_RETURN: 'ompi_mpi_errors_return',
    },
    IN_PLACE: 1n,
    STATUS_IGNORE: 0n,
    THREAD_SERIALIZED: 2,
  },
  MPICH: {
    name: "MPICH's own interface",
    handleType: 'int',
    handles: {
      COMM_WORLD: 0x44000000,
      FLOAT: 0x4c00040a,
      BYTE: 0x4c00010d,
      SUM: 0x58000003,
      ERRORS_RETURN: 0x54000001,
    },
    IN_PLACE: 2n ** 64n - 1n,
    STATUS_IGNORE: 1n,
    THREAD_SERIALIZED: 2,
  },
};

/** How the version strings of implementations begin. */
const vendorPatterns: readonly (readonly [RegExp, Vendor])[] = [
  [/Open MPI|Spectrum MPI/, 'Open MPI'],
  [/MPICH|MVAPICH|Intel\(R\) MPI|ParaStation/, 'MPICH'],
];

/** Recognizes the implementation from the text that `MPI_Get_library_version` returns. Returns undefined if it is unknown. */
export function vendorOf(version: string): Vendor | undefined {
  return vendorPatterns.find(([pattern]) => pattern.test(version))?.[1];
}

/** The name and version of a library, such as `MPICH 4.0.2`, from the text that `MPI_Get_library_version` returns. */
export function shortVersion(version: string): string {
  const [, name = '', number = ''] =
    /^\s*(\S.*?)\s*(?:Version\s*:|Library\b|\bv(?=\d))\s*v?(\d[\w.]*)/i.exec(version) ?? [];
  return name === '' ? (version.trim().split(/[\n,]/)[0] ?? '') : `${name} ${number}`;
}
