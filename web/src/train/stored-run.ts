/** The run that the browser keeps: its pictures, its curves and its checkpoint, in IndexedDB. */
import type { TrainingData } from '../worker/messages.ts';
import type { RunCurves } from './curves.ts';

export interface StoredRun {
  readonly data: TrainingData;
  readonly curves: RunCurves;
  readonly checkpoint: Uint8Array;
}

const [database, store, key] = ['cifar10-train-here', 'runs', 'run'];

export async function loadRun(): Promise<StoredRun | undefined> {
  return (await withStore('readonly', (runs) => runs.get(key))) as StoredRun | undefined;
}

/** @throws Error when the browser has no room */
export async function saveRun(run: StoredRun): Promise<void> {
  await withStore('readwrite', (runs) => runs.put(run, key));
}

export async function forgetRun(): Promise<void> {
  await withStore('readwrite', (runs) => runs.delete(key));
}

async function withStore<T>(
  mode: IDBTransactionMode,
  request: (runs: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(database, 1);
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(store));
  const opened = await settled(opening);
  try {
    const transaction = opened.transaction(store, mode);
    const isComplete = completed(transaction);
    const result = settled(request(transaction.objectStore(store)));
    // A request can succeed and its transaction still fail, for example for lack of room.
    const [value] = await Promise.all([result, isComplete]);
    return value;
  } finally {
    opened.close();
  }
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () => reject(failure(transaction.error)));
  });
}

function failure(error: DOMException | null): Error {
  return new Error(`the browser cannot keep the run: ${error?.message ?? 'unknown reason'}`);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(failure(request.error)));
  });
}
