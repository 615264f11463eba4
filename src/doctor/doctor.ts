/**
 * Checks this machine, and whether training works on it. This is a generator of findings that uses neither flags nor the
 * console; `cifar10 doctor` prints the findings.
 */
import { EventQueue } from '../events.ts';
import { version } from '../version.ts';
import { type Capability, capabilitiesOf, instructionSetFinding } from './capabilities.ts';
import { dataFindings, type Finding, folderFinding, machineFindings } from './checks.ts';
import { triedDevices, tryDevice } from './devices.ts';
import { autoFinding, type EngineTrial, triedEngines, tryEngine } from './engines.ts';

export interface DoctorRequest {
  readonly dataDir: string;
  readonly trainDir: string;
}

export type DoctorEvent =
  | ({ readonly kind: 'finding' } & Finding)
  /** The last event: what the engines do well here. */
  | { readonly kind: 'capabilities'; readonly rows: readonly Capability[] }
  /** The current activity, such as `reading the data in /data …`, which precedes the next finding. */
  | { readonly kind: 'busy'; readonly what: string };

/** The size of CIFAR-10 (archive and files), and of a few checkpoints. */
const dataBytes = 400 * 2 ** 20;
const runBytes = 100 * 2 ** 20;

/** Checks everything that training needs. Leaves no files behind. */
export async function* diagnose({
  dataDir,
  trainDir,
}: DoctorRequest): AsyncGenerator<DoctorEvent, void, void> {
  yield found(versionsFinding());
  for (const finding of machineFindings()) yield found(finding);
  yield found(await folderFinding('data folder', dataDir, dataBytes));
  yield found(await folderFinding('train folder', trainDir, runBytes));
  yield { kind: 'busy', what: `reading the data in ${dataDir} …` };
  for (const finding of await dataFindings(dataDir)) yield found(finding);
  yield found(instructionSetFinding());
  const queue = new EventQueue<DoctorEvent>();
  const trials: EngineTrial[] = [];
  for (const tried of triedEngines) {
    const onProgress = (what: string) => queue.push({ kind: 'busy', what });
    const trial = yield* queue.during(tryEngine(tried, onProgress));
    trials.push(trial);
    yield found(trial.finding);
  }
  yield found(autoFinding(trials));
  for (const device of triedDevices) {
    const onProgress = (what: string) => queue.push({ kind: 'busy', what });
    yield found(yield* queue.during(tryDevice(device, onProgress)));
  }
  yield { kind: 'capabilities', rows: capabilitiesOf(trials) };
}

function found(finding: Finding): DoctorEvent {
  return { kind: 'finding', ...finding };
}

function versionsFinding(): Finding {
  const text = `cifar10 ${version}, Node.js ${process.versions.node}, ${process.platform} ${process.arch}`;
  return { verdict: 'ok', subject: 'versions', text };
}
