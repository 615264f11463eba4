/** The generated data set for tests. It is drawn once and then copied. */
import { createHash } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { datasets } from '../data/datasets.ts';
import { ensureSynthetic } from '../data/synthetic/generate.ts';
import { drawRecords } from '../data/synthetic/records.ts';

/** A key that changes when the first images change. */
const key = createHash('sha256')
  .update(drawRecords('train', 0, 20))
  .digest('hex')
  .slice(0, 16);
const cache = fileURLToPath(new URL(`../../node_modules/.cache/cifar10/drawn-${key}/`, import.meta.url));

/** Copies the complete generated set into a data folder. */
export async function copySynthetic(dataDir: string): Promise<void> {
  await ensureSynthetic(cache);
  const { folder } = datasets.synthetic;
  cpSync(join(cache, folder), join(dataDir, folder), { recursive: true });
}

/** The network of the tutorial with few units, for tests that do not depend on its size. A run with it takes half as long. */
export const fewUnits: string = 'cifar10:conv1=8,conv2=8,local3=16,local4=8';

export const smallNetwork: readonly string[] = ['--network', fewUnits];
